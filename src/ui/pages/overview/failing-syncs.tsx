/** Integrations whose syncs fail or are held up, those that failed most often first. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api } from '../../app/api.ts';
import { pathOfTenant } from '../../app/navigation.ts';
import { Ago } from '../../parts/ago.tsx';
import { Failure } from '../../parts/failure.tsx';
import { count } from '../../parts/figures.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import { pathOfSyncs } from '../../parts/runs/run-words.ts';
import { ScrollTable } from '../../parts/scroll-table.tsx';

const REFRESH_MS = 30_000;
const MOST = 20;

export function FailingSyncs() {
  const failing = useQuery({
    queryKey: ['failing-syncs'],
    queryFn: ({ signal }) => api.get('/admin/syncs', { query: { limit: MOST }, signal }),
    refetchInterval: REFRESH_MS,
  });
  if (failing.isError) return <Failure error={failing.error} onRetry={() => failing.refetch()} />;
  if (!failing.data || failing.data.syncs.length === 0) return null;
  return (
    <section>
      <h2>Syncs that fail or are held up</h2>
      <ScrollTable
        label="Syncs that fail or are held up"
        columns={['Tenant', 'Integration', { name: 'Failures in a row', isFigure: true }, 'Why', 'Next']}
      >
        {failing.data.syncs.map(({ tenant, integration, consecutiveFailures, last, held, nextAt }) => (
          <tr key={`${tenant} ${integration}`}>
            <td>
              <Link to={pathOfTenant(tenant)}>{cut(tenant)}</Link>
            </td>
            <td>
              <Link
                to={pathOfSyncs(tenant, integration)}
                aria-label={`Syncs of ${cut(integration)} of ${cut(tenant)}`}
              >
                {cut(integration)}
              </Link>
            </td>
            <td className="table-figure">{count(consecutiveFailures)}</td>
            <td className="table-wide">
              <Outside text={held?.message ?? last?.error?.message ?? 'not known'} most={200} />
            </td>
            <td>
              <Ago at={nextAt} none="not planned" />
            </td>
          </tr>
        ))}
      </ScrollTable>
    </section>
  );
}
