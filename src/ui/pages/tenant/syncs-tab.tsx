/** The last syncs of all integrations of a tenant. */
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'react-router';
import { api } from '../../app/api.ts';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Pages } from '../../parts/pages.tsx';
import { RunTable } from '../../parts/runs/run-table.tsx';
import { isUnderWay } from '../../parts/runs/run-words.ts';
import { tenantKey } from '../../parts/tenant-queries.ts';

const BUSY_MS = 3_000;
const QUIET_MS = 30_000;
const ON_A_PAGE = 50;

export function SyncsTab() {
  const { tenant = '' } = useParams();
  const [search] = useSearchParams();
  const before = search.get('before') ?? undefined;
  const runs = useQuery({
    queryKey: [...tenantKey(tenant), 'syncs', before],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/syncs', { path: { tenant }, query: { limit: ON_A_PAGE, before }, signal }),
    refetchInterval: ({ state }) => (state.data?.runs.some(isUnderWay) ? BUSY_MS : QUIET_MS),
  });
  if (runs.isPending) return <Busy label="Loading the syncs" />;
  if (!runs.data) return <Failure error={runs.error} onRetry={() => runs.refetch()} />;
  return (
    <>
      <h2 className="first">Syncs of all integrations</h2>
      {runs.isError && <Failure error={runs.error} onRetry={() => runs.refetch()} />}
      {runs.data.runs.length === 0 ? (
        <p className="card">
          No sync has run yet. The first begins by itself when an integration with a schedule is connected.
        </p>
      ) : (
        <RunTable label="Syncs of all integrations" runs={runs.data.runs} withIntegration />
      )}
      <Pages next={runs.data.next} isFirst={before === undefined} />
    </>
  );
}
