/** Takes an event in: once, encrypted, together with its deliveries to the tenant's endpoints. */
import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../../clients/http.ts';
import type { SidecarContext } from '../context.ts';
import type { Query } from '../database/database.ts';
import { encryptAll } from './ciphertext.ts';
import { ACT_TASK, DELIVER_TASK, deliveryJob } from './tasks.ts';

export interface NewEvent {
  readonly tenant: string;
  readonly integration: string;
  readonly source: 'provider' | 'tenantry';
  /** Unique for the tenant and integration: the same id again is a replay. */
  readonly externalId: string;
  readonly signatureHash?: Buffer | undefined;
  readonly type?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** What it does to an installation. */
  readonly action?:
    | { readonly does: 'revoke' | 'suspend' | 'resume'; readonly installation: string }
    | undefined;
}

/** Deliveries that may wait for one endpoint; more are dead at once, and can be sent again by hand. */
const MOST_WAITING = 10_000;

/**
 * Resolves when the event is on disk; what happens next can then no longer be lost.
 * @returns false for a replay: nothing was done
 */
export async function takeIn(
  context: SidecarContext,
  event: NewEvent,
  options: CallOptions = {},
): Promise<boolean> {
  const { database, vault, queue, log } = context;
  const { tenant } = event;
  const values = [event.body, JSON.stringify(event.headers)];
  const [body = '', headers = ''] = await encryptAll(vault, tenant, values, options);
  const taken = await database.asTenant(
    tenant,
    (query) => insertAll(query, event, { body, headers, now: context.now() }),
    options,
  );
  if (taken === undefined) return false;
  try {
    if (event.action)
      await queue.add(ACT_TASK, { tenant, event: taken.id }, { key: `${ACT_TASK}:${taken.id}` });
    await queue.addMany(
      DELIVER_TASK,
      taken.deliveries.map((id) => deliveryJob(tenant, id)),
    );
  } catch (error) {
    // The rows are there, and the sweep finds those without a job.
    log.warn({ err: error, tenant, event: taken.id }, 'the jobs of an event were not queued');
  }
  return true;
}

async function insertAll(
  query: Query,
  event: NewEvent,
  { body, headers, now }: { readonly body: string; readonly headers: string; readonly now: number },
): Promise<{ id: string; deliveries: string[] } | undefined> {
  const { tenant, integration } = event;
  const [row] = await query<{ id: string }>(
    `insert into tenantry.webhook_events
       (tenant, integration, source, external_id, signature_hash, event_type, content_type, headers, body, received_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10))
     on conflict do nothing returning id`,
    [
      tenant,
      integration,
      event.source,
      event.externalId,
      event.signatureHash ?? null,
      event.type ?? null,
      event.contentType ?? null,
      headers,
      body,
      now / 1000,
    ],
  );
  if (row === undefined) return undefined;
  const { id } = row;
  const deliveries = await query<{ id: string; status: string }>(
    `insert into tenantry.webhook_deliveries
       (tenant, event, endpoint, status, last_error, created_at, next_attempt_at, give_up_at)
     select $1::text, $2::uuid, e.id, case when waiting.many then 'dead' else 'pending' end,
            case when waiting.many then 'too many deliveries wait for this endpoint' end,
            to_timestamp($4), to_timestamp($4), to_timestamp($4) + interval '1 day'
       from tenantry.webhook_endpoints e,
            lateral (select exists (select 1 from tenantry.webhook_deliveries d
                       where d.tenant = $1 and d.endpoint = e.id and d.status = 'pending'
                       offset ${MOST_WAITING - 1}) as many) waiting
      where e.tenant = $1 and e.disabled_at is null and (e.integrations = '{}' or $3 = any (e.integrations))
     returning id, status`,
    [tenant, id, integration, now / 1000],
  );
  if (event.action) {
    await query(
      `insert into tenantry.webhook_actions (tenant, event, installation, action, created_at)
       values ($1, $2, $3, $4, to_timestamp($5))`,
      [tenant, id, event.action.installation, event.action.does, now / 1000],
    );
  }
  return {
    id,
    deliveries: deliveries.filter(({ status }) => status === 'pending').map((delivery) => delivery.id),
  };
}

/** Something that Tenantry itself tells a tenant's endpoints. */
export interface OwnEvent {
  readonly tenant: string;
  readonly integration: string;
  readonly type:
    | 'integration.connected'
    | 'integration.needs_reauthorization'
    | 'integration.revoked'
    | 'integration.suspended'
    | 'integration.resumed'
    | 'sync.failed'
    | 'sync.recovered'
    | 'schema.changed'
    | (`integration.${string}` & {});
  /** JSON without secrets. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The same event twice has the same id and goes out once. Default: a new one. */
  readonly id?: string;
}

/**
 * Tells the tenant's endpoints, in the same way as a provider's events. Resolves when it is on disk.
 * @throws VaultUnreachable, PostgresUnreachable …: nothing was taken in then
 */
export async function emitEvent(
  context: SidecarContext,
  { tenant, integration, type, data, id }: OwnEvent,
  options: CallOptions = {},
): Promise<void> {
  const event: NewEvent = {
    tenant,
    integration,
    source: 'tenantry',
    // No provider's id can be of this form by chance; an id of ours never meets one of theirs.
    externalId: `tenantry:${type}:${id ?? randomUUID()}`,
    type,
    headers: {},
    body: JSON.stringify(data),
  };
  await takeIn(context, event, options);
}
