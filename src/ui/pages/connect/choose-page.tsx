/** Chooses which of a tenant's integrations to connect; those that wait for a person come first. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { pathOfConnect, pathOfTenant } from '../../app/navigation.ts';
import { Badge } from '../../parts/badge.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Outside } from '../../parts/outside.tsx';
import { integrationsQuery } from '../../parts/tenant-queries.ts';
import './connect.css';

export function ChoosePage() {
  const { tenant = '' } = useParams();
  const list = useQuery(integrationsQuery(tenant));
  const waiting = (list.data?.integrations ?? []).toSorted(
    (one, other) =>
      Number(isConnected(one)) - Number(isConnected(other)) || one.name.localeCompare(other.name),
  );
  return (
    <div className="connect">
      <title>{`Connect · ${tenant} · Tenantry`}</title>
      <p className="quiet">
        <Link to={pathOfTenant(tenant)}>{tenant}</Link>
      </p>
      <h1>What do you want to connect?</h1>
      {list.isPending && <Busy label="Loading the integrations" />}
      {list.isError && <Failure error={list.error} onRetry={() => list.refetch()} />}
      {list.data && waiting.length === 0 && (
        <p>
          No document names an integration of {tenant} yet. Add a TenantIntegration, then come back: the{' '}
          <Link to="/catalog">catalog</Link> shows what there is.
        </p>
      )}
      <ul className="list">
        {waiting.map((each) => (
          <li key={each.integration} className="connect-choice">
            <Link to={pathOfConnect(tenant, each.integration)}>
              <Outside text={each.name} />
            </Link>
            <Badge tone={isConnected(each) ? 'good' : 'warn'}>
              {isConnected(each) ? 'Connected' : 'Not connected'}
            </Badge>
          </li>
        ))}
      </ul>
    </div>
  );
}

function isConnected({
  status,
  missingScopes,
}: {
  readonly status: string;
  readonly missingScopes: string[];
}) {
  return (status === 'active' || status === 'expired') && missingScopes.length === 0;
}
