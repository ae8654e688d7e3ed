/** A delivery as the tables keep it: what it needs for a try, and what is written down after one. */
import type { CallOptions } from '../../clients/http.ts';
import type { SidecarContext } from '../context.ts';
import { pauseAfter } from './tries.ts';

export interface Delivery extends Record<string, unknown> {
  readonly id: string;
  readonly tenant: string;
  readonly attempts: number;
  readonly give_up_at: Date;
  readonly endpoint: string;
  readonly url: string;
  /** Transit cipher text, as `headers` and `body`. */
  readonly secret: string;
  readonly failures: number;
  readonly paused_until: Date | null;
  readonly disabled_at: Date | null;
  readonly event: string;
  readonly integration: string;
  readonly source: 'provider' | 'tenantry';
  readonly event_type: string | null;
  readonly content_type: string | null;
  readonly headers: string | null;
  readonly body: string;
  readonly received_at: Date;
}

type Part = Pick<SidecarContext, 'database' | 'now'>;

/** Undefined when there is nothing to do any more. */
export async function readDelivery(
  { database }: Part,
  tenant: string,
  id: string,
  options: CallOptions,
): Promise<Delivery | undefined> {
  const [found] = await database.asTenant(
    tenant,
    (query) =>
      query<Delivery>(
        `select d.id, d.tenant, d.attempts, d.give_up_at,
                p.id as endpoint, p.url, p.secret, p.failures, p.paused_until, p.disabled_at,
                e.id as event, e.integration, e.source, e.event_type, e.content_type, e.headers, e.body, e.received_at
           from tenantry.webhook_deliveries d
           join tenantry.webhook_endpoints p on p.id = d.endpoint
           join tenantry.webhook_events e on e.id = d.event
          where d.id = $1 and d.status = 'pending'`,
        [id],
      ),
    options,
  );
  return found;
}

export async function saveDelivered(
  { database, now }: Part,
  delivery: Delivery,
  status: number,
): Promise<void> {
  await database.asTenant(delivery.tenant, async (query) => {
    await query(
      `update tenantry.webhook_deliveries set status = 'delivered', attempts = attempts + 1, last_status = $2,
         last_error = null, delivered_at = to_timestamp($3) where id = $1`,
      [delivery.id, status, now() / 1000],
    );
    await query(
      `update tenantry.webhook_endpoints set failures = 0, paused_until = null where id = $1 and failures > 0`,
      [delivery.endpoint],
    );
  });
}

export interface Failure {
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  readonly error: string;
  /** Milliseconds since 1970; undefined: it was the last try. */
  readonly nextAt: number | undefined;
  /** The endpoint said that it is gone for good. */
  readonly isGone: boolean;
}

export async function saveFailed(
  { database, now }: Part,
  delivery: Delivery,
  { status, error, nextAt, isGone }: Failure,
): Promise<void> {
  const pause = pauseAfter(delivery.failures + 1);
  await database.asTenant(delivery.tenant, async (query) => {
    await query(
      `update tenantry.webhook_deliveries set status = $2, attempts = attempts + 1, last_status = $3,
         last_error = $4, next_attempt_at = to_timestamp($5) where id = $1 and status = 'pending'`,
      [
        delivery.id,
        nextAt === undefined ? 'dead' : 'pending',
        status ?? null,
        error,
        (nextAt ?? now()) / 1000,
      ],
    );
    await query(
      `update tenantry.webhook_endpoints set failures = failures + 1, paused_until = to_timestamp($2),
         disabled_at = coalesce(disabled_at, to_timestamp($3)) where id = $1`,
      [delivery.endpoint, pause > 0 ? (now() + pause) / 1000 : null, isGone ? now() / 1000 : null],
    );
  });
}

/** Not a try: it only waits for its turn, or its time has passed while it waited. */
export async function saveWaiting(
  { database }: Part,
  delivery: Delivery,
  { at, dead }: { readonly at: number; readonly dead?: string | undefined },
): Promise<void> {
  await database.asTenant(delivery.tenant, (query) =>
    query(
      `update tenantry.webhook_deliveries set status = $2, next_attempt_at = to_timestamp($3),
         last_error = coalesce($4, last_error) where id = $1 and status = 'pending'`,
      [delivery.id, dead === undefined ? 'pending' : 'dead', at / 1000, dead ?? null],
    ),
  );
}
