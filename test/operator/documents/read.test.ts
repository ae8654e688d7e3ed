import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCatalog } from '../../../src/catalog/load.ts';
import type { ParseCache } from '../../../src/operator/documents/parse.ts';
import { invalidObject, type ReadResult, readDocuments } from '../../../src/operator/documents/read.ts';
import type { IntegrationObject, TenantObject } from '../../../src/operator/objects.ts';
import { loadAndCheck } from '../../../src/spec/stack.ts';
import { DELETED, integrationObject, later, tenantObject } from './objects.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const catalog = await loadCatalog();
const { documents: dev } = await loadAndCheck(join(root, 'stacks', 'dev'));
/** The stack of the embedded environment takes some secrets from variables, which in a cluster must be allowed. */
const env = ['GLOBEX_JIRA_API_TOKEN', 'INITECH_SLACK_CLIENT_ID', 'INITECH_SLACK_CLIENT_SECRET'];
const operator = { ...dev.platform.spec.operator, references: { vault: [], env } };
const platform = { ...dev.platform, spec: { ...dev.platform.spec, operator } };

function read(objects: readonly (TenantObject | IntegrationObject)[], cache?: ParseCache): ReadResult {
  return readDocuments({
    tenants: objects.filter((object) => object.kind === 'Tenant'),
    integrations: objects.filter((object) => object.kind === 'TenantIntegration'),
    platform,
    catalog,
    kvMount: 'secret',
    ...(cache && { cache }),
  });
}

const names = (documents: readonly { readonly metadata: { readonly name: string } }[]): string[] =>
  documents.map((document) => document.metadata.name);

/** `Kind namespace/name: path: message` of every problem. */
function problems(result: ReadResult): string[] {
  return [...result.problems].flatMap(([key, list]) =>
    list.map(({ path, message }) => `${key}: ${path}: ${message}`),
  );
}

const notion = (name: string, tenant: string, more: Parameters<typeof integrationObject>[2] = {}) =>
  integrationObject(name, { tenant, integration: 'notion' }, more);

it('gives the documents with their defaults, as loading files does', () => {
  const objects = [
    ...dev.tenants.map(({ metadata, spec }) => tenantObject(metadata.name, { spec })),
    ...dev.integrations.map(({ metadata, spec }) => integrationObject(metadata.name, spec)),
  ];
  const result = read(objects);
  expect(problems(result)).toEqual([]);
  const bare = ({ metadata, spec }: (typeof dev.integrations)[number] | (typeof dev.tenants)[number]) => ({
    name: metadata.name,
    spec,
  });
  expect(result.documents.tenants.map(bare)).toEqual(dev.tenants.map(bare));
  expect(result.documents.integrations.map(bare)).toEqual(dev.integrations.map(bare));
  for (const document of [...result.documents.tenants, ...result.documents.integrations]) {
    expect(result.objectOf(document)?.metadata.name).toBe(document.metadata.name);
  }
});

it('names fields and never a line of a file that nobody has', () => {
  const result = read([
    tenantObject('acme', { spec: { encryption: { rotationPeriod: '1m' } } }),
    integrationObject('acme-github', { tenant: 'acme', integration: 'github', config: { repos: ['a/b'] } }),
  ]);
  expect(problems(result)).toEqual([
    'Tenant prod/acme: spec.encryption.rotationPeriod: must be at least 1h; found "1m"',
    expect.stringContaining(
      'TenantIntegration prod/acme-github: spec.config.repos: unknown setting of github',
    ),
    expect.stringContaining('TenantIntegration prod/acme-github: spec.config.repositories: is required'),
  ]);
  for (const problem of [...result.problems.values()].flat()) {
    expect(Object.keys(problem)).not.toEqual(expect.arrayContaining(['line']));
    expect(problem.file).toBeUndefined();
  }
});

it('refuses a literal secret, and repeats it nowhere', () => {
  const secret = `ghp_${'a1B2'.repeat(9)}`;
  const object = integrationObject('acme-notion', {
    tenant: 'acme',
    integration: 'notion',
    config: { start_date: secret },
  });
  const result = read([tenantObject('acme'), object]);
  expect(problems(result).join()).toContain('a literal secret is not allowed');
  expect(JSON.stringify([...result.problems])).not.toContain(secret);
  expect(
    invalidObject(object, result.problems.get('TenantIntegration prod/acme-notion') ?? []).message,
  ).not.toContain(secret);
});

