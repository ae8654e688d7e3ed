/** What changed in the form of the source’s data, and the button that takes it as it is now. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import type { Schema } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { Ago } from '../../parts/ago.tsx';
import { Badge } from '../../parts/badge.tsx';
import { messageOf } from '../../parts/failure.tsx';
import { countOf } from '../../parts/figures.ts';
import { Outside } from '../../parts/outside.tsx';
import { ScrollTable } from '../../parts/scroll-table.tsx';
import { tenantKey } from '../../parts/tenant-queries.ts';
import { useMay } from '../../session/session.ts';

type Changes = Schema<'SchemaChanges'>;

const KINDS: Readonly<Record<Changes['changes'][number]['kind'], string>> = {
  stream_added: 'New stream',
  stream_removed: 'Stream is gone',
  field_added: 'New column',
  field_removed: 'Column is gone',
  field_type_changed: 'Column has another type',
};

interface Props {
  readonly tenant: string;
  readonly integration: string;
}

export function SchemaChanges({ tenant, integration }: Props) {
  const found = useQuery({
    queryKey: [...tenantKey(tenant), 'schema-changes', integration],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/schema-changes', {
        path: { tenant, integration },
        signal,
      }),
  });
  // Of no weight where it is not known: the runs say what failed.
  if (!found.data || (found.data.changes.length === 0 && found.data.held === null)) return null;
  const { held, changes } = found.data;
  return (
    <>
      {held && <Held held={held} tenant={tenant} integration={integration} />}
      {changes.length > 0 && (
        <details className="card syncs-changes">
          <summary>{countOf(changes.length, 'change')} of the source’s data</summary>
          <ScrollTable
            label="Changes of the source’s data"
            columns={['Noticed', 'Stream', 'Column', 'Change', 'Effect']}
          >
            {changes.map((change) => (
              <tr key={`${change.noticedAt} ${change.stream} ${change.kind} ${change.field}`}>
                <td>
                  <Ago at={change.noticedAt} />
                </td>
                <td>
                  <Outside text={change.stream} />
                </td>
                <td>{change.field === null ? 'all' : <Outside text={change.field} />}</td>
                <td>{KINDS[change.kind] ?? change.kind}</td>
                <td>{change.isBreaking && <Badge tone="bad">Breaks the sync</Badge>}</td>
              </tr>
            ))}
          </ScrollTable>
        </details>
      )}
    </>
  );
}

function Held({ held, tenant, integration }: Props & { readonly held: NonNullable<Changes['held']> }) {
  const may = useMay();
  const queries = useQueryClient();
  const accepting = useMutation({
    mutationFn: () =>
      api.post('/tenants/{tenant}/integrations/{integration}/schema-changes/accept', {
        path: { tenant, integration },
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
  return (
    <section className="card failure syncs-changes" aria-label="Syncs rest">
      <p>
        <strong>Syncs rest</strong> since <Ago at={held.since} />: <Outside text={held.message} most={400} />
      </p>
      <p>
        <Outside text={held.nextStep} most={400} />
      </p>
      {may('sync') && (
        <Button
          className="button primary"
          onPress={() => accepting.mutate()}
          isDisabled={accepting.isPending}
        >
          Take the data as it is now
        </Button>
      )}
      {accepting.isError && <p role="alert">{messageOf(accepting.error)}</p>}
    </section>
  );
}
