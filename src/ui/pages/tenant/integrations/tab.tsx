/** The integrations of a tenant: how each is, and what can be done. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { Busy } from '../../../parts/busy.tsx';
import { Failure } from '../../../parts/failure.tsx';
import { installationsQuery, integrationsQuery, syncStatesQuery } from '../../../parts/tenant-queries.ts';
import { IntegrationCard } from './card.tsx';

export function IntegrationsTab() {
  const { tenant = '' } = useParams();
  const integrations = useQuery(integrationsQuery(tenant));
  const states = useQuery(syncStatesQuery(tenant));
  const installations = useQuery(installationsQuery(tenant));
  if (integrations.isPending) return <Busy label="Loading the integrations" />;
  if (integrations.isError && !integrations.data) {
    return <Failure error={integrations.error} onRetry={() => integrations.refetch()} />;
  }
  const list = integrations.data.integrations;
  return (
    <>
      {integrations.isError && <Failure error={integrations.error} onRetry={() => integrations.refetch()} />}
      {states.isError && <Failure error={states.error} onRetry={() => states.refetch()} />}
      {list.length === 0 && (
        <p className="card">
          This tenant has no integration yet: each is a document of kind TenantIntegration in the platform’s
          repository.
        </p>
      )}
      <ul className="list" aria-label="Integrations">
        {list.map((integration) => (
          <IntegrationCard
            key={integration.integration}
            tenant={tenant}
            integration={integration}
            sync={states.data?.syncs.find((each) => each.integration === integration.integration)}
            installation={installations.data?.installations.find(
              ({ platform, status }) => platform === integration.integration && status !== 'revoked',
            )}
          />
        ))}
      </ul>
    </>
  );
}
