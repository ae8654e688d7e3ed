/** How all is, and what needs a person now. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { Ago } from '../../parts/ago.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { count } from '../../parts/figures.ts';
import { WaitingToConnect } from '../connect/waiting.tsx';
import { FailingSyncs } from './failing-syncs.tsx';
import { Needs } from './needs.tsx';
import './overview.css';

const REFRESH_MS = 15_000;

export function OverviewPage() {
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => api.get('/admin/overview', { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <>
      <title>Overview · Tenantry</title>
      <h1>Overview</h1>
      {overview.isPending && <Busy label="Loading the overview" />}
      {overview.isError && <Failure error={overview.error} onRetry={() => overview.refetch()} />}
      {overview.data && (
        <>
          <Figures counts={overview.data.counts} />
          <Needs needs={overview.data.needs} total={overview.data.needsTotal} />
          {overview.data.counts.waiting > 0 && <WaitingToConnect />}
          {overview.data.counts.failingSyncs + overview.data.counts.heldSyncs > 0 && <FailingSyncs />}
          <p className="quiet">
            As of <Ago at={overview.data.at} />.
          </p>
        </>
      )}
    </>
  );
}

function Figures({ counts }: { readonly counts: Schema<'Overview'>['counts'] }) {
  return (
    <dl className="figures overview-figures">
      <Figure name="Tenants" value={counts.tenants} to="/tenants" />
      <Figure name="Integrations" value={counts.integrations} />
      <Figure name="Healthy" value={counts.healthy} />
      <Figure
        name="Need a person"
        value={counts.needPerson}
        to="/tenants?state=needsPerson"
        isBad={counts.needPerson > 0}
      />
      <Figure name="Wait for a connect" value={counts.waiting} to="/tenants?state=waiting" />
      <Figure
        name="Syncs failing"
        value={counts.failingSyncs}
        to="/tenants?state=failing"
        isBad={counts.failingSyncs > 0}
      />
      <Figure name="Syncs held up" value={counts.heldSyncs} />
      <Figure name="Syncs today" value={counts.syncsToday} />
      <Figure name="Rows today" value={counts.rowsToday} />
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: number;
  readonly to?: string;
  readonly isBad?: boolean;
}

function Figure({ name, value, to, isBad = false }: FigureProps) {
  return (
    <div data-bad={isBad}>
      <dt>{to === undefined ? name : <Link to={to}>{name}</Link>}</dt>
      <dd>{count(value)}</dd>
    </div>
  );
}
