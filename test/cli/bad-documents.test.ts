/** Wrong documents and folders: a clear error, the next step, exit code 1, and nothing done. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, cliJson, type ErrorDocument } from '../support/cli.ts';
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
afterAll(() => environment.close());

const SECRET = 'ghp_0123456789abcdefghijklmnopqrstuvwxyzAB';
const LONG = `a${'b'.repeat(63)}`;

const MISTAKES: readonly (readonly [string, string, readonly string[]])[] = [
  ['a YAML syntax error', 'kind: Tenant\n  metadata: {\n', ['tenants/x.yaml:']],
  ['an unknown field', tenantYaml('x', { displayNam: 'X' }), ['spec.displayNam', 'displayName']],
  ['a wrong type', tenantYaml('x', { suspend: 'yes' }), ['spec.suspend', '"yes"']],
  [
    'two tenants on one schema',
    tenantYaml('x', { database: { schema: 'one' } }) + tenantYaml('y', { database: { schema: 'one' } }),
    ['schema "one"'],
  ],
  ['a schema of 64 bytes', tenantYaml('x', { database: { schema: LONG } }), ['spec.database.schema', '63']],
  ['a tenant of 64 bytes', tenantYaml(LONG), ['metadata.name']],
  ['an unknown tenant', integrationYaml('nobody', 'notion'), ['nobody']],
  [
    'an unknown integration',
    tenantYaml('x') + integrationYaml('x', 'notoin'),
    ['notoin', 'did you mean "notion"'],
  ],
];

describe.each(MISTAKES)('%s', (name, text, expected) => {
  const stackOf = (): Promise<TestStack> =>
    environment.stack(`bad-${name.replaceAll(/[^a-z0-9]/g, '-').toLowerCase()}`, { 'tenants/x.yaml': text });

  it('is told with its place and what is allowed, and nothing is applied', async () => {
    const stack = await stackOf();
    for (const command of [['validate'], ['plan'], ['apply', '--yes'], ['status']]) {
      const { code, stdout, stderr } = await stack.run(command);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      for (const part of expected) expect(stderr).toContain(part);
      expect(stderr).toMatch(/x\.yaml:\d+:\d+: /);
      expect(stderr).toContain('nothing was applied\n  → correct the document');
    }
    const { keys } = await environment
      .asRoot('GET', 'sys/policies/acl?list=true')
      .then((answer) => answer['data'] as { keys: string[] });
    expect(keys.filter((key) => key.startsWith('tenant-'))).toEqual([]);
  });

  it('is one JSON document with every problem', async () => {
    const { code, json } = await (await stackOf()).json<ErrorDocument>(['validate']);
    expect(code).toBe(1);
    expect(json.error.code).toBe('InvalidDocument');
    expect(json.error.problems?.[0]).toMatchObject({ file: expect.any(String), line: expect.any(Number) });
  });
});

describe('a literal secret', () => {
  it('is refused and never echoed', async () => {
    const stack = await environment.stack('literal', {
      'platform.yaml': platformYaml('literal', { vault: { auth: { method: 'token', token: SECRET } } }),
      'tenants/x.yaml':
        tenantYaml('x', { displayName: SECRET }) +
        integrationYaml('x', 'notion', {
          app: { clientId: 'id', clientSecret: SECRET },
          config: { [SECRET]: 1 },
        }),
    });
    for (const args of [['validate'], ['validate', '--output', 'json'], ['plan'], ['doctor']]) {
      const { code, stdout, stderr } = await stack.run(args);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('${ENV:NAME}');
      expect(stdout + stderr).not.toContain(SECRET);
    }
  });
});

describe('a stack', () => {
  it('that does not exist is told with those that there are', async () => {
    const stack = await environment.stack('there', { 'tenants/x.yaml': tenantYaml('x') });
    const { code, stderr } = await cli(['plan', '--stack', 'ther'], { cwd: stack.cwd });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'StackNotFound: there is no stack "ther"; did you mean "there"? stacks: there\n  → pass --stack with a name under stacks/ or a folder\n',
    );
  });

  it('without platform.yaml says where it belongs', async () => {
    const stack = await environment.stack('no-platform', { 'tenants/x.yaml': tenantYaml('x') });
    await stack.remove('platform.yaml');
    const { code, stderr } = await stack.run(['plan']);
    expect(code).toBe(1);
    expect(stderr).toContain('platform.yaml: the stack has no Platform document');
  });

  it('in an empty folder says what is missing', async () => {
    const stack = await environment.stack('empty', {});
    await stack.remove('platform.yaml');
    const { code, stderr } = await stack.run(['validate']);
    expect(code).toBe(1);
    expect(stderr).toContain('the folder holds no stack');
  });

  it('without tenants is valid and has nothing to do but what all share', async () => {
    const stack = await environment.stack('no-tenants', {});
    expect((await stack.run(['validate'])).stdout).toBe('Valid: 0 tenants, 0 integrations.\n');
    expect((await stack.run(['plan', '--tenant', 'x'])).stderr).toContain('it has no tenants yet');
  });

  it('can be named by the environment', async () => {
    const stack = await environment.stack('by-env', { 'tenants/x.yaml': tenantYaml('x') });
    const env = { TENANTRY_STACK: 'by-env' };
    expect((await cli(['validate'], { cwd: stack.cwd, env })).stdout).toBe(
      'Valid: 1 tenant, 0 integrations.\n',
    );
  });
});

describe('the environment', () => {
  it('with settings missing names all of them at once', async () => {
    const stack = await environment.stack('missing', { 'tenants/x.yaml': tenantYaml('x') });
    const nothing = Object.fromEntries(Object.keys(stack.env).map((name) => [name, '']));
    const { code, stderr } = await stack.run(['plan'], { env: nothing });
    expect(code).toBe(1);
    const names = [
      'VAULT_ADDR',
      'VAULT_TOKEN',
      'PGHOST',
      'PGPASSWORD',
      'AIRBYTE_API_KEY',
      'AIRBYTE_CLIENT_ID',
    ];
    for (const name of names) expect(stderr).toContain(name);
    expect(stderr.split('\n').length).toBeGreaterThan(5);
    expect(await stack.json<ErrorDocument>(['plan'], { env: nothing })).toMatchObject({
      code: 1,
      json: { error: { code: 'MissingSetting' } },
    });
  });

  it('from a file wins over the process, and a file that is not there is an error', async () => {
    const stack = await environment.stack('env-file', { 'tenants/x.yaml': tenantYaml('x') });
    await writeFile(join(stack.cwd, 'wrong.env'), 'VAULT_ADDR=not-a-url\n');
    expect((await stack.run(['plan', '--env-file', 'wrong.env'])).stderr).toContain(
      'VAULT_ADDR must be an http:// or https:// URL',
    );
    const missing = await stack.run(['plan', '--env-file', 'nowhere.env']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('InvalidUsage: cannot read the environment file nowhere.env: ENOENT');
    expect(missing.stderr).toContain('`tenantry dev` writes one');
  });

  it('without a secret that a document refers to stops only what needs it', async () => {
    const stack = await environment.stack('no-secret', {
      'tenants/x.yaml':
        tenantYaml('ns') +
        integrationYaml('ns', 'jira', {
          config: { domain: 'x.atlassian.net', email: 'it@x.example', api_token: '${ENV:NS_JIRA_TOKEN}' },
        }),
    });
    const planned = await stack.run(['plan']);
    expect(planned.code).toBe(1);
    expect(planned.stdout).toContain(
      'SecretNotFound: ${ENV:NS_JIRA_TOKEN} is not there: the variable is not set',
    );
    expect((await stack.run(['apply', '--yes'])).code).toBe(1);
    const mended = { env: { NS_JIRA_TOKEN: 'jira-token-of-ns' } };
    expect((await stack.run(['apply', '--yes'], mended)).code).toBe(0);
    expect((await stack.run(['plan'], mended)).code).toBe(0);
  });
});

describe('a place that cannot be written', () => {
  it('for schema --write is an error with the reason', async () => {
    const stack = await environment.stack('unwritable', {});
    await writeFile(join(stack.cwd, 'file'), '');
    for (const folder of ['file/below', '/dev/null/x']) {
      const { code, stdout, stderr } = await cli(['schema', '--write', folder], { cwd: stack.cwd });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^NotWritable: cannot write below .*\n {2}→ check the permissions/);
    }
    const { code, json } = await cliJson<ErrorDocument>(['schema', '--write', 'file/below'], {
      cwd: stack.cwd,
    });
    expect({ code, error: json.error.code }).toEqual({ code: 1, error: 'NotWritable' });
  });

  it('for dev --data-dir is an error before anything is started', async () => {
    const stack = await environment.stack('dev-data', {});
    await writeFile(join(stack.cwd, 'file'), '');
    const { code, stderr } = await stack.run(['dev', '--once', '--data-dir', 'file/below']);
    expect(code).toBe(1);
    expect(stderr).toContain('NotWritable: ');
    expect(stderr).not.toContain('Internal');
    expect(stderr).not.toContain('for development only');
  });

  it("for dev's environment file is told, and dev goes on without", async () => {
    const stack = await environment.stack('dev-env', {});
    await writeFile(join(stack.cwd, '.tenantry'), '');
    const { code, stderr } = await stack.run(['dev', '--once']);
    expect(stderr).toContain('no file for a second terminal');
    expect(code).toBe(0);
  });

  it('gets no half of a schema: a second run mends it', async () => {
    const stack = await environment.stack('rewrite', {});
    const folder = join(stack.cwd, 'out');
    await mkdir(join(folder, 'schema'), { recursive: true });
    await writeFile(join(folder, 'schema', 'tenant.schema.json'), '{ "half"');
    const { code, stdout } = await cli(['schema', '--write', folder], { cwd: stack.cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('schema/tenant.schema.json');
    expect(await readdir(folder)).toEqual(['crds', 'docs', 'schema']);
    const written = await cli(['schema', 'schema/tenant.schema.json']);
    expect(JSON.parse(written.stdout)).toHaveProperty('$schema');
  });
});
