/** What was never connected, each with the way into the wizard: the shortest way from the first page to rows. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { pathOfConnect } from '../../app/navigation.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import { integrationsQuery } from '../../parts/tenant-queries.ts';
import './connect.css';

const TENANTS = 5;
const MOST = 8;
const REFRESH_MS = 15_000;

export function WaitingToConnect() {
  const tenants = useQuery({
    queryKey: ['tenants', 'waiting'],
    queryFn: ({ signal }) => api.get('/tenants', { query: { state: 'waiting', limit: TENANTS }, signal }),
    refetchInterval: REFRESH_MS,
  });
  const found = useQueries({
    queries: (tenants.data?.tenants ?? []).map(({ name, displayName }) => ({
      ...integrationsQuery(name),
      select: (answer: Schema<'Integrations'>) =>
        answer.integrations
          .filter(({ status }) => status === 'missing' || status === 'revoked')
          .map((each) => ({ ...each, tenant: name, tenantName: displayName ?? name })),
    })),
  });
  const waiting = found.flatMap(({ data }) => data ?? []);
  if (waiting.length === 0) return null;
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waiting for a person to connect</h2>
      <ul className="list">
        {waiting.slice(0, MOST).map(({ tenant, tenantName, integration, name }) => (
          <li key={`${tenant}/${integration}`} className="connect-choice">
            <strong>
              <Outside text={tenantName} /> · <Outside text={name} />
            </strong>
            <Link
              to={pathOfConnect(tenant, integration)}
              aria-label={`Connect ${cut(name)} for ${cut(tenantName)}`}
            >
              Connect
            </Link>
          </li>
        ))}
      </ul>
      {(waiting.length > MOST || tenants.data?.next != null) && (
        <p className="quiet">
          There are more: <Link to="/tenants?state=waiting">see the tenants</Link>.
        </p>
      )}
    </section>
  );
}
