/** migrate: the sidecar's tables and login, as an engineer makes them before the first start. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrationNames } from '../../src/sidecar/database/migrate.ts';
import { loginSql } from '../../src/sidecar/database/roles.ts';
import {
  type CliEnvironment,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

const LOGIN = { TENANTRY_PGUSER: 'sidecar_app', TENANTRY_PGPASSWORD: 'password-of-the-sidecars-login' };

let environment: CliEnvironment;
let stack: TestStack;
beforeAll(async () => {
  environment = await startCliEnvironment();
  stack = await environment.stack('migrated', { 'tenants/x.yaml': tenantYaml('acme') });
});
afterAll(() => environment.close());

test('it only prints what an own login needs, when asked to', async () => {
  const printed = await stack.run(['migrate', '--print-grants'], { env: LOGIN });
  expect(printed).toEqual({ code: 0, stdout: loginSql('sidecar_app'), stderr: '' });
  const { json } = await stack.json(['migrate', '--print-grants']);
  expect(json).toEqual({ ok: true, sql: loginSql('tenantry_app') });
});

test('it makes everything once, with a login of its own, and says no secret', async () => {
  const { code, json, stderr } = await stack.json(['migrate'], { env: LOGIN });
  expect({ code, json }).toEqual({
    code: 0,
    json: { ok: true, applied: await migrationNames(), login: 'sidecar_app' },
  });
  expect(stderr).not.toContain(LOGIN.TENANTRY_PGPASSWORD);
  const again = await stack.run(['migrate'], { env: LOGIN });
  expect(again).toEqual({
    code: 0,
    stdout: 'The tables are up to date. The sidecar logs in as sidecar_app.\n',
    stderr: '',
  });
});

test('without a login of its own it says so', async () => {
  expect((await stack.run(['migrate'])).stdout).toContain('the same as the CLI');
});

test('a user without a password is told what is missing', async () => {
  const { code, stderr } = await stack.run(['migrate'], { env: { TENANTRY_PGUSER: 'sidecar_app' } });
  expect(code).toBe(1);
  expect(stderr).toContain('TENANTRY_PGPASSWORD');
});

test('tables of a newer Tenantry are left alone, and it says which version is wanted', async () => {
  await environment.sql("insert into tenantry.migrations (name, run_on) values ('9999_later', now())");
  const { code, stdout, stderr } = await stack.run(['migrate'], { env: LOGIN });
  await environment.sql("delete from tenantry.migrations where name = '9999_later'");
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'Blocked: the platform tables were made by a newer Tenantry: this one does not know 9999_later\n' +
      '  → use the Tenantry version that made them, or a newer one\n',
  );
});

test('of several at once each ends well', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => stack.run(['migrate'], { env: LOGIN })));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
});

test('a login that somebody else has made, and whose password is another, is told of by its variable', async () => {
  await environment.sql("create role theirs login noinherit password 'a-password-that-they-chose'");
  const env = { TENANTRY_PGUSER: 'theirs', TENANTRY_PGPASSWORD: 'what-we-would-have-set' };
  const { code, stderr } = await stack.run(['migrate'], { env });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^PostgresUnauthorized: .*\n {2}→ check spec\.sidecar\.database \(TENANTRY_PGPASSWORD\)/,
  );
  expect(stderr).not.toContain(env.TENANTRY_PGPASSWORD);
});
