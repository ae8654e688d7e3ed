/** No command shows a secret, in success or failure, as text or as JSON. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CliOptions, CliResult } from '../support/cli.ts';
import {
  type CliEnvironment,
  integrationYaml,
  platformYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

const CANARIES = {
  token: 'canary-access-token-1f0c',
  refresh: 'canary-refresh-token-2a7e',
  jira: 'canary-jira-api-token-3b9d',
  app: 'canary-app-client-secret-4c8a',
  hand: 'canary-by-hand-5d2b',
  postgres: 'canary-postgres-password-6e1f',
};

let environment: CliEnvironment;
let stack: TestStack;
let secrets: string[];
let env: Record<string, string>;

beforeAll(async () => {
  environment = await startCliEnvironment();
  const { systems } = environment;
  await environment.sql(
    `CREATE ROLE canary LOGIN CREATEROLE PASSWORD '${CANARIES.postgres}'; GRANT CREATE ON DATABASE postgres TO canary`,
  );
  env = {
    PGUSER: 'canary',
    PGPASSWORD: CANARIES.postgres,
    CANARY_JIRA: CANARIES.jira,
    CANARY_APP: CANARIES.app,
  };
  secrets = [...Object.values(CANARIES), systems.vault.rootToken, systems.airbyte.clientSecret];
  stack = await environment.stack('canary', {
    'tenants/x.yaml':
      tenantYaml('canary', { deletionPolicy: 'Delete' }) +
      integrationYaml('canary', 'notion', { sync: { streams: [{ name: 'users' }] } }) +
      integrationYaml('canary', 'slack', {
        config: { start_date: '2026-01-01T00:00:00Z' },
        app: { clientId: 'public-id', clientSecret: '${ENV:CANARY_APP}' },
      }) +
      integrationYaml('canary', 'jira', {
        config: { domain: 'x.atlassian.net', email: 'it@x.example', api_token: '${ENV:CANARY_JIRA}' },
      }),
  });
});
afterEach(() => environment.calm());
afterAll(() => environment.close());

/** Runs it twice, as text and as JSON, and looks through all that it wrote. */
async function quiet(args: readonly string[], options: CliOptions = {}): Promise<CliResult[]> {
  const results: CliResult[] = [];
  for (const more of [[], ['--output', 'json']]) {
    const result = await stack.run([...args, ...more], { ...options, env: { ...env, ...options.env } });
    const written = result.stdout + result.stderr;
    expect(written).not.toBe('');
    for (const secret of secrets) {
      const forms = [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)];
      for (const form of forms) expect(written.includes(form), `${args.join(' ')} shows ${form}`).toBe(false);
    }
    results.push(result);
  }
  return results;
}

const READING = [['validate'], ['plan'], ['status'], ['doctor'], ['credentials', 'list']];

describe('no secret is shown', () => {
  it('in the whole life of a tenant', async () => {
    for (const command of READING) await quiet(command);
    expect((await quiet(['apply', '--yes'])).map(({ code }) => code)).toEqual([0, 0]);
    await quiet(['credentials', 'set', 'canary', 'notion'], { input: CANARIES.token });
    await quiet(['credentials', 'set', 'canary', 'notion', '--secret', 'refresh_token'], {
      input: CANARIES.refresh,
    });
    await environment.asRoot('POST', 'secret/data/canary/slack', { data: { access_token: CANARIES.hand } });
    await quiet(['plan']);
    await quiet(['credentials', 'encrypt']);
    await quiet(['apply', '--yes']);
    for (const command of READING) await quiet(command);
    await quiet(['rotate', 'canary']);
    env = { ...env, CANARY_JIRA: `${CANARIES.jira}-changed` };
    secrets.push(`${CANARIES.jira}-changed`);
    const [changed] = await quiet(['plan']);
    expect(changed?.code).toBe(2);
    await quiet(['apply', '--yes']);
  });

  it('when a system is away or refuses the login', async () => {
    const faults: Record<string, string>[] = [
      { VAULT_ADDR: 'http://127.0.0.1:9' },
      { PGPORT: '9' },
      { AIRBYTE_URL: 'http://127.0.0.1:9/v1' },
      { VAULT_TOKEN: 'canary-wrong-vault-token-7' },
      { PGPASSWORD: 'canary-wrong-password-8' },
      { AIRBYTE_CLIENT_SECRET: 'canary-wrong-client-secret-9' },
      { VAULT_ADDR: 'ftp://canary-user:canary-pass-10@vault' },
    ];
    secrets.push('canary-wrong-vault-token-7', 'canary-wrong-password-8');
    secrets.push('canary-wrong-client-secret-9', 'canary-pass-10');
    for (const fault of faults) {
      for (const command of [['plan'], ['doctor'], ['apply', '--yes']]) await quiet(command, { env: fault });
    }
  });

  it('when the servers repeat what they were sent', async () => {
    const { vaultProxy, airbyteProxy } = environment.systems;
    env = { ...env, CANARY_JIRA: `${CANARIES.jira}-again` };
    secrets.push(`${CANARIES.jira}-again`);
    airbyteProxy.fault = ({ method }) => (method === 'PUT' || method === 'PATCH' ? 'before' : 'pass');
    vaultProxy.fault = ({ method }) => (method === 'PATCH' ? 'after' : 'pass');
    await quiet(['credentials', 'set', 'canary', 'notion'], { input: CANARIES.token });
    expect((await quiet(['apply', '--yes'])).map(({ code }) => code)).toEqual([1, 1]);
  });

  it('in wrong documents, wrong usage and wrong files', async () => {
    await quiet(['credentials', 'set', 'canary', 'nothing'], { input: CANARIES.token });
    await quiet(['credentials', 'set', 'canary', 'notion', '--field', CANARIES.token], { input: 'x' });
    await writeFile(
      join(stack.cwd, 'secret.env'),
      `PGPASSWORD=${CANARIES.postgres}\nPGPORT=${CANARIES.app}\n`,
    );
    await quiet(['plan', '--env-file', 'secret.env']);
    await stack.write('platform.yaml', platformYaml('canary', { postgres: { password: CANARIES.postgres } }));
    await quiet(['validate']);
    await stack.write('platform.yaml', platformYaml('canary'));
  });

  it('when the tenant goes', async () => {
    await quiet(['credentials', 'delete', 'canary', 'notion', '--confirm', 'canary/notion']);
    await quiet(['destroy', 'canary', '--confirm', 'canary', '--dump', '/dev/null/x']);
    const codes = (await quiet(['destroy', 'canary', '--confirm', 'canary'])).map(({ code }) => code);
    expect(codes).toEqual([0, 0]);
  });
});
