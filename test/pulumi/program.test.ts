import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { draftSettings } from '../../src/clients/settings.ts';
import { TenantryError } from '../../src/errors.ts';
import { buildGraph } from '../../src/plan/build.ts';
import { readable } from '../../src/pulumi/failure.ts';
import { runStack } from '../../src/pulumi/run.ts';
import { planSettings } from '../../src/reconcile/run.ts';
import { type MockOptions, record } from '../support/pulumi-mocks.ts';
import { recordStack, SECRETS, setEnvironment } from '../support/pulumi-program.ts';
import { documentsOf, integrationYaml, platformYaml, type Stack, tenantYaml } from '../support/world.ts';

beforeEach(setEnvironment);

const github = (tenant: string, spec: object = {}): string =>
  integrationYaml(tenant, 'github', { config: { repositories: ['a/b'] }, ...spec });

const JIRA = { domain: 'globex.atlassian.net', email: 'sync@globex.example', api_token: '${ENV:JIRA_TOKEN}' };

/** A stack with one of everything: audit, own schemas, a shared app, several tenants. */
const MANY = [
  platformYaml('dev', {
    vault: { audit: [{ type: 'file', filePath: 'stdout' }] },
  }),
  tenantYaml('acme'),
  integrationYaml('acme', 'notion', { sync: { namespace: 'acme_notion' } }),
  github('acme'),
  tenantYaml('globex', { deletionPolicy: 'Delete', suspend: true }),
  integrationYaml('globex', 'jira', { config: JIRA }),
  tenantYaml('initech', { managementPolicy: 'Observe' }),
  integrationYaml('initech', 'notion'),
].join('');

function graphOf({ documents, catalog }: Stack): ReturnType<typeof buildGraph> {
  const { settings } = draftSettings(documents.platform, process.env);
  return buildGraph(documents, catalog, planSettings(settings, documents.platform));
}

