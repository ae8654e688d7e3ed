import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadStack, resolveStack } from '../../src/spec/load.ts';
import { integration, problemsOf, type StackFiles, tenant, withStack } from './stack-folder.ts';

const HEAD = 'apiVersion: tenantry.dev/v1alpha1\nkind: Tenant\n';
const LITERAL = 'a literal secret is not allowed here; write a reference: ${VAULT:path:key} or ${ENV:NAME}';

/** One mistake: the document as a person wrote it, and the line that the person gets. */
const MISTAKES: readonly (readonly [name: string, text: string, problem: string])[] = [
  [
    'an unknown field',
    `${HEAD}metadata:\n  name: acme\nspec:\n  displayname: Acme\n`,
    'tenants/t.yaml:6:3 spec.displayname: unknown field "displayname"; did you mean "displayName"? Allowed here: displayName, database, encryption, quotas, deletionPolicy, adopt, airbyte, managementPolicy, suspend',
  ],
  [
    'an unknown field that is like no other',
    `${HEAD}metadata:\n  name: acme\n  colour: red\nspec: {}\n`,
    'tenants/t.yaml:5:3 metadata.colour: unknown field "colour"; allowed here: name, namespace, labels, annotations',
  ],
  [
    'a missing field',
    `${HEAD}metadata:\n  labels: {}\nspec: {}\n`,
    'tenants/t.yaml:3:1 metadata.name: the field "name" is required: Name of the document, unique among its kind in a stack.',
  ],
  [
    'a missing part at the top',
    `# a comment\n${HEAD}spec: {}\n`,
    'tenants/t.yaml:2:1 metadata: the field "metadata" is required: Name and labels of the document.',
  ],
  [
    'a wrong word',
    tenant('acme', '\n  deletionPolicy: retain'),
    'tenants/t.yaml:5:19 spec.deletionPolicy: must be one of "Retain", "Delete"; found "retain"; did you mean "Retain"?',
  ],
  [
    'a word of YAML 1.1 for a boolean',
    tenant('acme', '\n  suspend: yes'),
    'tenants/t.yaml:5:12 spec.suspend: must be true or false; found "yes"; did you mean true?',
  ],
  [
    'a number in quotes',
    tenant('acme', '\n  quotas: { syncsPerDay: "10" }'),
    'tenants/t.yaml:5:26 spec.quotas.syncsPerDay: must be a whole number; found "10"; remove the quotes',
  ],
  [
    'a fraction',
    tenant('acme', '\n  quotas: { syncsPerDay: 1.5 }'),
    'tenants/t.yaml:5:26 spec.quotas.syncsPerDay: must be a whole number; found the number 1.5',
  ],
  [
    'a number without quotes where text is wanted',
    tenant('acme', '\n  displayName: 2024'),
    'tenants/t.yaml:5:16 spec.displayName: must be text; found the number 2024; put it in quotes',
  ],
  [
    'a number that is too big',
    tenant('acme', '\n  database:\n    connectionLimit: 5000'),
    'tenants/t.yaml:6:22 spec.database.connectionLimit: must be at most 1000; found the number 5000',
  ],
  [
    'nothing in a list',
    integration('acme-notion', { tenant: 'acme', integration: 'notion' }, '  scopes:\n    - read\n    -\n'),
    'tenants/t.yaml:9:6 spec.scopes[1]: must be text; found nothing (null)',
  ],
  [
    'a required field without a value',
    integration('acme-notion', { tenant: '', integration: 'notion' }),
    'tenants/t.yaml:5:3 spec.tenant: the field "tenant" is required: Name of the Tenant. Cannot be changed later.',
  ],
  [
    'a name that is no DNS label',
    tenant('Acme_Inc'),
    'tenants/t.yaml:3:19 metadata.name: must be lower-case letters, digits and "-", beginning and ending with a letter or digit (RFC 1123 label); found "Acme_Inc"',
  ],
  [
    'a duration that is too short',
    tenant('acme', '\n  encryption: { rotationPeriod: 59m59s }'),
    'tenants/t.yaml:5:33 spec.encryption.rotationPeriod: must be at least 1h; found "59m59s"',
  ],
  [
    'a reserved schema',
    tenant('acme', '\n  database: { schema: public }'),
    'tenants/t.yaml:5:23 spec.database.schema: must not begin with "pg_" or "tenantry_" nor be "public", "information_schema" or "tenantry" (reserved); found "public"',
  ],
  [
    'a schedule that is no cron expression',
    integration('acme-notion', { tenant: 'acme', integration: 'notion' }, '  sync:\n    schedule: hourly\n'),
    'tenants/t.yaml:8:15 spec.sync.schedule: must be "manual" or a cron expression of 5 fields (minute hour day month weekday; H for any minute or hour), in UTC, with days of the month or of the week, not both; found "hourly"',
  ],
  [
    'a range that runs backwards',
    integration(
      'acme-notion',
      { tenant: 'acme', integration: 'notion' },
      '  sync: { schedule: 0 20-8 * * * }\n',
    ),
    'tenants/t.yaml:7:21 spec.sync.schedule: has a range that runs backwards; write the lower end first; found "0 20-8 * * *"',
  ],
  [
    'a wrong word deep in a list',
    integration(
      'acme-notion',
      { tenant: 'acme', integration: 'notion' },
      '  sync:\n    streams:\n      - name: users\n      - { name: pages, syncMode: full }\n',
    ),
    'tenants/t.yaml:10:34 spec.sync.streams[1].syncMode: must be one of "full_refresh_overwrite", "full_refresh_append", "incremental_append", "incremental_deduped_history"; found "full"',
  ],
  [
    'a literal secret',
    integration(
      'acme-notion',
      { tenant: 'acme', integration: 'notion' },
      '  app: { clientId: a, clientSecret: hunter2 }\n',
    ),
    `tenants/t.yaml:7:37 spec.app.clientSecret: ${LITERAL}`,
  ],
  [
    'an unknown kind',
    tenant('acme').replace('kind: Tenant', 'kind: Tennant'),
    'tenants/t.yaml:2:7 kind: must be one of Platform, Tenant, TenantIntegration; found "Tennant"; did you mean "Tenant"?',
  ],
  [
    'another version of the API',
    tenant('acme').replace('v1alpha1', 'v1'),
    'tenants/t.yaml:1:13 apiVersion: must be "tenantry.dev/v1alpha1"; found "tenantry.dev/v1"',
  ],
  [
    'a document without a kind',
    'apiVersion: tenantry.dev/v1alpha1\nmetadata: {}\n',
    'tenants/t.yaml:1:1 kind: the field "kind" is required; must be one of Platform, Tenant, TenantIntegration',
  ],
  [
    'a document that is a list',
    '- a\n- b\n',
    'tenants/t.yaml:1:1 a document must be a mapping with apiVersion, kind, metadata and spec; found a list',
  ],
  [
    'a tab',
    `${HEAD}metadata:\n\tname: acme\n`,
    'tenants/t.yaml:4:1 a tab cannot be used to indent; use spaces',
  ],
  [
    'a key that is given twice',
    tenant('acme', '\n  suspend: true\n  suspend: false'),
    'tenants/t.yaml:6:3 the key "suspend" is given twice',
  ],
  [
    'an alias without an anchor',
    tenant('acme', ' *base'),
    'tenants/t.yaml:1:1 an alias (*name) has no anchor (&name) before it',
  ],
  [
    'an alias inside its own anchor',
    integration('n', { tenant: 'acme', integration: 'notion' }, '  config: &all { all: *all }\n'),
    'tenants/t.yaml:1:1 an alias (*name) stands inside its own anchor (&name)',
  ],
  [
    'an unknown tag',
    tenant('acme', '\n  displayName: !upper acme'),
    'tenants/t.yaml:5:16 unknown YAML tag (!name); Tenantry has none of its own',
  ],
  [
    'a label that Kubernetes would refuse',
    `${HEAD}metadata:\n  name: acme\n  labels:\n    tier: "gold plus"\nspec: {}\n`,
    'tenants/t.yaml:6:11 metadata.labels.tier: must be a Kubernetes label value: at most 63 letters, digits, "-", "_" and "."; found "gold plus"',
  ],
];

