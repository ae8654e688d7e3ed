/** Systems that are away, refuse the login, or hold objects of others: what, why, the next step, and how it goes on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorDocument } from '../support/cli.ts';
import {
  type CliEnvironment,
  integrationYaml,
  platformYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
});
afterEach(() => environment.calm());
afterAll(() => environment.close());

/** A port of loopback that nobody listens on: the discard service is in no image. */
const CLOSED = '127.0.0.1:9';
const SECONDS = 8;

const AWAY: readonly (readonly [string, Record<string, string>, string, string])[] = [
  ['Vault refuses the connection', { VAULT_ADDR: `http://${CLOSED}` }, 'VaultUnreachable', 'ECONNREFUSED'],
  ['Vault has a wrong name', { VAULT_ADDR: 'http://vault.invalid' }, 'VaultUnreachable', 'vault.invalid'],
  ['Postgres refuses the connection', { PGPORT: '9' }, 'PostgresUnreachable', 'ECONNREFUSED'],
  ['Postgres has a wrong name', { PGHOST: 'db.invalid' }, 'PostgresUnreachable', 'db.invalid'],
  [
    'Airbyte refuses the connection',
    { AIRBYTE_URL: `http://${CLOSED}/v1` },
    'AirbyteUnreachable',
    'ECONNREFUSED',
  ],
  [
    'Airbyte has a wrong name',
    { AIRBYTE_URL: 'http://airbyte.invalid/v1' },
    'AirbyteUnreachable',
    'airbyte.invalid',
  ],
  [
    'the Vault token is wrong',
    { VAULT_TOKEN: 'hvs.wrong-wrong-wrong' },
    'VaultUnauthorized',
    'does not accept the token',
  ],
  [
    'the Postgres password is wrong',
    { PGPASSWORD: 'wrong-wrong' },
    'PostgresUnauthorized',
    'password authentication failed',
  ],
  [
    'the Airbyte client secret is wrong',
    { AIRBYTE_CLIENT_SECRET: 'wrong-wrong' },
    'AirbyteUnauthorized',
    'client secret is wrong',
  ],
];

async function simple(name: string): Promise<TestStack> {
  return environment.stack(name, { 'tenants/x.yaml': tenantYaml(name) });
}

