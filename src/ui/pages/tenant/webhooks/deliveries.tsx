/** Messages to the endpoints: which arrived, which wait, which were given up. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import { useSearchParams } from 'react-router';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { Ago } from '../../../parts/ago.tsx';
import { Badge, type Tone } from '../../../parts/badge.tsx';
import { Busy } from '../../../parts/busy.tsx';
import { Choice } from '../../../parts/choice.tsx';
import { Failure, messageOf } from '../../../parts/failure.tsx';
import { cut, Outside } from '../../../parts/outside.tsx';
import { Pages } from '../../../parts/pages.tsx';
import { ScrollTable } from '../../../parts/scroll-table.tsx';
import { tenantKey } from '../../../parts/tenant-queries.ts';
import { useMay } from '../../../session/session.ts';

type Delivery = Schema<'WebhookDelivery'>;

const REFRESH_MS = 15_000;
const ON_A_PAGE = 50;

const STATES: Readonly<Record<Delivery['status'], readonly [Tone, string]>> = {
  delivered: ['good', 'Delivered'],
  pending: ['warn', 'Waiting'],
  dead: ['bad', 'Given up'],
};

const FILTERS = [
  { value: '', text: 'All' },
  { value: 'delivered', text: 'Delivered' },
  { value: 'pending', text: 'Waiting' },
  { value: 'dead', text: 'Given up' },
] as const;

export function Deliveries({ tenant }: { readonly tenant: string }) {
  const [search, setSearch] = useSearchParams();
  const status = FILTERS.find(({ value }) => value === search.get('status'))?.value ?? '';
  const before = search.get('before') ?? undefined;
  const found = useQuery({
    queryKey: [...tenantKey(tenant), 'webhook-deliveries', status, before],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/webhook-deliveries', {
        path: { tenant },
        query: { limit: ON_A_PAGE, before, ...(status !== '' && { status }) },
        signal,
      }),
    refetchInterval: REFRESH_MS,
  });
  const list = found.data?.deliveries ?? [];
  return (
    <>
      <h2>Deliveries</h2>
      <div className="tenant-row">
        <Choice
          label="State"
          value={status}
          options={FILTERS}
          onChange={(value) => setSearch(value === '' ? {} : { status: value })}
        />
      </div>
      {found.isPending && <Busy label="Loading the deliveries" />}
      {found.isError && <Failure error={found.error} onRetry={() => found.refetch()} />}
      {found.data && list.length === 0 && <p className="card">Nothing was sent yet.</p>}
      {list.length > 0 && (
        <ScrollTable
          label="Deliveries"
          columns={['Made', 'Event', 'State', { name: 'Tries', isFigure: true }, 'Last answer', '']}
        >
          {list.map((delivery) => (
            <Row key={delivery.id} tenant={tenant} delivery={delivery} />
          ))}
        </ScrollTable>
      )}
      <Pages
        next={list.length === ON_A_PAGE ? (list.at(-1)?.createdAt ?? null) : null}
        isFirst={before === undefined}
      />
    </>
  );
}

function Row({ tenant, delivery }: { readonly tenant: string; readonly delivery: Delivery }) {
  const may = useMay();
  const [tone, text] = STATES[delivery.status] ?? (['quiet', delivery.status] as const);
  return (
    <tr>
      <td>
        <Ago at={delivery.createdAt} />
      </td>
      <td className="table-wide">
        <Outside text={delivery.type ?? 'event'} /> <span className="quiet">of</span>{' '}
        <Outside text={delivery.integration} />
        <div className="quiet">
          <code>{cut(delivery.event)}</code>
        </div>
      </td>
      <td>
        <Badge tone={tone}>{text}</Badge>
        {delivery.nextAttemptAt !== null && (
          <div className="quiet">
            next try <Ago at={delivery.nextAttemptAt} />
          </div>
        )}
      </td>
      <td className="table-figure">{delivery.attempts}</td>
      <td className="table-wide">
        {delivery.lastStatus ?? ''}{' '}
        {delivery.lastError !== null && <Outside text={delivery.lastError} most={200} />}
      </td>
      <td>
        {may('manage') && delivery.status !== 'delivered' && <Retry tenant={tenant} id={delivery.id} />}
      </td>
    </tr>
  );
}

function Retry({ tenant, id }: { readonly tenant: string; readonly id: string }) {
  const queries = useQueryClient();
  const retrying = useMutation({
    mutationFn: () => api.post('/tenants/{tenant}/webhook-deliveries/{id}/retry', { path: { tenant, id } }),
    onSettled: () => queries.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
  return (
    <>
      <Button
        className="button"
        aria-label={`Send again: ${id}`}
        onPress={() => retrying.mutate()}
        isDisabled={retrying.isPending}
      >
        Send again
      </Button>
      <span role="status">{retrying.isSuccess && 'It is sent again now.'}</span>
      {retrying.isError && <p role="alert">{messageOf(retrying.error)}</p>}
    </>
  );
}
