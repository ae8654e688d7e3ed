/** The AccessLog in Postgres: what comes while one statement is under way goes together in the next. */
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
  const kept: Kept[] = [];
  let isWriting = false;
  /** One statement after the other: `flush` may come while records are being written. */
  let turn: Promise<void> = Promise.resolve();
  /** Failed writes one after the other. */
  let failures = 0;

  /** @throws what Postgres answered; the records stay */
  async function writeSome(): Promise<void> {
    const some = kept.slice(0, MOST_WRITTEN);
    if (some.length === 0) return;
    await database.script(insert(some.map(({ row }) => row)));
    kept.splice(0, some.length);
    if (failures > 0) log.warn({ kept: kept.length }, 'access log: Postgres takes records again');
    failures = 0;
    for (const { resolve } of some) resolve?.();
  }

  function inTurn(): Promise<void> {
    const next = turn.then(writeSome);
    turn = next.catch(() => undefined);
    return next;
  }

  function failed(error: unknown): void {
    const { code, message } = asTenantryError(error);
    if (failures === 0) log.error({ code }, `access log: records are kept in memory: ${message}`);
    failures += 1;
    for (const record of kept) release(record);
  }

  /** The log takes the place of the table until then, so that the caller need not wait. */
  function release(record: Kept): void {
    if (record.resolve === undefined) return;
    log.warn({ access: record.row }, 'access');
    record.resolve();
    record.resolve = undefined;
  }

  async function write(): Promise<void> {
    // What comes in this turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (kept.length > 0) {
      try {
        await inTurn();
      } catch (error) {
        failed(error);
        const bound = Math.min(delayMs * 2 ** (failures - 1), MOST_DELAY_MS);
        await sleep(bound * (0.5 + Math.random() / 2), undefined, { ref: false });
      }
    }
    isWriting = false;
  }

  return {
    async record(access) {
      if (kept.length >= most) {
        throw new TenantryError('PostgresUnavailable', 'the record of this access cannot be kept', {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        });
      }
      await new Promise<void>((resolve) => {
        const record: Kept = { row: rowOf(access, now()), resolve };
        kept.push(record);
        if (failures > 0) release(record);
        if (isWriting) return;
        isWriting = true;
        void write();
      });
    },
    async flush() {
      while (kept.length > 0) await inTurn();
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
