/** The AccessLog in Postgres: what comes while statements are under way goes together in the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteLiteral } from '../../clients/postgres.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Database } from '../database/database.ts';
import type { Access, AccessLog } from './access-log.ts';

export interface AccessLogOptions {
  readonly database: Pick<Database, 'script'>;
  readonly log: {
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** Most records in memory. Default 10,000. */
  readonly most?: number;
  /** Upper bound of the first pause before a failed write is tried again, in milliseconds; it doubles. Default 100. */
  readonly delayMs?: number;
}

/** Records in one statement. */
const MOST_WRITTEN = 1_000;
/**
 * Statements at once: while one is on its way to the disk, another is begun with what has come since. A third would
 * answer no sooner where much comes, and cost as much as a tenth of the calls.
 */
const MOST_UNDER_WAY = 2;
const MOST_DELAY_MS = 5_000;
const MOST_DETAIL = 200;
/** What a caller is told to wait for when no more can be kept. */
const RETRY_AFTER_SECONDS = 5;

interface Kept {
  readonly row: object;
  /** Undefined when the caller has been answered: the record stands in the log. */
  resolve: (() => void) | undefined;
}

/** One round trip for all of it: every request that hands out a token waits for this. */
const insert = (rows: readonly object[]): string => `
  insert into tenantry.token_access_log (at, tenant, integration, action, actor, request_id, outcome, detail)
  select at, tenant, integration, action, actor, request_id, outcome, detail
  from json_to_recordset(${quoteLiteral(JSON.stringify(rows))}::json) as r
    (at timestamptz, tenant text, integration text, action text, actor text, request_id text, outcome text, detail text)`;

/** A record may be written twice when the answer of Postgres is lost, and is never left out. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { database, log, now = Date.now, most = 10_000, delayMs = 100 } = options;
  /** Not in a statement yet. */
  let waiting: Kept[] = [];
  /** In a statement that is under way. */
  let written = 0;
  const statements = new Set<Promise<void>>();
  const underWay = new Set<Promise<void>>();
  /** Failed writes one after the other. */
  let failures = 0;
  let isDue = false;

  /** @throws what Postgres answered; the records wait again, before the others */
  async function writeSome(): Promise<void> {
    const some = waiting.slice(0, MOST_WRITTEN);
    if (some.length === 0) return;
    waiting = waiting.slice(some.length);
    written += some.length;
    const statement = database.script(insert(some.map(({ row }) => row)));
    statements.add(statement);
    try {
      await statement;
    } catch (error) {
      waiting = [...some, ...waiting];
      throw error;
    } finally {
      statements.delete(statement);
      written -= some.length;
    }
    if (failures > 0) log.warn({ kept: waiting.length }, 'access log: Postgres takes records again');
    failures = 0;
    for (const { resolve } of some) resolve?.();
  }

  function failed(error: unknown): void {
    const { code, message } = asTenantryError(error);
    if (failures === 0) log.error({ code }, `access log: records are kept in memory: ${message}`);
    failures += 1;
    for (const record of waiting) release(record);
  }

  /** The log takes the place of the table until then, so that the caller need not wait. */
  function release(record: Kept): void {
    if (record.resolve === undefined) return;
    log.warn({ access: record.row }, 'access');
    record.resolve();
    record.resolve = undefined;
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      try {
        await writeSome();
      } catch (error) {
        failed(error);
        const bound = Math.min(delayMs * 2 ** (failures - 1), MOST_DELAY_MS);
        await sleep(bound * (0.5 + Math.random() / 2), undefined, { ref: false });
      }
    }
  }

  function start(): void {
    isDue = false;
    // After a failure one alone tries on.
    if (waiting.length === 0 || underWay.size >= (failures > 0 ? 1 : MOST_UNDER_WAY)) return;
    const work = write();
    underWay.add(work);
    void work.then(() => underWay.delete(work));
  }

  return {
    async record(access) {
      if (waiting.length + written >= most) {
        throw new TenantryError('PostgresUnavailable', 'the record of this access cannot be kept', {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      await new Promise<void>((resolve) => {
        const record: Kept = { row: rowOf(access, now()), resolve };
        waiting.push(record);
        if (failures > 0) release(record);
        if (isDue) return;
        isDue = true;
        // What comes in this turn of the event loop goes together.
        setImmediate(start);
      });
    },
    async flush() {
      while (waiting.length > 0 || statements.size > 0) {
        await Promise.allSettled(statements);
        await writeSome();
      }
    },
  };
}

function rowOf(access: Access, at: number): object {
  const { requestId, detail, tenant, integration, action, actor, outcome } = access;
  return {
    at: new Date(at).toISOString(),
    tenant: storable(tenant),
    integration: storable(integration),
    action,
    actor: storable(actor),
    outcome: storable(outcome),
    request_id: requestId === undefined ? null : storable(requestId),
    detail: detail === undefined ? null : storable(detail.slice(0, MOST_DETAIL)),
  };
}

/** What Postgres refuses in a text would keep every later record out. */
function storable(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
