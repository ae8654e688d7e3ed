/** The API keys of a tenant: made, seen once, and revoked. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useParams } from 'react-router';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { Ago } from '../../../parts/ago.tsx';
import { Badge, type Tone } from '../../../parts/badge.tsx';
import { Busy } from '../../../parts/busy.tsx';
import { Confirm } from '../../../parts/confirm.tsx';
import { Failure } from '../../../parts/failure.tsx';
import { useKeepFocus } from '../../../parts/keep-focus.ts';
import { useNow } from '../../../parts/now.ts';
import { cut, Outside } from '../../../parts/outside.tsx';
import { ScrollTable } from '../../../parts/scroll-table.tsx';
import { ShownOnce } from '../../../parts/shown-once.tsx';
import { tenantKey } from '../../../parts/tenant-queries.ts';
import { NewKey } from './new-key.tsx';

type Key = Schema<'ApiKey'>;

export function ApiKeysTab() {
  const { tenant = '' } = useParams();
  const queries = useQueryClient();
  const queryKey = [...tenantKey(tenant), 'api-keys'];
  const keys = useQuery({
    queryKey,
    queryFn: ({ signal }) => api.get('/tenants/{tenant}/api-keys', { path: { tenant }, signal }),
  });
  const [made, setMade] = useState<{ readonly name: string; readonly key: string }>();
  const [told, setTold] = useState('');
  const title = useId();
  const keepsFocus = useKeepFocus<HTMLElement>();
  const revoke = async ({ id, name }: Key): Promise<void> => {
    await api.delete('/tenants/{tenant}/api-keys/{id}', { path: { tenant, id } });
    setTold(`The key ${cut(name)} is revoked.`);
    await queries.invalidateQueries({ queryKey });
  };
  return (
    <section aria-labelledby={title} {...keepsFocus}>
      <h2 id={title} className="first">
        API keys
      </h2>
      {keys.isPending && <Busy label="Loading the API keys" />}
      {keys.isError && <Failure error={keys.error} onRetry={() => keys.refetch()} />}
      {keys.data && (
        <>
          {made ? (
            <ShownOnce
              label={`Key "${cut(made.name)}"`}
              secret={made.key}
              onDone={() => setMade(undefined)}
            />
          ) : (
            <NewKey
              tenant={tenant}
              onMade={(key) => {
                setMade(key);
                void queries.invalidateQueries({ queryKey });
              }}
            />
          )}
          <p role="status" className="quiet told">
            {told}
          </p>
          {keys.data.apiKeys.length === 0 ? (
            <p className="card">This tenant has no key yet.</p>
          ) : (
            <KeyTable keys={keys.data.apiKeys} onRevoke={revoke} />
          )}
        </>
      )}
    </section>
  );
}

interface TableProps {
  readonly keys: readonly Key[];
  readonly onRevoke: (key: Key) => Promise<void>;
}

function KeyTable({ keys, onRevoke }: TableProps) {
  const now = useNow();
  return (
    <ScrollTable
      label="List of API keys"
      columns={['Name', 'Role', 'State', 'Last used', 'Ends', 'Made', '']}
    >
      {keys.map((key) => {
        const { tone, text } = stateOf(key, now);
        return (
          <tr key={key.id}>
            <th scope="row" className="table-wide">
              <Outside text={key.name} />
              <div className="quiet">
                <code>{key.id}</code>
              </div>
            </th>
            <td>{key.role}</td>
            <td>
              <Badge tone={tone}>{text}</Badge>
            </td>
            <td>
              <Ago at={key.lastUsedAt} />
            </td>
            <td>
              <Ago at={key.expiresAt} />
            </td>
            <td>
              <Ago at={key.createdAt} />
            </td>
            <td>
              {tone === 'good' && (
                <Confirm
                  text="Revoke"
                  label={`Revoke: ${cut(key.name)}`}
                  title={`Revoke the key ${cut(key.name)}?`}
                  doIt="Revoke"
                  onConfirm={() => onRevoke(key)}
                >
                  <p>
                    Whatever uses this key is refused at once, and the sessions that were opened with it end.
                    A key that is revoked cannot be brought back; make another one first if it is in use.
                  </p>
                </Confirm>
              )}
            </td>
          </tr>
        );
      })}
    </ScrollTable>
  );
}

function stateOf({ revokedAt, expiresAt }: Key, now: number): { readonly tone: Tone; readonly text: string } {
  if (revokedAt !== null) return { tone: 'quiet', text: 'Revoked' };
  if (expiresAt !== null && Date.parse(expiresAt) <= now) return { tone: 'quiet', text: 'Ended' };
  return { tone: 'good', text: 'In force' };
}
