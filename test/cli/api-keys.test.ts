/** api-keys: made, listed and revoked on the platform tables of a real Postgres. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeyVerifier } from '../../src/sidecar/callers/api-keys/verifier.ts';
import { migrate } from '../../src/sidecar/database/migrate.ts';
import { createDatabase } from '../../src/sidecar/database/pooled-database.ts';
import {
  type CliEnvironment,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';
import { testContext } from '../support/sidecar-context.ts';
import { adminOf } from '../support/sidecar-database.ts';

const LOGIN = { user: 'keys_login', password: 'password-of-the-keys-login' };
const KEY = /^tny_[0-9a-z]{12}_[0-9A-Za-z]{49}\n$/;

let environment: CliEnvironment;
let stack: TestStack;

beforeAll(async () => {
  environment = await startCliEnvironment();
  stack = await environment.stack('keys', { 'tenants/all.yaml': tenantYaml('acme') + tenantYaml('globex') });
});
afterAll(() => environment.close());

const env = { TENANTRY_PGUSER: LOGIN.user, TENANTRY_PGPASSWORD: LOGIN.password };
const run = (...args: string[]): ReturnType<TestStack['run']> => stack.run(['api-keys', ...args], { env });

interface Made {
  readonly id: string;
  readonly key: string;
  readonly tenant: string | null;
  readonly role: string;
  readonly expiresAt: string | null;
}

const json = async <T>(...args: string[]): Promise<T> =>
  (await stack.json<T>(['api-keys', ...args], { env })).json;

describe('api-keys', () => {
  it('says what to do where the platform tables are not there yet', async () => {
    const { code, stderr } = await run('list');
    expect(code).toBe(1);
    expect(stderr).toContain('→ run `tenantry migrate --stack keys`');
    await migrate({ admin: adminOf(environment.systems.postgres), login: LOGIN });
    expect(await run('list')).toEqual({ code: 0, stdout: '0 keys.\n', stderr: '' });
  });

  it('prints a key alone, once, and the sidecar takes it', async () => {
    const made = await run('create', 'acme', '--name', 'billing');
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(KEY);
    expect(made.stderr).toMatch(/^Key [0-9a-z]{12} of acme, role app\. It is shown this once\.\n$/);
    const key = made.stdout.trim();
    const list = await run('list');
    expect(list.stdout).toContain('billing');
    expect(list.stdout).not.toContain(key);
    const database = createDatabase({ ...adminOf(environment.systems.postgres), ...LOGIN });
    const { caller } = await new ApiKeyVerifier(testContext({ database })).verify(key);
    expect(caller).toMatchObject({ role: 'app', tenants: ['acme'] });
    await database.close();
  });

  it('makes keys of the platform only when asked in so many words', async () => {
    const platform = await json<Made>('create', '--platform', '--name', 'deploy', '--expires-in-days', '1');
    expect(platform).toMatchObject({ tenant: null, role: 'admin', createdBy: 'cli:keys' });
    expect(Date.parse(platform.expiresAt ?? '') - Date.now()).toBeLessThanOrEqual(86_400_000);
    const wrong = [
      ['create', '--name', 'x'],
      ['create', 'acme', '--platform', '--name', 'x'],
      ['create', '--platform', '--name', 'x', '--role', 'app'],
      ['create', 'acme', '--name', 'x', '--role', 'admin'],
      ['create', 'acme', '--name', 'x', '--expires-in-days', '0'],
      ['create', 'acme', '--name', ' '],
      ['create', 'acmee', '--name', 'x'],
      ['create', 'acme'],
    ];
    for (const args of wrong) {
      const { code, stdout, stderr } = await run(...args);
      expect([code, stdout], args.join(' ')).toEqual([1, '']);
      expect(stderr).toMatch(/^InvalidUsage: /);
    }
  });

  it('lists the keys of the tenants that are asked for', async () => {
    await run('create', 'globex', '--name', 'reports', '--role', 'viewer');
    const names = async (...args: string[]): Promise<string[]> => {
      const { apiKeys } = await json<{ apiKeys: { name: string }[] }>('list', ...args);
      return apiKeys.map(({ name }) => name);
    };
    expect(await names()).toEqual(expect.arrayContaining(['billing', 'deploy', 'reports']));
    expect(await names('--tenant', 'globex')).toEqual(['reports']);
  });

  it('revokes a key by its id, again without harm, and repeats no key given for an id', async () => {
    const { id, key } = await json<Made>('create', 'acme', '--name', 'old');
    for (let i = 0; i < 2; i++) {
      expect((await run('revoke', id)).stdout).toBe(`Revoked ${id} (old) of acme.\n`);
    }
    const row = (await run('list')).stdout.split('\n').find((line) => line.includes(id));
    expect(row).toContain('revoked');
    const wrong = await run('revoke', key);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).not.toContain(key.slice(20));
    expect((await run('revoke', '000000000000')).stderr).toContain('there is no API key 000000000000');
  });
});