it('says all mistakes of an object in one message with the next step', () => {
  const object = integrationObject('n', { tenant: 'acme', integration: 'notion', suspend: 1, adopt: 2 });
  const list = read([tenantObject('acme'), object]).problems.get('TenantIntegration prod/n') ?? [];
  const error = invalidObject(object, list);
  expect(error.code).toBe('InvalidDocument');
  expect(error.message).toMatch(/^2 mistakes: spec\.suspend: must be true or false.*; spec\.adopt: must/);
  expect(error.hint).toBe('correct the TenantIntegration and apply it again');
});

it('keeps a valid Tenant when an integration of it is not, and the other way round', () => {
  const result = read([
    tenantObject('acme'),
    notion('acme-notion', 'acme'),
    integrationObject('acme-wiki', { tenant: 'acme', integration: 'wiki' }),
    tenantObject('globex', { spec: { suspend: 'yes' } }),
    notion('globex-notion', 'globex'),
  ]);
  expect(names(result.documents.tenants)).toEqual(['acme']);
  expect(names(result.documents.integrations)).toEqual(['acme-notion']);
  expect(result.units.get('prod/acme')).toMatchObject({ held: true });
  expect(result.units.get('prod/globex')).toMatchObject({ held: true, integrations: [] });
  expect(result.units.get('prod/globex')?.tenant).toBeUndefined();
  expect(Object.fromEntries(result.states)).toEqual({
    'TenantIntegration prod/globex-notion': {
      reason: 'TenantNotReady',
      message: 'the Tenant "globex" is not valid; see its status',
    },
  });
  const held = [...result.held].map(([tenant, objects]) => [tenant, names(objects)]);
  expect(held).toEqual([
    ['globex', ['globex', 'globex-notion']],
    ['acme', ['acme-wiki']],
  ]);
});

it('lets an integration wait for a Tenant that is not there', () => {
  const result = read([notion('acme-notion', 'acme')]);
  expect(result.problems.size).toBe(0);
  expect(result.states.get('TenantIntegration prod/acme-notion')).toEqual({
    reason: 'TenantNotFound',
    message: 'there is no Tenant "acme" in the namespace "prod"',
  });
  expect(result.units.get('prod/acme')).toMatchObject({ integrations: [], held: true });
});

it('does not give an integration to the Tenant of another namespace, and does not hold that one', () => {
  const result = read([tenantObject('acme'), notion('n', 'acme', { meta: { namespace: 'test' } })]);
  expect(result.states.get('TenantIntegration test/n')?.message).toBe(
    'there is no Tenant "acme" in the namespace "test"; the one in the namespace "prod" is another\'s: both must be in one namespace',
  );
  expect(result.documents.integrations).toEqual([]);
  expect(result.units.get('prod/acme')?.held).toBe(false);
  expect(result.held.size).toBe(0);
});

it('leaves a name to the older of two Tenants, valid or not', () => {
  const older = tenantObject('acme', { meta: { namespace: 'z' } });
  const newer = tenantObject('acme', { meta: { namespace: 'a', ...later(1) } });
  const its = notion('n', 'acme', { meta: { namespace: 'a' } });
  for (const spec of [{}, { suspend: 'yes' }]) {
    const result = read([newer, its, { ...older, spec }]);
    expect(result.problems.get('Tenant a/acme')).toEqual([
      { path: 'metadata.name', message: 'the Tenant "acme" is given already in the namespace "z"' },
    ]);
    expect(result.states.get('TenantIntegration a/n')?.reason).toBe('TenantNotReady');
    expect(result.units.get('a/acme')?.tenant).toBeUndefined();
    expect(result.units.get('z/acme')?.tenant !== undefined).toBe(result.problems.size === 1);
  }
});

it('decides between Tenants of one second by namespace, then uid', () => {
  const [a, b] = ['a', 'b'].map((namespace) => tenantObject('acme', { meta: { namespace } }));
  const result = read([b, a] as TenantObject[]);
  expect([...result.problems.keys()]).toEqual(['Tenant b/acme']);
});

it('leaves a name to a Tenant that is being deleted until it is gone', () => {
  const leaving = tenantObject('acme', { meta: { namespace: 'z', ...DELETED } });
  const newer = tenantObject('acme', { meta: { namespace: 'a', ...later(1) } });
  const result = read([leaving, newer]);
  expect([...result.problems.keys()]).toEqual(['Tenant a/acme']);
  expect(result.documents.tenants).toEqual([]);
  expect(names(result.deleting)).toEqual(['acme']);
  expect(read([newer]).problems.size).toBe(0);
});

