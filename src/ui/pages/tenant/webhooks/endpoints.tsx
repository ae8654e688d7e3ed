/** Endpoints that get a tenant’s events. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { Ago } from '../../../parts/ago.tsx';
import { Badge } from '../../../parts/badge.tsx';
import { Busy } from '../../../parts/busy.tsx';
import { Confirm } from '../../../parts/confirm.tsx';
import { Failure } from '../../../parts/failure.tsx';
import { useKeepFocus } from '../../../parts/keep-focus.ts';
import { useNow } from '../../../parts/now.ts';
import { cut, Outside } from '../../../parts/outside.tsx';
import { ScrollTable } from '../../../parts/scroll-table.tsx';
import { ShownOnce } from '../../../parts/shown-once.tsx';
import { tenantKey } from '../../../parts/tenant-queries.ts';
import { NewEndpoint } from './new-endpoint.tsx';

type Endpoint = Schema<'WebhookEndpoint'>;

export function Endpoints({ tenant }: { readonly tenant: string }) {
  const queries = useQueryClient();
  const queryKey = [...tenantKey(tenant), 'webhook-endpoints'];
  const endpoints = useQuery({
    queryKey,
    queryFn: ({ signal }) => api.get('/tenants/{tenant}/webhook-endpoints', { path: { tenant }, signal }),
  });
  const [secret, setSecret] = useState<string>();
  const [told, setTold] = useState('');
  const title = useId();
  const keepsFocus = useKeepFocus<HTMLElement>();
  const remove = async ({ id }: Endpoint): Promise<void> => {
    await api.delete('/tenants/{tenant}/webhook-endpoints/{id}', { path: { tenant, id } });
    setTold('The endpoint is deleted.');
    await queries.invalidateQueries({ queryKey: tenantKey(tenant) });
  };
  return (
    <section aria-labelledby={title} {...keepsFocus}>
      <h2 id={title} className="first">
        Endpoints
      </h2>
      {endpoints.isPending && <Busy label="Loading the endpoints" />}
      {endpoints.isError && <Failure error={endpoints.error} onRetry={() => endpoints.refetch()} />}
      {endpoints.data && (
        <>
          {secret !== undefined ? (
            <ShownOnce label="Signing secret" secret={secret} onDone={() => setSecret(undefined)} />
          ) : (
            <NewEndpoint
              tenant={tenant}
              onMade={(made) => {
                setSecret(made.secret);
                void queries.invalidateQueries({ queryKey });
              }}
            />
          )}
          <p role="status" className="quiet told">
            {told}
          </p>
          {endpoints.data.endpoints.length === 0 ? (
            <p className="card">No endpoint yet: nothing is sent.</p>
          ) : (
            <EndpointTable endpoints={endpoints.data.endpoints} onRemove={remove} />
          )}
        </>
      )}
    </section>
  );
}

interface TableProps {
  readonly endpoints: readonly Endpoint[];
  readonly onRemove: (endpoint: Endpoint) => Promise<void>;
}

function EndpointTable({ endpoints, onRemove }: TableProps) {
  return (
    <ScrollTable label="List of endpoints" columns={['Address', 'State', 'Events of', 'Made', '']}>
      {endpoints.map((endpoint) => (
        <tr key={endpoint.id}>
          <th scope="row" className="table-wide">
            <Outside text={endpoint.url} most={200} />
          </th>
          <td>
            <State endpoint={endpoint} />
          </td>
          <td>
            {endpoint.integrations.length === 0 ? (
              'all integrations'
            ) : (
              <Outside text={endpoint.integrations.join(', ')} most={200} />
            )}
          </td>
          <td>
            <Ago at={endpoint.createdAt} />
          </td>
          <td>
            <Confirm
              text="Delete"
              label={`Delete: ${cut(endpoint.url)}`}
              title="Delete the endpoint?"
              doIt="Delete"
              onConfirm={() => onRemove(endpoint)}
            >
              <p>
                Nothing is sent to {cut(endpoint.url, 200)} any more, and what waits to be sent there is lost.
              </p>
            </Confirm>
          </td>
        </tr>
      ))}
    </ScrollTable>
  );
}

function State({ endpoint: { disabledAt, pausedUntil } }: { readonly endpoint: Endpoint }) {
  const now = useNow();
  if (disabledAt !== null) {
    return (
      <>
        <Badge tone="bad">Off</Badge>
        <div className="quiet">It answered that it is gone (410). Delete it and make another.</div>
      </>
    );
  }
  if (pausedUntil !== null && Date.parse(pausedUntil) > now) {
    return (
      <>
        <Badge tone="warn">Paused</Badge>
        <div className="quiet">
          It failed several times; the next try is <Ago at={pausedUntil} />.
        </div>
      </>
    );
  }
  return <Badge tone="good">On</Badge>;
}