describe('a mistake in a document is shown with its place, what was found and what is allowed', () => {
  it.each(MISTAKES)('%s', async (_name, text, problem) => {
    await withStack({ 'tenants/t.yaml': text }, async (dir) => {
      expect(await problemsOf(dir, loadStack)).toEqual([problem]);
    });
  });
});

describe('loading a stack', () => {
  it('reads documents from all files and folders and sorts them by name', async () => {
    const files: StackFiles = {
      'tenants/z.yaml': `${tenant('b')}---\n${tenant('a')}`,
      'tenants/deep/er/one.yml': integration('b-notion', { tenant: 'b', integration: 'notion' }),
      'tenants/deep/.hidden.yaml': 'not: read',
      'tenants/notes.txt': 'not: read',
      'integrations/own.yaml': 'id: own',
    };
    await withStack(files, async (dir) => {
      const documents = await loadStack(dir);
      expect(documents.tenants.map(({ metadata, source }) => [metadata.name, source])).toEqual([
        ['a', { file: join(dir, 'tenants/z.yaml'), line: 6 }],
        ['b', { file: join(dir, 'tenants/z.yaml'), line: 1 }],
      ]);
      expect(documents.integrations.map(({ metadata }) => metadata.name)).toEqual(['b-notion']);
      expect(documents.platform.spec.vault.concurrency).toBe(32);
    });
  });

  it('takes a field without a value as absent, as the Kubernetes API server does', async () => {
    const text = tenant('acme', '\n  database:\n  quotas: { syncsPerDay: ~ }\n  suspend:');
    const config = integration(
      'n',
      { tenant: 'acme', integration: 'notion' },
      '  sync:\n  config: { a: ~ }\n',
    );
    await withStack({ 'tenants/t.yaml': `${text}---\n${config}` }, async (dir) => {
      const { tenants, integrations } = await loadStack(dir);
      expect(tenants[0]?.spec).toMatchObject({
        database: { connectionLimit: 10 },
        quotas: {},
        suspend: false,
      });
      expect(integrations[0]?.spec).toMatchObject({ sync: { schedule: 'manual' }, config: { a: null } });
    });
  });

  it('shows the mistakes of all files in one run, in the order of files and lines', async () => {
    const files: StackFiles = {
      'platform.yaml': `apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: { name: dev }\nspec: { vualt: {} }\n`,
      'tenants/b.yaml': `${tenant('b', '\n  suspend: 1\n  adopt: 2')}---\n- x\n---\na: "b\n`,
      'tenants/a.yaml': tenant('A'),
    };
    await withStack(files, async (dir) => {
      const places = (await problemsOf(dir, loadStack)).map((problem) => problem.split(' ', 1)[0]);
      expect(places).toEqual([
        'platform.yaml:4:9',
        'tenants/a.yaml:3:19',
        'tenants/b.yaml:5:12',
        'tenants/b.yaml:6:10',
        'tenants/b.yaml:8:1',
        'tenants/b.yaml:11:1',
      ]);
    });
  });

  it('takes anchors, aliases and merge keys, and finds mistakes behind them', async () => {
    const text = `${tenant('a', ' &base\n  database: &db\n    connectionLimit: 5')}`;
    const second = tenant('b', '\n  database: &db\n    connectionLimit: 5\n  quotas: &q { syncsPerDay: x }');
    const third = `apiVersion: tenantry.dev/v1alpha1\nkind: Tenant\nmetadata: { name: c, labels: &l { tier: gold }, annotations: { <<: *l } }\nspec: {}\n`;
    await withStack({ 'tenants/t.yaml': [text, second, third].join('---\n') }, async (dir) => {
      expect(await problemsOf(dir, loadStack)).toEqual([
        'tenants/t.yaml:14:29 spec.quotas.syncsPerDay: must be a whole number; found "x"',
      ]);
    });
    await withStack({ 'tenants/t.yaml': third }, async (dir) => {
      const { tenants } = await loadStack(dir);
      expect(tenants[0]?.metadata.annotations).toEqual({ tier: 'gold' });
    });
  });

  it('refuses aliases that expand without end', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i += 1)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    await withStack({ 'tenants/t.yaml': `${lines.join('\n')}\n` }, async (dir) => {
      expect(await problemsOf(dir, loadStack)).toEqual([
        'tenants/t.yaml:1:1 the aliases of this document expand to too much',
      ]);
    });
  });

  it('asks for a Platform, and for one only', async () => {
    await withStack({ 'platform.yaml': '# none\n', 'tenants/t.yaml': tenant('a') }, async (dir) => {
      expect(await problemsOf(dir, loadStack)).toEqual([
        'platform.yaml the stack has no Platform document; every stack needs one, here',
      ]);
    });
    const second = 'apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: { name: b }\nspec: {}\n';
    await withStack({ 'tenants/p.yaml': second }, async (dir) => {
      expect(await problemsOf(dir, loadStack)).toEqual([
        'tenants/p.yaml:2:7 kind: a stack has one Platform; the first is at platform.yaml:2',
      ]);
    });
  });

  it('says so when the folder holds no stack', async () => {
    await withStack({}, async (dir) => {
      const empty = join(dir, 'empty');
      await mkdir(empty);
      expect(await problemsOf(empty, loadStack)).toEqual([
        `${empty} the folder holds no stack: neither platform.yaml nor a YAML file below tenants/`,
      ]);
    });
  });

  it('names a file that cannot be read, and goes on with the others', async () => {
    await withStack({ 'tenants/b.yaml': tenant('B'), 'tenants/c.yaml': tenant('c') }, async (dir) => {
      await writeFile(join(dir, 'tenants/a.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe]));
      await symlink(join(dir, 'nowhere'), join(dir, 'tenants/d.yaml'));
      await chmod(join(dir, 'tenants/c.yaml'), 0o000);
      const problems = await problemsOf(dir, loadStack);
      expect(problems[0]).toBe('tenants/a.yaml cannot be read: it is not UTF-8 text');
      expect(problems[1]).toMatch(/^tenants\/b.yaml:3:19 metadata.name: must be lower-case/);
      expect(problems.at(-1)).toBe('tenants/d.yaml cannot be read: it does not exist (a broken link?)');
      // The superuser may read everything.
      const denied = process.getuid?.() === 0 ? [] : ['tenants/c.yaml cannot be read: permission denied'];
      expect(problems.slice(2, -1)).toEqual(denied);
    });
  });

  it('follows links, as a mounted ConfigMap has them, and reads each document once', async () => {
    await withStack({ 'tenants/..2024/acme.yaml': tenant('acme') }, async (dir) => {
      await symlink('..2024', join(dir, 'tenants/..data'));
      await symlink('..data/acme.yaml', join(dir, 'tenants/acme.yaml'));
      await symlink('.', join(dir, 'tenants/loop'));
      const { tenants } = await loadStack(dir);
      expect(tenants.map(({ metadata }) => metadata.name)).toEqual(['acme']);
    });
  });
});

describe('resolving a stack', () => {
  it('takes a name under stacks/ or a folder anywhere', async () => {
    await withStack({ 'stacks/dev/platform.yaml': '', 'elsewhere/platform.yaml': '' }, async (dir) => {
      expect(await resolveStack('dev', dir)).toBe(join(dir, 'stacks/dev'));
      expect(await resolveStack('./elsewhere', dir)).toBe(join(dir, 'elsewhere'));
      expect(await resolveStack(join(dir, 'elsewhere'), '/')).toBe(join(dir, 'elsewhere'));
    });
  });

  it('lists the stacks there are when it finds none', async () => {
    await withStack({ 'stacks/dev/platform.yaml': '', 'stacks/prod/platform.yaml': '' }, async (dir) => {
      await expect(resolveStack('prd', dir)).rejects.toMatchObject({
        code: 'StackNotFound',
        message: 'there is no stack "prd"; did you mean "prod"? stacks: dev, prod',
      });
      await expect(resolveStack('x', join(dir, 'stacks'))).rejects.toMatchObject({
        message: 'there is no stack "x"; there are no stacks under stacks/',
      });
    });
  });
});
