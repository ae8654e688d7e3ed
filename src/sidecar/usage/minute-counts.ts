/** Calls of the current minute: our own since the last write, and what all replicas had written by then. */
import { TenantryError } from '../../errors.ts';
import type { Query } from '../database/database.ts';

/** What one write takes along. */
export interface MinuteBatch {
  /** Milliseconds since 1970. */
  readonly minute: number;
  readonly calls: ReadonlyMap<string, number>;
}

export interface MinuteCounts {
  /** @throws QuotaExceeded with retryAfterSeconds: until the next minute */
  admit(tenant: string, limit: number): void;
  /** Undefined while no tenant with a limit is at work. */
  take(): MinuteBatch | undefined;
  /** Adds the calls of the batch; gives the totals of the minute over all replicas. */
  write(query: Query, batch: MinuteBatch): Promise<ReadonlyMap<string, number>>;
  learn(batch: MinuteBatch, totals: ReadonlyMap<string, number>): void;
  giveBack(batch: MinuteBatch): void;
}

const MINUTE_MS = 60_000;

const ADD = `
  insert into tenantry.usage_minutes as u (tenant, minute, calls)
  select tenant, $2, calls from json_to_recordset($1::json) as r (tenant text, calls bigint) order by tenant
  on conflict (tenant, minute) do update set calls = u.calls + excluded.calls`;

export function createMinuteCounts(now: () => number): MinuteCounts {
  let minute = 0;
  /** Of this process, and not yet taken. */
  let own = new Map<string, number>();
  /** Taken, and on its way. */
  let onTheWay = new Map<string, number>();
  /** Of all replicas, as of the last write. */
  let written: ReadonlyMap<string, number> = new Map();
  /** When a tenant with a limit was last at work here. */
  let lastUsed = Number.NEGATIVE_INFINITY;

  function turn(): void {
    const current = Math.floor(now() / MINUTE_MS) * MINUTE_MS;
    if (current === minute) return;
    minute = current;
    own = new Map();
    onTheWay = new Map();
    written = new Map();
  }

  return {
    admit(tenant, limit) {
      turn();
      lastUsed = now();
      const mine = own.get(tenant) ?? 0;
      const used = mine + (onTheWay.get(tenant) ?? 0) + (written.get(tenant) ?? 0);
      if (used >= limit) {
        const retryAfterSeconds = Math.max(1, Math.ceil((minute + MINUTE_MS - now()) / 1000));
        throw new TenantryError(
          'QuotaExceeded',
          `tenant ${tenant} has made its ${limit} calls of this minute`,
          {
            retryAfterSeconds,
          },
        );
      }
      own.set(tenant, mine + 1);
    },
    take() {
      turn();
      if (now() - lastUsed > MINUTE_MS) return undefined;
      onTheWay = own;
      own = new Map();
      return { minute, calls: onTheWay };
    },
    async write(query, batch) {
      const at = new Date(batch.minute);
      const rows = [...batch.calls].map(([tenant, calls]) => ({ tenant, calls }));
      if (rows.length > 0) await query(ADD, [JSON.stringify(rows), at]);
      const totals = await query<{ tenant: string; calls: number }>(
        'select tenant, calls from tenantry.usage_minutes where minute = $1',
        [at],
      );
      return new Map(totals.map(({ tenant, calls }) => [tenant, Number(calls)]));
    },
    learn(batch, totals) {
      if (batch.minute !== minute) return;
      onTheWay = new Map();
      written = totals;
    },
    giveBack(batch) {
      if (batch.minute !== minute) return;
      onTheWay = new Map();
      for (const [tenant, calls] of batch.calls) own.set(tenant, (own.get(tenant) ?? 0) + calls);
    },
  };
}