describe.each(AWAY)('when %s', (name, env, code, reason) => {
  it('every command that needs it says so within seconds, and does nothing', async () => {
    const stack = await simple(`away-${AWAY.findIndex(([title]) => title === name)}`);
    const commands = [['plan'], ['apply', '--yes'], ['status']];
    const started = performance.now();
    const results = await Promise.all(commands.map((command) => stack.run(command, { env })));
    for (const { code: exit, stdout, stderr } of results) {
      expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^${code}: `));
      expect(stderr).toContain(reason);
      expect(stderr).toMatch(/\n {2}→ check /);
      expect(stderr.match(/→/g)).toHaveLength(1);
    }
    expect((performance.now() - started) / 1000).toBeLessThan(SECONDS);
    const { json } = await stack.json<ErrorDocument>(['plan'], { env });
    expect(json.error.code).toBe(code);
  });
});

describe('when all systems are away', () => {
  it('each is told once', async () => {
    const stack = await environment.stack('all-away', {
      'tenants/x.yaml': tenantYaml('all-away') + integrationYaml('all-away', 'notion'),
    });
    const env = { VAULT_ADDR: `http://${CLOSED}`, PGPORT: '9', AIRBYTE_URL: `http://${CLOSED}/v1` };
    const { code, stderr } = await stack.run(['plan'], { env });
    expect(code).toBe(1);
    const codes = stderr.split('\n').flatMap((line) => /^(\w+): /.exec(line)?.[1] ?? []);
    expect(codes.sort()).toEqual(['AirbyteUnreachable', 'PostgresUnreachable', 'VaultUnreachable']);
    const { json } = await stack.json<ErrorDocument>(['status'], { env });
    expect(json.errors).toHaveLength(3);
  });
});

describe('a login that may not do enough', () => {
  it('in Vault is told with the capability, and a second run with the right one converges', async () => {
    const stack = await simple('forbidden');
    const token = await environment.tokenWith(`
      path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }
      path "sys/policies/acl/tenant-*" { capabilities = ["read"] }`);
    const { code, stdout } = await stack.run(['apply', '--yes'], { env: { VAULT_TOKEN: token } });
    expect(code).toBe(1);
    expect(stdout).toContain(
      'the login needs the capability create or update on sys/policies/acl/tenant-forbidden',
    );
    expect(stdout).toContain('→ give the policy of this login the capability named above');
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
    expect((await stack.run(['plan'])).code).toBe(0);
  });

  it('in Postgres is told with what the user needs, and after the grant the next run converges', async () => {
    const stack = await simple('no-createrole');
    await environment.sql(`CREATE ROLE weak LOGIN PASSWORD 'weak-password'`);
    const env = { PGUSER: 'weak', PGPASSWORD: 'weak-password' };
    const { code, stdout } = await stack.run(['apply', '--yes'], { env });
    expect(code).toBe(1);
    expect(stdout).toContain('PostgresForbidden: Postgres: permission denied');
    expect(stdout).toContain('→ the Postgres user needs CREATEROLE and CREATE on the database');
    await environment.sql('ALTER ROLE weak CREATEROLE; GRANT CREATE ON DATABASE postgres TO weak');
    expect((await stack.run(['apply', '--yes'], { env })).stdout).toContain('Applied: ');
    expect((await stack.run(['plan'], { env })).code).toBe(0);
  });

  it('in Airbyte: a rejected configuration shows the reason of Airbyte', async () => {
    const stack = await environment.stack('rejected', {
      'tenants/x.yaml':
        tenantYaml('rejected') +
        integrationYaml('rejected', 'notion', { sync: { streams: [{ name: 'no_such_stream' }] } }),
    });
    await stack.run(['apply', '--yes']);
    await stack.run(['credentials', 'set', 'rejected', 'notion'], { input: 'ntn_token-of-rejected' });
    const { code, stdout } = await stack.run(['apply', '--yes']);
    expect(code).toBe(1);
    expect(stdout).toContain('AirbyteRejected: POST /connections: Airbyte answers');
    expect(stdout).toContain('no_such_stream');
    expect(stdout).toContain('→ correct spec.config of the integration');
    await stack.write(
      'tenants/x.yaml',
      tenantYaml('rejected') +
        integrationYaml('rejected', 'notion', { sync: { streams: [{ name: 'users' }] } }),
    );
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
    expect((await stack.run(['plan'])).code).toBe(0);
  });

  it('in Airbyte: a 422 of the source is told with its reason', async () => {
    const stack = await environment.stack('unprocessable', {
      'tenants/x.yaml': tenantYaml('unprocessable'),
    });
    const { airbyteProxy } = environment.systems;
    airbyteProxy.status = 422;
    airbyteProxy.fault = ({ method, path }) =>
      method === 'POST' && path.endsWith('/destinations') ? 'before' : 'pass';
    const { code, stdout } = await stack.run(['apply', '--yes']);
    airbyteProxy.status = 500;
    expect(code).toBe(1);
    expect(stdout).toContain('AirbyteRejected: POST /destinations: Airbyte answers 422: injected');
    environment.calm();
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
  });
});

describe('an object in the way', () => {
  const inTheWay: readonly (readonly [string, string, (tenant: string) => Promise<unknown>, string])[] = [
    ['schema', 'ow1', (t) => environment.sql(`CREATE SCHEMA tenant_${t}`), 'postgres:schema tenant_ow1'],
    [
      'role',
      'ow2',
      (t) => environment.sql(`CREATE ROLE tenant_${t}_loader`),
      'postgres:role tenant_ow2_loader',
    ],
    [
      'policy',
      'ow3',
      (t) =>
        environment.asRoot('POST', `sys/policies/acl/tenant-${t}`, {
          policy: 'path "x" { capabilities = ["read"] }',
        }),
      'vault:policy tenant-ow3',
    ],
    [
      'Transit key',
      'ow4',
      (t) => environment.asRoot('POST', `transit/keys/${t}`, { type: 'aes256-gcm96' }),
      'the Transit key ow4',
    ],
    [
      'workspace',
      'ow5',
      (t) => environment.callAirbyte('POST', '/workspaces', { name: t }),
      'airbyte:workspace ow5',
    ],
  ];

  it.each(inTheWay)(
    '(%s) is refused by name, left as it is, and taken with adopt: true',
    async (_kind, tenant, make, named) => {
      // The mounts are there before somebody makes a key in one.
      await (await environment.stack(`mounts-${tenant}`, {})).run(['apply', '--yes']);
      const first = await environment.stack('mounts', { 'tenants/m.yaml': tenantYaml('mounts') });
      await first.run(['apply', '--yes']);
      await make(tenant);
      const stack = await environment.stack(tenant, { 'tenants/x.yaml': tenantYaml(tenant) });
      const planned = await stack.run(['plan']);
      expect(planned.code).toBe(1);
      expect(planned.stdout).toContain(`NotOwned: ${named} is there already, and Tenantry did not make it`);
      expect(planned.stdout).toContain('→ set adopt: true in the document');
      expect((await stack.run(['apply', '--yes'])).code).toBe(1);
      expect((await stack.run(['plan'])).stdout).toContain(`NotOwned: ${named}`);
      await stack.write('tenants/x.yaml', tenantYaml(tenant, { adopt: true }));
      expect((await stack.run(['apply', '--yes'])).stdout).toContain('Applied: ');
      expect((await stack.run(['plan'])).code).toBe(0);
    },
  );

  it('(source) of that name without our mark is left alone', async () => {
    const text =
      tenantYaml('ow6') + integrationYaml('ow6', 'notion', { sync: { streams: [{ name: 'users' }] } });
    const stack = await environment.stack('ow6', { 'tenants/x.yaml': text });
    await stack.run(['apply', '--yes']);
    await stack.run(['credentials', 'set', 'ow6', 'notion'], { input: 'ntn_token-of-ow6' });
    const { data } = await environment.callAirbyte('GET', '/workspaces?limit=100');
    const workspace = (data as { workspaceId: string; name: string }[]).find(({ name }) =>
      name.startsWith('ow6'),
    );
    await environment.callAirbyte('POST', '/sources', {
      name: 'ow6-notion',
      workspaceId: workspace?.workspaceId,
      configuration: {
        sourceType: 'notion',
        credentials: { auth_type: 'token', token: 'ntn_by-hand-of-ow6' },
      },
    });
    const { code, stdout } = await stack.run(['plan']);
    expect(code).toBe(1);
    expect(stdout).toContain('NotOwned: airbyte:source ow6-notion is there already');
  });

  it('that another stack owns is told with the name of that stack', async () => {
    const one = await environment.stack('owner-one', { 'tenants/x.yaml': tenantYaml('shared-name') });
    expect((await one.run(['apply', '--yes'])).code).toBe(0);
    const two = await environment.stack('owner-two', {
      'platform.yaml': platformYaml('owner-two'),
      'tenants/x.yaml': tenantYaml('shared-name'),
    });
    const { code, stdout } = await two.run(['plan']);
    expect(code).toBe(1);
    expect(stdout).toContain(
      'OwnedByAnother: vault:claim shared-name belongs to cli:owner-one, and this is cli:owner-two',
    );
    expect((await two.run(['apply', '--yes'])).code).toBe(1);
    const set = await two.run(['destroy', 'shared-name', '--confirm', 'shared-name']);
    expect(set.stdout).toContain('No changes');
    expect((await one.run(['plan'])).code).toBe(0);
  });
});
