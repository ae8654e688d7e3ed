/** One run: how it goes while it goes, how it ended, and its log. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { pathOfTenant } from '../../app/navigation.ts';
import { Ago } from '../../parts/ago.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { bytes, count, duration } from '../../parts/figures.ts';
import { useNow } from '../../parts/now.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import {
  isUnderWay,
  lengthOf,
  pathOfSyncs,
  type Run,
  statusOf,
  triggerOf,
} from '../../parts/runs/run-words.ts';
import { useIntegrationName } from '../../parts/tenant-queries.ts';
import { useMay } from '../../session/session.ts';
import { Cancel } from './cancel.tsx';
import { runQuery } from './queries.ts';
import { RunFailure } from './run-failure.tsx';
import { RunLog } from './run-log.tsx';
import { SyncNow } from './sync-now.tsx';
import { useLiveRun } from './use-live-run.ts';
import './syncs.css';

export function RunPage() {
  const { tenant = '', integration = '', id = '' } = useParams();
  const place = { tenant, integration, id };
  const name = useIntegrationName(tenant, integration);
  const run = useQuery(runQuery(place));
  const live = useLiveRun(place, run.data);
  return (
    <>
      <title>{`Sync of ${cut(name)} · Tenantry`}</title>
      <p className="crumbs">
        <Link to={pathOfTenant(tenant)}>{cut(tenant)}</Link> ·{' '}
        <Link to={pathOfSyncs(tenant, integration)}>Syncs of {cut(name)}</Link>
      </p>
      <div className="syncs-head">
        <h1>
          Sync of <Outside text={name} />
        </h1>
        {run.data && <Head run={run.data} name={name} />}
      </div>
      {run.isPending && <Busy label="Loading the sync" />}
      {run.isError && <Failure error={run.error} onRetry={() => run.refetch()} />}
      {run.data && (
        <>
          {live.error !== undefined && <Failure error={live.error} onRetry={live.retry} />}
          <Figures run={run.data} />
          {run.data.error && <RunFailure run={run.data} error={run.data.error} />}
          <RunLog place={place} run={run.data} />
        </>
      )}
    </>
  );
}

/** How it is, and what can be done with it. */
function Head({ run, name }: { readonly run: Run; readonly name: string }) {
  const may = useMay();
  const { tone, text } = statusOf(run);
  return (
    <>
      <span role="status">
        <Badge tone={tone}>{text}</Badge>
      </span>
      {may('sync') &&
        (isUnderWay(run) ? (
          <Cancel run={run} name={name} />
        ) : (
          <SyncNow tenant={run.tenant} integration={run.integration} />
        ))}
    </>
  );
}

function Figures({ run }: { readonly run: Run }) {
  const length = lengthOf(run, useNow());
  return (
    <dl className="figures">
      <div>
        <dt>{isUnderWay(run) ? 'Rows so far' : 'Rows'}</dt>
        <dd>{run.rows === null ? '–' : count(run.rows)}</dd>
      </div>
      <div>
        <dt>Data</dt>
        <dd>{run.bytes === null ? '–' : bytes(run.bytes)}</dd>
      </div>
      <div>
        <dt>{isUnderWay(run) ? 'Runs for' : 'Took'}</dt>
        <dd>{length === undefined ? '–' : duration(length)}</dd>
      </div>
      <div>
        <dt>Begun</dt>
        <dd className="syncs-words">
          <Ago at={run.startedAt} none="not yet" />
        </dd>
      </div>
      <div>
        <dt>Why it ran</dt>
        <dd className="syncs-words">{triggerOf(run)}</dd>
      </div>
    </dl>
  );
}
