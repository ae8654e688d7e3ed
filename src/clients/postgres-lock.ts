/** Session advisory locks of Postgres: one holder over all processes, gone with its connection. */
import { createHash } from 'node:crypto';
import pg, { DatabaseError } from 'pg';
import { TenantryError } from '../errors.ts';
import { throwIfCancelled } from './http.ts';
import type { LockOptions } from './postgres.ts';

export interface LockContext {
  readonly config: pg.ClientConfig;
  /** Maps what pg throws. */
  readonly failure: (error: unknown) => TenantryError;
}

/** A host that vanishes frees its lock after about a minute: the server asks 3 times for a sign of life. */
const SESSION = `select set_config(name, value, false)
  from (values ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'),
    ('idle_session_timeout', '0'), ('statement_timeout', '0')) as wanted (name, value)
  where name in (select name from pg_settings)`;

const HOLDER = `select l.pid, a.application_name
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32) | l.objid::bigint = $1::bigint`;

/** Any text as a key of pg_advisory_lock: the first 8 bytes of its SHA-256, as a signed 64-bit number. */
export function lockKey(text: string): string {
  return createHash('sha256').update(text).digest().readBigInt64BE(0).toString();
}

/**
 * Runs while holding the lock. A lost connection has freed it: `lost` aborts, and after `run` has settled the call
 * fails, because another process may have been at work since.
 */
export async function holdLock<T>(
  context: LockContext,
  name: string,
  run: (lost: AbortSignal) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  throwIfCancelled(options.signal);
  const client = new pg.Client(context.config);
  const lost = new AbortController();
  let released = false;
  const onLost = (): void => {
    if (!released) lost.abort();
  };
  client.on('error', onLost);
  client.on('end', onLost);
  try {
    await acquire(client, context, name, options);
    const outcome = await run(lost.signal).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (lost.signal.aborted) throw lostError(name, 'error' in outcome ? outcome.error : undefined);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  } finally {
    released = true;
    await client.end().catch(() => undefined);
  }
}

async function acquire(
  client: pg.Client,
  context: LockContext,
  name: string,
  options: LockOptions,
): Promise<void> {
  const stop = (): void => void client.end().catch(() => undefined);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    await client.query(SESSION);
    await waitForLock(client, name, options);
  } catch (error) {
    throwIfCancelled(options.signal);
    throw context.failure(error);
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
  throwIfCancelled(options.signal);
}

async function waitForLock(client: pg.Client, name: string, options: LockOptions): Promise<void> {
  const key = lockKey(name);
  const waitMs = Math.ceil(options.waitMs ?? 0);
  const tried = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1::bigint) as ours', [
    key,
  ]);
  if (tried.rows[0]?.ours === true) return;
  if (waitMs <= 0) throw await busy(client, name, key);
  options.onWait?.();
  try {
    await client.query("select set_config('lock_timeout', $1, false)", [String(waitMs)]);
    await client.query('select pg_advisory_lock($1::bigint)', [key]);
  } catch (error) {
    const timedOut = error instanceof DatabaseError && error.code === '55P03';
    throw timedOut ? await busy(client, name, key) : error;
  }
}

async function busy(client: pg.Client, name: string, key: string): Promise<TenantryError> {
  const { rows } = await client.query<{ pid: number; application_name: string | null }>(HOLDER, [key]);
  const holder = rows[0];
  const who =
    holder === undefined
      ? 'another session, which has just ended'
      : `${holder.application_name || 'an unnamed application'} (Postgres pid ${holder.pid})`;
  return new TenantryError('Locked', `the lock "${name}" is held by ${who}`);
}

function lostError(name: string, cause: unknown): TenantryError {
  return new TenantryError(
    'PostgresUnreachable',
    `the connection that held the lock "${name}" was lost while the work went on`,
    { cause, hint: 'run it again: another process may have worked at the same time' },
  );
}
