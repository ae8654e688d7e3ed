/** Writes a tenant's schemas to a file before they are removed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';
import { TenantryError } from '../errors.ts';
import type { Session } from './session.ts';

/**
 * The file is there only when it is whole: a dump of before is not lost to one that fails.
 * @throws NotWritable, or PostgresError when pg_dump is not there or fails; nothing has been removed by then.
 */
export async function dumpSchemas(
  session: Session,
  schemas: readonly string[],
  file: string,
  stop: AbortSignal,
): Promise<void> {
  const draft = `${file}.partial`;
  try {
    // Made first and for the user alone: pg_dump writes into it and keeps its permissions.
    await (await open(draft, 'w', 0o600)).close();
    await runPgDump(session, schemas, draft, stop);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof TenantryError) throw error;
    throw new TenantryError('NotWritable', `the dump cannot be written: ${(error as Error).message}`, {
      cause: error,
      hint: 'nothing was removed; pass --dump with a file that can be written',
    });
  }
}

async function runPgDump(
  session: Session,
  schemas: readonly string[],
  file: string,
  stop: AbortSignal,
): Promise<void> {
  // Quoted, because --schema takes a pattern.
  const patterns = schemas.map((schema) => `--schema="${schema}"`);
  const child = spawn('pg_dump', ['--format=custom', ...patterns, `--file=${file}`, '--no-password'], {
    env: await environmentOf(session),
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: stop,
  });
  let message = '';
  child.stderr.on('data', (chunk: Buffer) => {
    message += chunk.toString();
  });
  const [code] = (await once(child, 'close').catch((cause: unknown) => {
    if (stop.aborted)
      throw new TenantryError('Cancelled', 'stopped while the dump was written; nothing was removed');
    throw new TenantryError('PostgresError', `pg_dump could not be started: ${(cause as Error).message}`, {
      cause,
      hint: 'nothing was removed; install the Postgres client programs (pg_dump), or leave out --dump',
    });
  })) as [number | null];
  if (stop.aborted)
    throw new TenantryError('Cancelled', 'stopped while the dump was written; nothing was removed');
  if (code !== 0) throw failure(session.backends.redactor.redact(message.trim()));
}

/** The environment and not the arguments: those stand in the list of processes. */
async function environmentOf(session: Session): Promise<NodeJS.ProcessEnv> {
  const { host, port, database, user, password, sslMode, caCertFile } = session.backends.settings.postgres;
  return {
    ...session.env,
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: await session.world.secrets.resolve(password),
    PGSSLMODE: sslMode,
    ...(caCertFile === undefined ? {} : { PGSSLROOTCERT: caCertFile }),
  };
}

function failure(message: string): TenantryError {
  const tooOld = /server version mismatch/.test(message);
  return new TenantryError('PostgresError', `pg_dump failed: ${message.replace(/\s*\n\s*/g, '; ')}`, {
    hint: tooOld
      ? 'nothing was removed; put a pg_dump as new as the server first on PATH, or leave out --dump'
      : 'nothing was removed; correct the cause, or leave out --dump',
  });
}
