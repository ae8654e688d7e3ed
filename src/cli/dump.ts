/** Writes a tenant's schema to a file before it is removed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TenantryError } from '../errors.ts';
import { schemaOf } from '../spec/names.ts';
import type { Session } from './session.ts';

/** @throws PostgresError when pg_dump is not there or fails; nothing has been removed by then. */
export async function dumpSchema(session: Session, tenant: string, file: string): Promise<void> {
  const document = session.documents.tenants.find((item) => item.metadata.name === tenant);
  if (!document) {
    throw new TenantryError('InvalidUsage', `no document says which schema ${tenant} has`, {
      hint: 'leave out --dump',
    });
  }
  const { host, port, database, user, password } = session.backends.settings.postgres;
  const child = spawn(
    'pg_dump',
    ['--format=custom', `--schema=${schemaOf(document)}`, `--file=${file}`, '--no-password'],
    {
      // The environment and not the arguments: those stand in the list of processes.
      env: {
        ...session.env,
        PGHOST: host,
        PGPORT: String(port),
        PGDATABASE: database,
        PGUSER: user,
        PGPASSWORD: await session.world.secrets.resolve(password),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let message = '';
  child.stderr.on('data', (chunk: Buffer) => {
    message += chunk.toString();
  });
  const [code] = (await once(child, 'close').catch((cause: unknown) => {
    throw new TenantryError('PostgresError', `pg_dump could not be started: ${(cause as Error).message}`, {
      cause,
      hint: 'install the Postgres client programs, or leave out --dump',
    });
  })) as [number | null];
  if (code !== 0) {
    throw new TenantryError(
      'PostgresError',
      `pg_dump failed: ${session.backends.redactor.redact(message.trim())}`,
      {
        hint: 'nothing was removed; correct the cause, or leave out --dump',
      },
    );
  }
}
