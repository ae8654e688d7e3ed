/** What tenants have used by day and integration since the last write. */
import type { Query } from '../database/database.ts';
import type { Used } from './usage.ts';

interface DayCount {
  readonly tenant: string;
  readonly integration: string;
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  calls: number;
  errors: number;
  bytes_in: number;
  bytes_out: number;
}

const DAY_MS = 86_400_000;

export type DayBatch = ReadonlyMap<string, DayCount>;

export interface DayCounts {
  count(used: Used): void;
  /** Undefined when nothing was used. */
  take(): DayBatch | undefined;
  write(query: Query, batch: DayBatch): Promise<void>;
  giveBack(batch: DayBatch): void;
}

/** In the order of the key, so that two replicas never wait for each other. */
const ADD = `
  insert into tenantry.usage_days as u (tenant, integration, day, calls, errors, bytes_in, bytes_out)
  select tenant, integration, day, calls, errors, bytes_in, bytes_out from json_to_recordset($1::json) as r
    (tenant text, integration text, day date, calls bigint, errors bigint, bytes_in bigint, bytes_out bigint)
  order by tenant, integration, day
  on conflict (tenant, integration, day) do update set
    calls = u.calls + excluded.calls, errors = u.errors + excluded.errors,
    bytes_in = u.bytes_in + excluded.bytes_in, bytes_out = u.bytes_out + excluded.bytes_out`;

export function createDayCounts(now: () => number): DayCounts {
  let counts = new Map<string, DayCount>();
  let today = { begins: 0, name: '' };

  function dayOf(at: number): string {
    const begins = at - (at % DAY_MS);
    if (begins !== today.begins) today = { begins, name: new Date(begins).toISOString().slice(0, 10) };
    return today.name;
  }

  function add(more: DayCount): void {
    // Names of documents have no space.
    const key = `${more.tenant} ${more.integration} ${more.day}`;
    const count = counts.get(key);
    if (count === undefined) {
      counts.set(key, { ...more });
      return;
    }
    count.calls += more.calls;
    count.errors += more.errors;
    count.bytes_in += more.bytes_in;
    count.bytes_out += more.bytes_out;
  }

  return {
    count({ tenant, integration, calls = 0, errors = 0, bytesIn = 0, bytesOut = 0 }) {
      const day = dayOf(now());
      add({ tenant, integration, day, calls, errors, bytes_in: bytesIn, bytes_out: bytesOut });
    },
    take() {
      if (counts.size === 0) return undefined;
      const taken = counts;
      counts = new Map();
      return taken;
    },
    async write(query, batch) {
      await query(ADD, [JSON.stringify([...batch.values()])]);
    },
    giveBack(batch) {
      for (const count of batch.values()) add(count);
    },
  };
}
