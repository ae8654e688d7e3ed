/** The Postgres that this machine has on PATH, e.g. Debian's, for running the same tests on another version. */
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { PostgresBinaries } from '../../src/dev/postgres/binaries.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';

/** Its programs, or undefined where there are none. */
export function findSystemPostgres(): PostgresBinaries | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      // A link on PATH points to where the version's other programs are.
      const postgres = realpathSync(join(folder, 'postgres'));
      const initdb = join(dirname(postgres), 'initdb');
      accessSync(initdb, constants.X_OK);
      return { initdb, postgres, locale: ['--locale=C'] };
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/**
 * The Postgres that a test file runs on: the npm package's, or with `TENANTRY_TEST_POSTGRES=system` this machine's.
 * vitest.config.ts sets that for its second project.
 */
export function startTestPostgres(): Promise<DevPostgres> {
  if (process.env['TENANTRY_TEST_POSTGRES'] !== 'system') return startDevPostgres();
  const binaries = findSystemPostgres();
  if (!binaries) throw new Error('there is no Postgres server on PATH');
  return startDevPostgres({ binaries });
}
