/** From a service of the catalog to connecting it, for one of the caller's tenants. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../app/api.ts';
import { pathOfConnect } from '../../app/navigation.ts';
import { Choice } from '../../parts/choice.tsx';
import { messageOf } from '../../parts/failure.tsx';
import { cut } from '../../parts/outside.tsx';
import { integrationsQuery } from '../../parts/tenant-queries.ts';

/** More are found by searching, on a page of their own. */
const MOST = 200;

export function ConnectFor({ integration, name }: { readonly integration: string; readonly name: string }) {
  const [chosen, setChosen] = useState<string>();
  const tenants = useQuery({
    queryKey: ['tenants', 'to-connect'],
    queryFn: ({ signal }) => api.get('/tenants', { query: { limit: MOST }, signal }),
  });
  const tenant = chosen ?? tenants.data?.tenants[0]?.name;
  const integrations = useQuery({
    ...integrationsQuery(tenant ?? ''),
    enabled: tenant !== undefined,
  });
  if (tenants.isError) return <p className="quiet">{messageOf(tenants.error)}</p>;
  if (!tenants.data || tenant === undefined) return null;
  const found = integrations.data?.integrations.find((each) => each.integration === integration);
  const isConnected = found?.status === 'active' || found?.status === 'expired';
  return (
    <section className="card catalog-connect" aria-label={`Connect ${name}`}>
      {tenants.data.tenants.length > 1 && (
        <Choice
          label="Tenant"
          value={tenant}
          options={tenants.data.tenants.map((each) => ({
            value: each.name,
            text: cut(each.displayName ?? each.name),
          }))}
          onChange={setChosen}
        />
      )}
      {found && (
        <Link className={isConnected ? 'button' : 'button primary'} to={pathOfConnect(tenant, integration)}>
          {isConnected ? `Connect ${name} again` : `Connect ${name}`}
        </Link>
      )}
      <span role="status" className="quiet">
        {integrations.isPending && 'Looking …'}
        {integrations.isError && messageOf(integrations.error)}
        {integrations.data &&
          !found &&
          `No document connects ${tenant} to ${name} yet: add the one below first.`}
        {found && isConnected && `${tenant} is connected.`}
      </span>
      {tenants.data.next !== null && (
        <p className="quiet">
          These are the first {MOST} tenants; <Link to="/tenants">search for another</Link>.
        </p>
      )}
    </section>
  );
}
