/** All runs of one integration, newest first. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearchParams } from 'react-router';
import { api } from '../../app/api.ts';
import { pathOfTenant } from '../../app/navigation.ts';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { cut, Outside } from '../../parts/outside.tsx';
import { Pages } from '../../parts/pages.tsx';
import { RunTable } from '../../parts/runs/run-table.tsx';
import { isUnderWay, pathOfIntegration } from '../../parts/runs/run-words.ts';
import { tenantKey, useIntegrationName } from '../../parts/tenant-queries.ts';
import { useMay } from '../../session/session.ts';
import { SchemaChanges } from './schema-changes.tsx';
import { SyncNow } from './sync-now.tsx';
import './syncs.css';

const BUSY_MS = 3_000;
const QUIET_MS = 30_000;
const ON_A_PAGE = 50;

export function SyncsPage() {
  const { tenant = '', integration = '' } = useParams();
  const name = useIntegrationName(tenant, integration);
  const [search] = useSearchParams();
  const before = search.get('before') ?? undefined;
  const may = useMay();
  const runs = useQuery({
    queryKey: [...tenantKey(tenant), 'syncs-of', integration, before],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/syncs', {
        path: { tenant, integration },
        query: { limit: ON_A_PAGE, before },
        signal,
      }),
    refetchInterval: ({ state }) => (state.data?.runs.some(isUnderWay) ? BUSY_MS : QUIET_MS),
  });
  return (
    <>
      <title>{`Syncs of ${cut(name)} · Tenantry`}</title>
      <p className="crumbs">
        <Link to={pathOfTenant(tenant)}>{cut(tenant)}</Link>
      </p>
      <div className="syncs-head">
        <h1>
          Syncs of <Outside text={name} />
        </h1>
        <Link className="button" to={`${pathOfIntegration(tenant, integration)}/preview`}>
          Preview
        </Link>
        {may('sync') && <SyncNow tenant={tenant} integration={integration} />}
      </div>
      <SchemaChanges tenant={tenant} integration={integration} />
      {runs.isPending && <Busy label="Loading the syncs" />}
      {runs.isError && <Failure error={runs.error} onRetry={() => runs.refetch()} />}
      {runs.data &&
        (runs.data.runs.length === 0 ? (
          <p className="card">
            {before === undefined
              ? 'No sync has run yet. The first begins by itself when the integration is connected and has a schedule; or begin one by hand.'
              : 'There is nothing older.'}
          </p>
        ) : (
          <RunTable label={`Syncs of ${cut(name)}`} runs={runs.data.runs} />
        ))}
      {runs.data && <Pages next={runs.data.next} isFirst={before === undefined} />}
    </>
  );
}
