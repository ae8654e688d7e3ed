/** Postgres on the port of last time: a kept Airbyte destination then still fits, and nothing has to change. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TenantryError } from '../errors.ts';
import { type DevPostgres, startDevPostgres } from './postgres.ts';

const HIGHEST_PORT = 65_535;

/**
 * Starts Postgres with its data in a folder. Takes the port that it had there the last time, or another one when that is
 * taken by now. Throws what startDevPostgres throws.
 */
export async function startKeptPostgres(folder: string): Promise<DevPostgres> {
  const file = join(folder, 'postgres-port');
  const dataDir = join(folder, 'postgres');
  const before = Number(await readFile(file, 'utf8').catch(() => '0'));
  const port = Number.isInteger(before) && before > 0 && before <= HIGHEST_PORT ? before : 0;
  const postgres = await startDevPostgres({ dataDir, port }).catch((error: unknown) => {
    const taken = port !== 0 && error instanceof TenantryError && error.code === 'InvalidUsage';
    if (!taken) throw error;
    return startDevPostgres({ dataDir });
  });
  // Without the file only the port is another one the next time.
  await writeFile(file, String(postgres.port)).catch(() => undefined);
  return postgres;
}
