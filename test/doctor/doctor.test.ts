/** doctor: each finding with what to do, and the policy of docs/vault.md, which must be enough for everything. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CheckResult } from '../../src/doctor/check.ts';
import { neededCapabilities } from '../../src/doctor/vault-capabilities.ts';
import {
  type CliEnvironment,
  integrationYaml,
  platformYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

let environment: CliEnvironment;
let stack: TestStack;
beforeAll(async () => {
  environment = await startCliEnvironment();
  stack = await environment.stack('doctor', { 'tenants/x.yaml': tenantYaml('doctor') });
});
afterEach(() => environment.calm());
afterAll(() => environment.close());

interface Findings {
  readonly code: number;
  readonly ok: boolean;
  readonly all: readonly CheckResult[];
  of(system: string, check: string): CheckResult | undefined;
  readonly verdicts: Record<string, string>;
}

async function examine(env: Record<string, string> = {}, on: TestStack = stack): Promise<Findings> {
  const { code, json } = await on.json<{ ok: boolean; checks: CheckResult[] }>(['doctor'], { env });
  const worst: Record<string, string> = {};
  for (const { system, verdict } of json.checks) {
    if (worst[system] !== 'failed') worst[system] = verdict === 'ok' ? (worst[system] ?? 'ok') : verdict;
  }
  return {
    code,
    ok: json.ok,
    all: json.checks,
    of: (system, check) => json.checks.find((item) => item.system === system && item.check === check),
    verdicts: worst,
  };
}

async function documentedPolicy(): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'vault.md'), 'utf8');
  return /```hcl\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
}

describe('with the policy of docs/vault.md', () => {
  it('everything is fit, and apply and destroy are allowed all they do', async () => {
    const env = { VAULT_TOKEN: await environment.tokenWith(await documentedPolicy()) };
    const before = await examine(env);
    expect(before).toMatchObject({ code: 0, ok: true });
    expect(before.of('vault', 'mounts')?.detail).toBe('apply will make transit/');
    const text = tenantYaml('least', { deletionPolicy: 'Delete' }) + integrationYaml('least', 'notion');
    const least = await environment.stack('least', { 'tenants/x.yaml': text });
    const run = (...args: string[]): Promise<{ code: number; stdout: string }> =>
      least.run(args, { env, input: 'ntn_token-of-least' });
    expect((await run('apply', '--yes')).code).toBe(0);
    expect((await run('credentials', 'set', 'least', 'notion')).code).toBe(0);
    expect((await run('destroy', 'least', '--confirm', 'least')).code).toBe(0);
    expect((await examine(env)).all.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  });

  it('names the capabilities of each path that is taken away', async () => {
    const whole = await documentedPolicy();
    const needed = neededCapabilities(
      { kvMount: 'secret', transitMount: 'transit' },
      { authMount: 'approle' },
    );
    for (const [path, capabilities] of Object.entries(needed)) {
      const rules = `${whole}\npath "${path}" { capabilities = ["deny"] }`;
      const env = { VAULT_TOKEN: await environment.tokenWith(rules) };
      const found = await examine(env);
      expect(found.code).toBe(1);
      const finding = found.of('vault', 'permissions');
      expect(finding?.verdict).toBe('failed');
      expect(finding?.detail).toContain(`${path}: ${capabilities.join(', ')}`);
      expect(finding?.fix).toContain('docs/vault.md');
    }
  });
});

describe('Vault', () => {
  it('with the root token is a warning', async () => {
    const { code, of } = await examine();
    expect(code).toBe(0);
    expect(of('vault', 'login')).toMatchObject({
      verdict: 'warning',
      detail: 'policies root; the token does not end',
      fix: expect.stringContaining('docs/vault.md'),
    });
  });

  it('that is sealed fails with the command that unseals it; the others are checked', async () => {
    environment.systems.vault.seal();
    const { code, of, verdicts } = await examine();
    expect(code).toBe(1);
    expect(of('vault', 'reachable')).toMatchObject({ detail: 'sealed', fix: 'run `vault operator unseal`' });
    expect(verdicts).toEqual({ vault: 'failed', postgres: 'ok', airbyte: 'ok' });
  });

  it('with a wrong token fails at the login', async () => {
    const { of, verdicts } = await examine({ VAULT_TOKEN: 'hvs.wrong-wrong-wrong' });
    expect(of('vault', 'login')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('VaultUnauthorized'),
      fix: expect.stringContaining('spec.vault.auth'),
    });
    expect(verdicts).toEqual({ vault: 'failed', postgres: 'ok', airbyte: 'ok' });
  });

  it('with mounts of the wrong kind says which setting takes another path', async () => {
    const kv = await examine({ VAULT_KV_ENGINE: 'transit' });
    expect(kv.of('vault', 'mounts')).toMatchObject({ detail: 'transit/ is not KV version 2' });
    const transit = await examine({ VAULT_TRANSIT_ENGINE: 'secret' });
    expect(transit.of('vault', 'mounts')).toMatchObject({
      verdict: 'failed',
      detail: 'secret/ is kv, not transit',
      fix: expect.stringContaining('VAULT_TRANSIT_ENGINE'),
    });
  });

  it('with a mount missing that the login may not make says so', async () => {
    const rules = (await documentedPolicy()).replaceAll('transit/', 'other/');
    const { code, of } = await examine({
      VAULT_TOKEN: await environment.tokenWith(rules),
      VAULT_TRANSIT_ENGINE: 'other',
    });
    expect(code).toBe(1);
    expect(of('vault', 'mounts')).toMatchObject({
      detail: 'other/ is not there, and this login may not make mounts',
      fix: expect.stringContaining('allow update on sys/mounts/other'),
    });
  });
});

describe('Postgres', () => {
  it('with a user that lacks CREATEROLE and CREATE gives the statements that mend it', async () => {
    await environment.sql(`CREATE ROLE "Weak one" LOGIN PASSWORD 'weak-password'`);
    const env = { PGUSER: 'Weak one', PGPASSWORD: 'weak-password' };
    const { code, of } = await examine(env);
    expect(code).toBe(1);
    const finding = of('postgres', 'permissions');
    expect(finding?.detail).toBe('Weak one lacks CREATEROLE and CREATE on the database');
    await environment.sql(finding?.fix?.replace('as an administrator: ', '') ?? '');
    expect((await examine(env)).of('postgres', 'permissions')?.verdict).toBe('ok');
  });

  it('where PUBLIC may create in public is a warning with the statement that mends it', async () => {
    await environment.sql('GRANT CREATE ON SCHEMA public TO PUBLIC');
    const { code, of } = await examine();
    expect(code).toBe(0);
    const finding = of('postgres', 'isolation');
    expect(finding?.verdict).toBe('warning');
    await environment.sql(/REVOKE [^;]+;/.exec(finding?.fix ?? '')?.[0] ?? '');
    expect((await examine()).of('postgres', 'isolation')?.verdict).toBe('ok');
  });

  it('with a wrong password fails at the login', async () => {
    const { of } = await examine({ PGPASSWORD: 'wrong-wrong' });
    expect(of('postgres', 'login')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('PostgresUnauthorized'),
    });
  });
});

describe('Airbyte', () => {
  it('with a wrong login names the variables', async () => {
    const { of, verdicts } = await examine({ AIRBYTE_CLIENT_SECRET: 'wrong-wrong' });
    expect(of('airbyte', 'login')).toMatchObject({
      verdict: 'failed',
      fix: expect.stringContaining('AIRBYTE_CLIENT_ID'),
    });
    expect(verdicts).toMatchObject({ vault: 'warning', postgres: 'ok' });
  });

  it('with a shared workspace that is not there names the setting; with one that is, its name', async () => {
    const shared = await environment.stack('shared-workspace', {
      'platform.yaml': platformYaml('shared', { airbyte: { workspace: 'Shared' } }),
    });
    const wrong = await examine({ AIRBYTE_WORKSPACE_ID: '11111111-1111-4111-8111-111111111111' }, shared);
    expect(wrong.code).toBe(1);
    expect(wrong.of('airbyte', 'workspace')).toMatchObject({
      verdict: 'failed',
      fix: 'correct spec.airbyte.workspaceId (AIRBYTE_WORKSPACE_ID)',
    });
    const made = await environment.callAirbyte('POST', '/workspaces', { name: 'ours' });
    const right = await examine({ AIRBYTE_WORKSPACE_ID: String(made['workspaceId']) }, shared);
    expect(right.of('airbyte', 'workspace')).toMatchObject({ verdict: 'ok', detail: 'shared: ours' });
  });
});

describe('a system that is down or not set up', () => {
  it.each([
    ['vault', { VAULT_ADDR: 'http://127.0.0.1:9' }],
    ['postgres', { PGPORT: '9' }],
    ['airbyte', { AIRBYTE_URL: 'http://127.0.0.1:9/v1' }],
  ])('(%s down) leaves the others to be checked', async (system, env) => {
    const { code, verdicts } = await examine(env);
    expect(code).toBe(1);
    expect(verdicts[system]).toBe('failed');
    expect(Object.values(verdicts).filter((verdict) => verdict === 'failed')).toHaveLength(1);
  });

  it.each([
    ['vault', { VAULT_ADDR: '' }, 'spec.vault.address is not set (VAULT_ADDR)'],
    ['vault', { VAULT_TOKEN: '' }, 'spec.vault.auth.token is not set (VAULT_TOKEN)'],
    ['postgres', { PGPASSWORD: '' }, 'spec.postgres.password is not set (PGPASSWORD)'],
    ['airbyte', { AIRBYTE_CLIENT_ID: '' }, 'Either api_key or both client_id and client_secret are required'],
  ])('(%s without %j) is named, and the others are checked', async (system, env, problem) => {
    const { code, of, verdicts } = await examine(env);
    expect(code).toBe(1);
    expect(of(system, 'settings')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining(problem),
    });
    expect(Object.values(verdicts).filter((verdict) => verdict === 'failed')).toHaveLength(1);
  });

  it('a password that Vault keeps cannot be had while Vault is away, and Airbyte is checked', async () => {
    const kept = await environment.stack('kept-password', {
      'platform.yaml': platformYaml('kept', {
        postgres: { password: '${VAULT:secret/admin/postgres:password}' },
      }),
    });
    const { verdicts, of } = await examine({ VAULT_ADDR: 'http://127.0.0.1:9' }, kept);
    expect(verdicts).toEqual({ vault: 'failed', postgres: 'failed', airbyte: 'ok' });
    expect(of('postgres', 'settings')?.detail).toContain('VaultUnreachable');
  });

  it('in text has a line for each check, what to do below it, and the count at the end', async () => {
    const { code, stdout } = await stack.run(['doctor'], { env: { PGPASSWORD: '' } });
    expect(code).toBe(1);
    const text = stdout.replaceAll(/http:\/\/\S+\/v1/g, '<url>').replace(/\d+ s$/m, '<n> s');
    expect(text).toMatchInlineSnapshot(`
      "✓ vault     reachable    version 1.21.1
      ! vault     login        policies root; the token does not end
          → give Tenantry a policy of its own instead of root: docs/vault.md has it
      ✓ vault     permissions  all that is needed on 18 paths
      ✓ vault     mounts       KV version 2 and Transit are there
      ✗ postgres  settings     spec.postgres.password is not set (PGPASSWORD)
          → set it in the Platform document or in the environment (of tenantry dev: --env-file .tenantry/dev.env)
      ✓ airbyte   login        <url>, with client credentials, the token ends in <n> s
      ✓ airbyte   health       healthy
      ✓ airbyte   workspace    one per tenant

      1 thing to fix, 1 warning.
      "
    `);
  });
});