describe('program', () => {
  test('registers what every driver plans, each once, and nothing else', async () => {
    const graph = graphOf(await documentsOf(MANY));
    const { result, resources } = await recordStack(MANY);
    const wanted = graph.resources().filter(({ observeOnly }) => !observeOnly);
    expect([...result.platform.registry.ids].sort()).toEqual(wanted.map(({ id }) => id).sort());
    expect(new Set(resources.map(({ urn }) => urn)).size).toBe(resources.length);
  });

  test('is the same in whatever order the documents come', async () => {
    const documents = MANY.split(/^---\n/m);
    const urns = async (yaml: string): Promise<string[]> => {
      const { resources } = await recordStack(yaml);
      return resources
        .map(({ urn, dependencies }) => `${urn} after ${[...dependencies].sort().join()}`)
        .sort();
    };
    const [platform = '', ...rest] = documents;
    expect(await urns([platform, ...rest.reverse()].join('---\n'))).toEqual(await urns(MANY));
  });

  test('reads like the documents: resources stand below their tenant and integration', async () => {
    const { one } = await recordStack(MANY);
    const tenant = one('tenantry:index:Tenant', 'acme');
    const integration = one('tenantry:index:TenantIntegration', 'acme-notion');
    expect(integration.parent).toBe(tenant.urn);
    expect(one('vault:index/policy:Policy', 'acme-policy').parent).toBe(tenant.urn);
    expect(one('postgresql:index/schema:Schema', 'acme.acme_notion').parent).toBe(tenant.urn);
    expect(one('tenantry:index:Source', 'acme-notion-source').parent).toBe(integration.urn);
    expect(one('vault:index/mount:Mount', 'secret').parent).toBe(one('tenantry:index:Platform', 'dev').urn);
  });

  test('claims the tenant first: everything else of it comes after, directly or not', async () => {
    const { resources, one } = await recordStack(MANY);
    const claim = one('tenantry:index:Claim', 'acme-claim').urn;
    const byUrn = new Map(resources.map((each) => [each.urn, each]));
    const comesAfter = (urn: string): boolean =>
      urn === claim || (byUrn.get(urn)?.dependencies ?? []).some(comesAfter);
    const own = resources.filter(({ name, custom }) => custom && /^acme[-.]/.test(name));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter(({ urn }) => !comesAfter(urn)).map(({ name }) => name)).toEqual([]);
  });

  test('grants one after the other, over all tenants', async () => {
    const { resources } = await recordStack(MANY);
    const turns = resources.filter(({ type }) => /^postgresql:index\/(grant|defaultPrivileges):/.test(type));
    const urns = new Set(turns.map(({ urn }) => urn));
    const before = turns.map(({ dependencies }) => dependencies.filter((urn) => urns.has(urn)));
    expect(turns).toHaveLength(15);
    expect(before.filter((each) => each.length === 0)).toHaveLength(1);
    // Each follows another one: a chain, not a tree.
    expect(new Set(before.flat()).size).toBe(turns.length - 1);
  });

  test('hands no secret to Pulumi but what Postgres keeps of the password', async () => {
    vi.stubEnv('JIRA_TOKEN', 'canary-jira-token');
    const { resources, one, logs } = await recordStack(MANY);
    const text = JSON.stringify(resources) + logs.join('\n');
    for (const secret of [...Object.values(SECRETS), 'canary-jira-token', 'password-of-the-loader']) {
      expect(text).not.toContain(secret);
    }
    const { passwordWo, passwordWoVersion } = one('postgresql:index/role:Role', 'acme-loader').inputs;
    // Pulumi's envelope of a secret.
    expect(passwordWo).toMatchObject({
      '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
    });
    expect((passwordWo as { value: string }).value).toMatch(/^SCRAM-SHA-256\$4096:/);
    expect(passwordWoVersion).toBe('1@2026-01-01T00:00:00Z');
  });

  test('the verifier of a password is the same in each run', async () => {
    const verifier = async (): Promise<unknown> =>
      (await recordStack(tenantYaml('acme'))).one('postgresql:index/role:Role', 'acme-loader').inputs[
        'passwordWo'
      ];
    expect(await verifier()).toEqual(await verifier());
  });

  test('secrets of sources stay references, with their versions beside them', async () => {
    const { one } = await recordStack(MANY);
    const { configuration, secretVersion } = one('tenantry:index:Source', 'globex-jira-source').inputs;
    expect(JSON.stringify(configuration)).toContain('${ENV:JIRA_TOKEN}');
    expect(secretVersion).toEqual(['version of ${ENV:JIRA_TOKEN}']);
  });

  test('what holds data stays with Retain and goes with Delete; what all share stays', async () => {
    const { resources } = await recordStack(MANY);
    const kept = (name: string): string[] =>
      resources
        .filter((each) => each.custom && each.retainOnDelete && each.name.startsWith(name))
        .map((each) => each.name)
        .sort();
    expect(kept('acme')).toEqual([
      'acme-claim',
      'acme-key',
      'acme-loader-password',
      'acme-schema',
      'acme.acme_notion',
    ]);
    expect(kept('globex')).toEqual([]);
    expect(kept('gateway')).toEqual(['gateway-service']);
    expect(kept('secret')).toEqual(['secret']);
  });
});

test('what Airbyte has under an id is handed to the provider by that id', async () => {
  const id = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
  const airbyte = { workspaceId: id(1), destinationId: id(2) };
  const { one } = await recordStack(
    tenantYaml('acme', { adopt: true, airbyte }) +
      integrationYaml('acme', 'notion', { adopt: true, airbyte: { sourceId: id(3), connectionId: id(4) } }),
  );
  const adopted = (type: string, name: string): unknown =>
    one(`tenantry:index:${type}`, name).inputs['adoptId'];
  expect(adopted('Workspace', 'acme-workspace')).toBe(id(1));
  expect(adopted('Destination', 'acme-destination')).toBe(id(2));
  expect(adopted('Source', 'acme-notion-source')).toBe(id(3));
  expect(adopted('Connection', 'acme-notion-connection')).toBe(id(4));
});