it('gives an integration of the name of an older one in another namespace a problem', () => {
  const result = read([
    tenantObject('acme'),
    notion('notion', 'acme'),
    tenantObject('globex', { meta: { namespace: 'test' } }),
    notion('notion', 'globex', { meta: { namespace: 'test', ...later(1) } }),
  ]);
  expect(problems(result)).toEqual([
    'TenantIntegration test/notion: metadata.name: the TenantIntegration "notion" is given already in the namespace "prod"',
  ]);
});

it('keeps what is being deleted out of the checks of others, and readable', () => {
  const result = read([
    tenantObject('acme'),
    notion('old', 'acme', { meta: DELETED }),
    notion('new', 'acme', { meta: later(1) }),
    integrationObject('bad', { tenant: 'acme', integration: 'slack', suspend: 1 }, { meta: DELETED }),
  ]);
  expect(problems(result)).toEqual([]);
  expect(names(result.documents.integrations)).toEqual(['new']);
  expect(names(result.units.get('prod/acme')?.leaving ?? [])).toEqual(['bad', 'old']);
  expect(names(result.deleting)).toEqual(['old', 'bad']);
  expect(result.units.get('prod/acme')?.held).toBe(false);
});

it('keeps a Tenant that is being deleted for the integrations that need it', () => {
  const result = read([
    tenantObject('acme', { meta: DELETED, spec: { deletionPolicy: 'Delete', suspend: 'yes' } }),
    notion('n', 'acme'),
  ]);
  expect(result.documents).toMatchObject({ tenants: [], integrations: [] });
  expect(result.problems.size).toBe(0);
  const unit = result.units.get('prod/acme');
  // What is certain of it stays: what it says about its data above all.
  expect(unit?.tenant?.spec).toMatchObject({ deletionPolicy: 'Delete', suspend: false });
  // Nothing is made for it any more; what there is of its integrations stays until they are deleted.
  expect(unit).toMatchObject({ refused: true, integrations: [] });
});

const schema = (name: string) => ({ database: { schema: name } });

it('gives a schema to the older Tenant, whichever of them spells it out', () => {
  for (const [first, second] of [
    ['x-y', 'b'],
    ['b', 'x-y'],
  ] as const) {
    const spec = (name: string) => (name === 'b' ? schema('tenant_x_y') : {});
    const result = read([
      tenantObject(first, { spec: spec(first) }),
      tenantObject(second, { spec: spec(second), meta: later(1) }),
    ]);
    expect([...result.problems.keys()]).toEqual([`Tenant prod/${second}`]);
    expect(problems(result)[0]).toContain('the schema "tenant_x_y" belongs to the Tenant');
  }
});

it('never lets an edited namespace take the schema of a Tenant that has it', () => {
  const greedy = integrationObject('greedy', {
    tenant: 'acme',
    integration: 'notion',
    sync: { namespace: 'tenant_globex' },
  });
  const globex = tenantObject('globex', { meta: later(5), status: { schema: 'tenant_globex' } });
  expect(problems(read([tenantObject('acme'), greedy, globex]))).toEqual([
    'TenantIntegration prod/greedy: spec.sync.namespace: "tenant_globex" is the schema of another tenant, "globex" in the namespace "prod"',
  ]);
});

it('never lets a new Tenant take a namespace that an integration writes to', () => {
  const writer = integrationObject(
    'writer',
    { tenant: 'acme', integration: 'notion', sync: { namespace: 'shared' } },
    { status: { namespace: 'shared' } },
  );
  const taker = tenantObject('globex', { spec: schema('shared'), meta: later(5) });
  expect(problems(read([tenantObject('acme'), writer, taker]))).toEqual([
    'Tenant prod/globex: spec.database.schema: the schema "shared" is used for another tenant, "acme" in the namespace "prod"',
  ]);
});

it('never lets an older integration take, by an edit, a namespace that a younger one writes to', () => {
  const sync = { namespace: 'shared' };
  const editor = integrationObject('editor', { tenant: 'acme', integration: 'notion', sync });
  const writer = integrationObject(
    'writer',
    { tenant: 'globex', integration: 'notion', sync },
    { meta: later(9), status: { namespace: 'shared' } },
  );
  const result = read([tenantObject('acme'), tenantObject('globex'), editor, writer]);
  expect([...result.problems.keys()]).toEqual(['TenantIntegration prod/editor']);
});

