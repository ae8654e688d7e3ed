/** Usage counted in memory, written once a second, and the calls per minute that all replicas share. */
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Database, Query } from '../database/database.ts';
import type { StackView } from '../stack/view.ts';
import { createDayCounts } from './day-counts.ts';
import { createMinuteCounts } from './minute-counts.ts';
import type { Usage, UsageDay } from './usage.ts';

export interface UsageOptions {
  readonly database: Pick<Database, 'asPlatform' | 'asTenant'>;
  /** Where quotas stand. */
  readonly stack: { current(): Pick<StackView, 'tenant'> };
  readonly log: { warn(facts: object, message: string): void };
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** Calls the work again and again until the returned function is called. Default: once a second. */
  readonly every?: (work: () => void) => () => void;
}

export interface CountedUsage extends Usage {
  /** Ends the writing once a second and writes what is counted. */
  stop(): Promise<void>;
}

const EVERY_MS = 1_000;

export function createUsage(options: UsageOptions): CountedUsage {
  const { database, stack, log, now = Date.now } = options;
  const minutes = createMinuteCounts(now);
  const days = createDayCounts(now);
  let writing: Promise<void> | undefined;

  /** One transaction; what could not be written is counted to the next. */
  async function writeOnce(): Promise<void> {
    const [calls, usage] = [minutes.take(), days.take()];
    if (!calls && !usage) return;
    try {
      const totals = await database.asPlatform(async (query) => {
        if (usage) await days.write(query, usage);
        return calls && (await minutes.write(query, calls));
      });
      if (calls && totals) minutes.learn(calls, totals);
    } catch (error) {
      if (calls) minutes.giveBack(calls);
      if (usage) days.giveBack(usage);
      throw error;
    }
  }

  function write(): Promise<void> {
    writing ??= writeOnce().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  const every = options.every ?? onTimer;
  const end = every(() => {
    write().catch((error: unknown) => {
      const { code, message } = asTenantryError(error);
      log.warn({ code }, `usage is written later: ${message}`);
    });
  });

  async function flush(): Promise<void> {
    // What is under way may have begun before the last count.
    await writing?.catch(() => undefined);
    await write();
  }

  return {
    admit(tenant) {
      const limit = stack.current().tenant(tenant)?.spec.quotas.callsPerMinute;
      if (limit !== undefined) minutes.admit(tenant, limit);
    },
    count: (used) => days.count(used),
    async days(tenant, from, to) {
      const [first, last] = [dayOf(from), dayOf(to)];
      return await database.asTenant(tenant, (query) => readDays(query, [tenant, first, last]));
    },
    flush,
    async stop() {
      end();
      await flush();
    },
  };
}

function onTimer(work: () => void): () => void {
  const timer = setInterval(work, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Of tenantry.usage_days, as UsageDay has them. */
export const DAY_COLUMNS = `day, integration, calls, errors, bytes_in as "bytesIn", bytes_out as "bytesOut", syncs,
  rows, sync_bytes as "syncBytes"`;

function readDays(query: Query, params: readonly string[]): Promise<(UsageDay & Record<string, unknown>)[]> {
  return query(
    `select ${DAY_COLUMNS} from tenantry.usage_days
     where tenant = $1 and day between $2 and $3 order by day, integration`,
    params,
  );
}

/** @throws InvalidRequest when it is no day */
function dayOf(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text)) return text;
  throw new TenantryError('InvalidRequest', 'a day is written YYYY-MM-DD');
}