describe('gates', () => {
  const yaml = tenantYaml('acme') + integrationYaml('acme', 'notion') + github('acme');
  const notConnected = { credentials: { 'acme/notion': { connected: false, tokenVersion: '0' } } };

  test('of an integration that is not connected only the place of the credential is registered', async () => {
    const { resources, logs, result } = await recordStack(yaml, notConnected);
    const own = resources.filter(({ name }) => name.startsWith('acme-notion-')).map(({ name }) => name);
    expect(own).toEqual(['acme-notion-credential']);
    expect(resources.map(({ name }) => name)).toContain('acme-github-connection');
    const waiting = 'waiting for acme to connect notion: make a link: tenantry connect acme notion';
    expect(logs.join('\n')).toContain(waiting);
    expect(result.outputs.waiting).toEqual([waiting]);
    expect(result.outputs.tenants['acme']?.integrations['acme-notion']).toMatchObject({
      connected: false,
      nextStep: 'make a link: tenantry connect acme notion',
    });
  });

  test('after the connect the rest is registered', async () => {
    const { resources, logs, result } = await recordStack(yaml);
    const names = resources.map(({ name }) => name);
    for (const part of ['source', 'connection', 'first-sync']) expect(names).toContain(`acme-notion-${part}`);
    expect(logs).toEqual([]);
    expect(result.outputs.waiting).toEqual([]);
  });

  test('a source stays when its tenant disconnects, and is not changed without a token', async () => {
    const credentials = { 'acme/notion': { connected: false, hasSource: true } };
    const { one, result } = await recordStack(yaml, { credentials });
    const { ignoreChanges } = one('tenantry:index:Source', 'acme-notion-source');
    expect(ignoreChanges).toEqual(['configuration', 'secretVersion', 'absent']);
    expect(one('tenantry:index:Source', 'acme-github-source').ignoreChanges).toEqual([]);
    expect(result.outputs.waiting).toHaveLength(1);
  });

  test('a token that will be encrypted has the version that the resource tells', async () => {
    const credentials = { 'acme/notion': { encrypted: false } };
    const { one } = await recordStack(yaml, { credentials });
    expect(one('tenantry:index:Source', 'acme-notion-source').inputs['secretVersion']).toEqual(['7']);
    expect(one('tenantry:index:Source', 'acme-github-source').inputs['secretVersion']).toEqual(['1']);
  });
});

describe('what is not this stack’s to make', () => {
  test('a tenant that is only observed is named, and nothing of it is registered', async () => {
    const { resources, logs, result } = await recordStack(MANY);
    const own = resources.filter(({ name, custom }) => custom && name.startsWith('initech'));
    expect(own).toEqual([]);
    expect(logs.filter((line) => line.includes('only observed'))).toHaveLength(2);
    expect(result.outputs.tenants['initech']?.schema).toBeDefined();
  });

  test('mounts and policies of another stack are used as they are', async () => {
    const othersShared = new Set(['vault:mount/secret', 'vault:policy/gateway-service']);
    const { of, one } = await recordStack(tenantYaml('acme'), { othersShared });
    expect([...of('vault:index/mount:Mount').keys()]).toEqual(['transit']);
    expect([...of('vault:index/policy:Policy').keys()]).toEqual(['acme-policy']);
    const transit = one('vault:index/mount:Mount', 'transit');
    expect(transit.inputs['description']).toBe('tenantry: owner=pulumi:tenantry/dev');
    expect(one('tenantry:index:Claim', 'acme-claim').dependencies).toContain(transit.urn);
  });
});

