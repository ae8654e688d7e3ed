import { defineConfig } from 'vitest/config';
import { findSystemPostgres } from './test/support/system-postgres.ts';

const shared = {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks',
  // The tests run on real servers, real sockets and machines that others use as well. `npm test` names at its end
  // every test that needed its second try, so that none hides behind it.
  retry: 1,
} as const;

/** What says something about Postgres itself runs on the machine's own Postgres as well. */
const onSystemPostgres = {
  test: {
    ...shared,
    name: 'system-postgres',
    include: [
      'test/resources/postgres/**/*.test.ts',
      'test/contract/isolation/dev.test.ts',
      'test/sidecar/database/{migrate,row-level-security}.test.ts',
    ],
    env: { TENANTRY_TEST_POSTGRES: 'system' },
  },
};
const hasSystemPostgres = findSystemPostgres() !== undefined;
if (!hasSystemPostgres) {
  console.warn('not run: the Postgres tests on the Postgres of this machine, because PATH has no server');
}

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'tests', include: ['test/**/*.test.ts'] } },
      ...(hasSystemPostgres ? [onSystemPostgres] : []),
    ],
  },
});
