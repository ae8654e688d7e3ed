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