describe('a schema that is there already', () => {
  const ifNotExists = async (options?: MockOptions, spec?: object): Promise<unknown> => {
    const { one } = await recordStack(tenantYaml('acme', spec), options);
    return one('postgresql:index/schema:Schema', 'acme-schema').inputs['ifNotExists'];
  };

  test('is not taken, unless the tenant was this stack’s before or the document adopts', async () => {
    expect(await ifNotExists()).toBe(false);
    expect(await ifNotExists({ claims: { acme: 'cli:prod' } })).toBe(false);
    expect(await ifNotExists({ claims: { acme: 'pulumi:tenantry/dev' } })).toBe(true);
    expect(await ifNotExists({}, { adopt: true })).toBe(true);
  });
});

describe('a policy that is there already', () => {
  const failing = { 'tenantry:index:getShared tenant-acme': new Error('NotOwned: somebody made it') };
  const claimed = { failing, claims: { acme: 'pulumi:tenantry/dev' } };

  test('is refused before the tenant is claimed, unless it was this stack’s or the document adopts', async () => {
    await expect(recordStack(tenantYaml('acme'), { failing })).rejects.toThrow('somebody made it');
    await expect(recordStack(tenantYaml('acme'), claimed)).resolves.toBeDefined();
    await expect(recordStack(tenantYaml('acme', { adopt: true }), { failing })).resolves.toBeDefined();
  });
});

test('a secret that is not there fails the run', async () => {
  const failing = { 'tenantry:index:getSecretVersion': new Error('SecretNotFound: ${ENV:JIRA_TOKEN}') };
  await expect(recordStack(MANY, { failing })).rejects.toThrow('SecretNotFound');
});

test('what Pulumi writes in front of a message, once for each resource that waits, is not told', () => {
  const error = readable(new TenantryError('SecretNotFound', '${ENV:X} is not there')) as Error;
  error.message = `error serializing property "password": ${error.message}`;
  expect(error.message).toMatch(/^SecretNotFound: \$\{ENV:X\} is not there\n {2}→ store the value/);
  expect(error.stack).toBe(error.message);
});

test('what the provider refuses is told without a stack of calls; a bug keeps its own', () => {
  const refused = new Error(
    'invocation of tenantry:index:getShared returned an error: NotOwned: it is there',
  );
  expect(readable(refused)).toMatchObject({ message: 'NotOwned: it is there' });
  expect(pulumi.RunError.isInstance(readable(refused))).toBe(true);
  const bug = new Error('no registration');
  expect(readable(bug)).toBe(bug);
});

describe('the folder of the stack', () => {
  test('is the Pulumi stack’s, or what tenantry:stack names; mistakes are told with file and line', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tenantry-pulumi-'));
    try {
      await mkdir(join(root, 'stacks', 'prod'), { recursive: true });
      await writeFile(
        join(root, 'stacks', 'prod', 'platform.yaml'),
        `${platformYaml('prod')}${tenantYaml('acme')}`,
      );
      await expect(record(() => runStack(root))).rejects.toThrow(
        /there is no stack "dev".*stacks: prod.*pulumi config set tenantry:stack/s,
      );
      pulumi.runtime.setAllConfig({ 'tenantry:stack': 'prod' });
      const { result } = await record(() => runStack(root));
      expect(Object.keys(result.tenants)).toEqual(['acme']);
      await writeFile(join(root, 'stacks', 'prod', 'platform.yaml'), `${platformYaml('prod')}spec2: {}\n`);
      const failure = await record(() => runStack(root)).catch((error: unknown) => error);
      expect(pulumi.RunError.isInstance(failure)).toBe(true);
      expect(String(failure)).toMatch(
        /^Error: stacks.prod.platform\.yaml:\d+:\d+: .*unknown field.*tenantry validate --stack prod/s,
      );
    } finally {
      pulumi.runtime.setAllConfig({});
      await rm(root, { recursive: true, force: true });
    }
  });

  test('settings that are missing are named all at once', async () => {
    vi.stubEnv('VAULT_ADDR', '');
    vi.stubEnv('PGHOST', '');
    await expect(recordStack(tenantYaml('acme'))).rejects.toThrow(
      /spec\.vault\.address.*spec\.postgres\.host.*\. \.tenantry\/dev\.env; set \+a/s,
    );
  });
});
