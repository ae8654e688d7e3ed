/** How all is, and what needs a person now. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';

const NEEDS_PEOPLE_MS = 15_000;

export function OverviewPage() {
  const health = useQuery({
    queryKey: ['health', 'unhealthy'],
    queryFn: ({ signal }) => api.get('/admin/tenants/health', { query: { unhealthy: 'true' }, signal }),
    refetchInterval: NEEDS_PEOPLE_MS,
  });
  return (
    <>
      <title>Overview · Tenantry</title>
      <h1>Overview</h1>
      {health.isPending && <Busy label="Loading the overview" />}
      {health.isError && <Failure error={health.error} onRetry={() => health.refetch()} />}
      {health.data && (
        <dl className="figures">
          <Figure name="Tenants" value={health.data.totalTenants} />
          <Figure name="Integrations" value={health.data.totalIntegrations} />
          <Figure name="Healthy" value={health.data.healthy} />
          <Figure name="Need a person" value={health.data.unhealthy} />
        </dl>
      )}
      {health.data && health.data.details.length > 0 && (
        <section aria-labelledby="needs">
          <h2 id="needs">What needs a person now</h2>
          <ul className="list">
            {health.data.details.map(({ tenant, integration, reason }) => (
              <li key={`${tenant}/${integration}`}>
                <strong>
                  {tenant} · {integration}
                </strong>{' '}
                <span>{reason}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value.toLocaleString('en-US')}</dd>
    </div>
  );
}