it('leaves its places to a document that became invalid, so that nobody takes them meanwhile', () => {
  const broken = tenantObject('acme', { spec: { ...schema('shared'), suspend: 'yes' } });
  const taker = tenantObject('globex', { spec: schema('shared'), meta: later(1) });
  expect([...read([broken, taker]).problems.keys()]).toEqual(['Tenant prod/acme', 'Tenant prod/globex']);
  // A mistake against the catalog does not give its places away either.
  const misconfigured = integrationObject('a', {
    tenant: 'acme',
    integration: 'notion',
    config: { nonsense: 1 },
    sync: { namespace: 'other' },
  });
  const other = integrationObject(
    'b',
    { tenant: 'globex', integration: 'notion', sync: { namespace: 'other' } },
    { meta: later(1) },
  );
  const result = read([tenantObject('acme'), tenantObject('globex'), misconfigured, other]);
  expect([...result.problems.keys()]).toEqual(['TenantIntegration prod/a', 'TenantIntegration prod/b']);
});

it('lets a document stand in nobody’s way that never got what it wants', () => {
  const result = read([
    tenantObject('a', { spec: schema('one') }),
    // Refused because of a; so it does not keep c from its namespace.
    tenantObject('b', { spec: schema('one'), meta: later(1) }),
    integrationObject('b-notion', { tenant: 'b', integration: 'notion', sync: { namespace: 'two' } }),
    tenantObject('c', { spec: schema('two'), meta: later(2) }),
  ]);
  expect([...result.problems.keys()]).toEqual(['Tenant prod/b']);
  expect(result.states.get('TenantIntegration prod/b-notion')?.reason).toBe('TenantNotReady');
  expect(names(result.documents.tenants)).toEqual(['a', 'c']);
});

it('reads what did not change once, and what changed again', () => {
  const cache: ParseCache = new Map();
  const acme = tenantObject('acme');
  const first = read([acme], cache).documents.tenants[0];
  // A status makes a new object of the same generation.
  const touched = { ...acme, metadata: { ...acme.metadata, resourceVersion: '2' } };
  expect(read([touched], cache).documents.tenants[0]).toBe(first);
  const changed = { ...acme, spec: { suspend: true }, metadata: { ...acme.metadata, generation: 2 } };
  expect(read([changed], cache).documents.tenants[0]?.spec.suspend).toBe(true);
  read([], cache);
  expect(cache.size).toBe(0);
});

it('takes an object without a spec as a mistake, not as a fault', () => {
  const broken = { ...tenantObject('acme'), spec: undefined } as unknown as TenantObject;
  const orphan = { ...notion('n', 'acme'), spec: undefined } as unknown as IntegrationObject;
  expect([...read([broken, orphan]).problems.keys()].sort()).toEqual([
    'Tenant prod/acme',
    'TenantIntegration prod/n',
  ]);
});

it('takes a field by the name of what every object has as an unknown field', () => {
  const spec = { tenant: 'acme', integration: 'notion', toString: 0, constructor: {} };
  const result = read([tenantObject('acme'), integrationObject('n', spec)]);
  expect(problems(result)).toEqual([
    expect.stringContaining('spec.constructor: unknown field "constructor"'),
    expect.stringContaining('spec.toString: unknown field "toString"'),
  ]);
});

it('reads 4,000 objects in less than a blink', () => {
  const tenants = Array.from({ length: 1000 }, (_, index) => tenantObject(`t${index}`));
  const kinds = [
    { integration: 'notion' },
    { integration: 'github', config: { repositories: ['a/b'] } },
    { integration: 'slack', config: { start_date: '2026-01-01T00:00:00Z' } },
  ];
  const integrations = tenants.flatMap(({ metadata: { name } }) =>
    kinds.map((spec) => integrationObject(`${name}-${spec.integration}`, { tenant: name, ...spec })),
  );
  const took = [0, 1, 2].map(() => {
    const began = performance.now();
    expect(problems(read([...tenants, ...integrations]))).toEqual([]);
    return performance.now() - began;
  });
  // Ten times of what it takes on an idle machine.
  expect(Math.min(...took)).toBeLessThan(800);
});
