import { describe, expect, it } from 'vitest';
import { checkDocuments } from '../../src/spec/checks.ts';
import { loadStack } from '../../src/spec/load.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';
import { integration, PLATFORM, problemsOf, type StackFiles, tenant, withStack } from './stack-folder.ts';

/** A private catalog, so that these tests do not change with the product's own. */
const WIKI = `id: wiki
name: Wiki
category: other
docs: https://wiki.example.com/docs
auth: { kind: api_key, label: API key }
airbyte:
  sourceType: wiki
  credentialOwner: static
  config:
    domain: { type: string, required: true, description: Host of the wiki. }
    signing: { type: string, secret: true, description: Signing secret. }
  configuration: { domain: "{{config.domain}}", signing: "{{config.signing}}" }
  streams: [{ name: pages }, { name: users }]
`;
const PLAIN = WIKI.replace('required: true, ', '').replaceAll('wiki', 'plain').replace('Wiki', 'Plain');
const CATALOG: StackFiles = { 'integrations/wiki.yaml': WIKI, 'integrations/plain.yaml': PLAIN };

const plain = (name: string, to: string, more = ''): string =>
  integration(name, { tenant: to, integration: 'plain' }, more);
const wiki = (name: string, to: string, more = '  config: { domain: w.example.com }\n'): string =>
  integration(name, { tenant: to, integration: 'wiki' }, more);

const LONG = 'a'.repeat(50);

const MISTAKES: readonly (readonly [
  name: string,
  documents: readonly string[],
  problems: readonly string[],
])[] = [
  [
    'an unknown tenant, integration and setting of a document that has mistakes of its own as well',
    [
      plain('one', 'nobody', '  scope: x\n').replace('integration: plain', 'integration: plian'),
      tenant('acme'),
      wiki('two', 'acme', '  scope: x\n  config: { domian: w }\n'),
    ],
    [
      't.yaml:5:11 spec.tenant: there is no Tenant "nobody"; there are acme',
      't.yaml:6:16 spec.integration: the catalog has no integration "plian"; did you mean "plain"?',
      't.yaml:7:3 spec.scope: unknown field "scope"; did you mean "scopes"? Allowed here: tenant, integration, app, scopes, config, sync, access, deletionPolicy, managementPolicy, suspend, adopt, airbyte',
      't.yaml:20:3 spec.scope: unknown field "scope"; did you mean "scopes"? Allowed here: tenant, integration, app, scopes, config, sync, access, deletionPolicy, managementPolicy, suspend, adopt, airbyte',
      't.yaml:21:3 spec.config.domain: is required by wiki: Host of the wiki.',
      't.yaml:21:13 spec.config.domian: unknown setting of wiki; did you mean "domain"?',
    ],
  ],
  [
    'two documents of one name',
    [tenant('acme'), tenant('acme')],
    ['t.yaml:8:19 metadata.name: the Tenant "acme" is given already at tenants/t.yaml:3'],
  ],
  [
    'an unknown tenant that is nearly a known one',
    [tenant('acme'), plain('p', 'acmee')],
    ['t.yaml:10:11 spec.tenant: there is no Tenant "acmee"; did you mean "acme"?'],
  ],
  [
    'an unknown tenant',
    [tenant('acme'), tenant('globex'), plain('p', 'initech')],
    ['t.yaml:15:11 spec.tenant: there is no Tenant "initech"; there are acme, globex'],
  ],
  [
    'an unknown integration',
    [tenant('acme'), integration('p', { tenant: 'acme', integration: 'wikki' })],
    ['t.yaml:11:16 spec.integration: the catalog has no integration "wikki"; did you mean "wiki"?'],
  ],
  [
    'the same integration of a tenant twice',
    [tenant('acme'), plain('a', 'acme'), plain('b', 'acme', '  sync: { prefix: other_ }\n')],
    [
      't.yaml:18:16 spec.integration: the Tenant "acme" has the integration "plain" already, by "a" at tenants/t.yaml:11',
    ],
  ],
  [
    'two tenants with one schema',
    [tenant('a', '\n  database: { schema: shared }'), tenant('b', '\n  database: { schema: shared }')],
    ['t.yaml:11:23 spec.database.schema: the schema "shared" belongs to the Tenant "a" at tenants/t.yaml:5'],
  ],
  [
    'a schema that another tenant has from its name, "-" being "_" there',
    [tenant('a', '\n  database: { schema: tenant_x_y }'), tenant('x-y')],
    [
      't.yaml:5:23 spec.database.schema: the schema "tenant_x_y" belongs to the Tenant "x-y" (made from its name) at tenants/t.yaml:9',
    ],
  ],
  [
    'a name whose roles are too long for Postgres',
    [tenant(LONG)],
    [
      `t.yaml:3:19 metadata.name: the role "tenant_${LONG}_loader" would have 64 bytes; Postgres allows 63: shorten the name by 1, or set spec.database.schema`,
    ],
  ],
  [
    'a schema whose roles are too long for Postgres',
    [tenant('a', `\n  database: { schema: ${'s'.repeat(60)} }`)],
    [
      `t.yaml:5:23 spec.database.schema: the role "${'s'.repeat(60)}_loader" would have 67 bytes; Postgres allows 63: shorten it by 4`,
    ],
  ],
  [
    'a namespace that is the schema of another tenant',
    [tenant('a'), tenant('b'), plain('p', 'a', '  sync: { namespace: tenant_b }\n')],
    ['t.yaml:17:22 spec.sync.namespace: "tenant_b" is the schema of another tenant, "b" at tenants/t.yaml:8'],
  ],
  [
    'a namespace that two tenants share',
    [
      tenant('a'),
      tenant('b'),
      plain('p', 'a', '  sync: { namespace: both }\n'),
      plain('q', 'b', '  sync: { namespace: both, prefix: q_ }\n'),
    ],
    ['t.yaml:25:22 spec.sync.namespace: "both" is used for another tenant, "a" at tenants/t.yaml:17'],
  ],
  [
    'two connections that write the same tables by default streams',
    [tenant('a'), plain('p', 'a'), wiki('w', 'a', '  config: { domain: w }\n  sync: { prefix: plain_ }\n')],
    [
      't.yaml:20:19 spec.sync.prefix: the table tenant_a.plain_pages is written by "p" at tenants/t.yaml:11 already; change sync.prefix, sync.namespace or sync.streams',
    ],
  ],
  [
    'two connections whose prefix and stream make the same table',
    [
      tenant('a'),
      plain('p', 'a', '  sync: { prefix: x_, streams: [{ name: y_z }] }\n'),
      wiki('w', 'a', '  config: { domain: w }\n  sync: { prefix: x_y_, streams: [{ name: Z }] }\n'),
    ],
    [
      't.yaml:21:43 spec.sync.streams[0].name: the table tenant_a.x_y_z is written by "p" at tenants/t.yaml:12 already; change sync.prefix, sync.namespace or sync.streams',
    ],
  ],
  [
    'a stream that is named twice',
    [tenant('a'), plain('p', 'a', '  sync: { streams: [{ name: x }, { name: x }] }\n')],
    ['t.yaml:12:42 spec.sync.streams[1].name: is named before; name each stream once; found "x"'],
  ],
  [
    'two streams that become one table',
    [tenant('a'), plain('p', 'a', '  sync: { streams: [{ name: x }, { name: X }] }\n')],
    [
      't.yaml:12:42 spec.sync.streams[1].name: the table tenant_a.plain_x is written by another stream of this document at tenants/t.yaml:12 already; name each stream once',
    ],
  ],
];

describe('documents are checked together', () => {
  it.each(MISTAKES)('%s', async (_name, documents, problems) => {
    await withStack({ ...CATALOG, 'tenants/t.yaml': documents.join('---\n') }, async (dir) => {
      expect(await problemsOf(dir, loadAndCheck)).toEqual(problems.map((problem) => `tenants/${problem}`));
    });
  });

  it('finds no mistake where the same names are in different places', async () => {
    const documents = [
      tenant('a'),
      tenant('b', '\n  database: { schema: other }'),
      plain('a-plain', 'a'),
      plain('b-plain', 'b'),
      wiki('a-wiki', 'a'),
      wiki('b-wiki', 'b', '  config: { domain: w }\n  sync: { namespace: other }\n'),
    ];
    await withStack({ ...CATALOG, 'tenants/t.yaml': documents.join('---\n') }, async (dir) => {
      const { documents: loaded, catalog } = await loadAndCheck(dir);
      expect(loaded.integrations).toHaveLength(4);
      expect(catalog.get('wiki')?.name).toBe('Wiki');
    });
  });

  it('checks spec.config against the catalog, at the place of the setting', async () => {
    const config = '  config:\n    domain: 5\n    signing: hunter2\n    extra: x\n';
    const files = {
      ...CATALOG,
      'tenants/t.yaml': `${tenant('a')}---\n${wiki('w', 'a', config)}---\n${wiki('v', 'b', '')}`,
    };
    await withStack(files, async (dir) => {
      const problems = await problemsOf(dir, loadAndCheck);
      expect(problems.map((problem) => problem.split(': ', 1)[0])).toEqual([
        'tenants/t.yaml:13:13 spec.config.domain',
        'tenants/t.yaml:14:14 spec.config.signing',
        'tenants/t.yaml:15:5 spec.config.extra',
        'tenants/t.yaml:20:1 spec.config.domain',
        'tenants/t.yaml:21:11 spec.tenant',
      ]);
      expect(problems.join()).not.toContain('hunter2');
    });
  });

  it('checks the shared apps and the workspace of the Platform', async () => {
    const spec =
      'spec:\n  apps: { wikki: { clientId: a, clientSecret: "${ENV:S}" } }\n  airbyte: { workspaceId: w }\n';
    await withStack({ ...CATALOG, 'platform.yaml': PLATFORM.replace('spec: {}\n', spec) }, async (dir) => {
      expect(await problemsOf(dir, loadAndCheck)).toEqual([
        'platform.yaml:5:11 spec.apps.wikki: the catalog has no integration "wikki"; did you mean "wiki"?',
        'platform.yaml:6:14 spec.airbyte.workspaceId: is used with workspace: Shared only; remove it, or set workspace: Shared',
      ]);
    });
  });

  it('shows mistakes of documents, of the catalog and between documents in one run', async () => {
    const files = {
      'integrations/wiki.yaml': WIKI.replace('category: other', 'category: othr'),
      'tenants/a.yaml': tenant('a', '\n  suspend: 1'),
      'tenants/b.yaml': `${tenant('b')}---\n${plain('p', 'nobody')}`,
    };
    await withStack(files, async (dir) => {
      const places = (await problemsOf(dir, loadAndCheck)).map((problem) => problem.split(': ', 1)[0]);
      expect(places).toEqual(
        [
          'integrations/wiki.yaml:3:11 category',
          'tenants/a.yaml:5:12 spec.suspend',
          'tenants/b.yaml:9:11 spec.tenant',
        ].map((place) => place.replace(':9:', ':10:')),
      );
    });
  });

  it('does not call a tenant unknown whose own document is not valid', async () => {
    const broken = 'kind: Tenant\nmetadata:\n  name: c\n\tspec: {}\n';
    const files = {
      ...CATALOG,
      'tenants/a.yaml': tenant('a', '\n  suspend: 1'),
      'tenants/c.yaml': broken,
      'tenants/t.yaml': `${plain('p', 'a')}---\n${plain('q', 'c')}`,
    };
    await withStack(files, async (dir) => {
      const places = (await problemsOf(dir, loadAndCheck)).map((problem) => problem.split(' ', 1)[0]);
      expect(places).toEqual(['tenants/a.yaml:5:12', 'tenants/c.yaml:4:1']);
    });
  });

  it('says CatalogInvalid when only the catalog is wrong', async () => {
    await withStack({ 'integrations/wiki.yaml': 'id: wiki\n' }, async (dir) => {
      await expect(loadAndCheck(dir)).rejects.toMatchObject({ code: 'CatalogInvalid' });
    });
  });

  it('takes the check of spec.config from outside, and works on documents without their files', async () => {
    await withStack({ 'tenants/t.yaml': `${tenant('a')}---\n${plain('p', 'a')}` }, async (dir) => {
      const loaded = structuredClone(await loadStack(dir));
      const problems = checkDocuments(loaded, {
        catalog: undefined,
        checkConfig: (id) => [{ path: ['list', 0], message: `wrong for ${id}` }],
      });
      expect(problems).toEqual([
        {
          file: `${dir}/tenants/t.yaml`,
          line: 6,
          column: 1,
          path: 'spec.config.list[0]',
          message: 'wrong for plain',
        },
      ]);
    });
  });
});

it('an app that only the environment has is missed where sources are made, and by nobody else', async () => {
  const files = {
    'tenants/t.yaml': [
      'apiVersion: tenantry.dev/v1alpha1\nkind: Tenant\nmetadata: { name: acme }\nspec: {}',
      'apiVersion: tenantry.dev/v1alpha1\nkind: TenantIntegration\nmetadata: { name: acme-hubspot }\nspec: { tenant: acme, integration: hubspot }',
    ].join('\n---\n'),
  };
  await withStack(files, async (dir) => {
    expect(await problemsOf(dir, loadAndCheck)).toEqual([
      expect.stringContaining('hubspot needs an OAuth app: set spec.apps.hubspot in the Platform document'),
    ]);
    expect(await problemsOf(dir, (folder) => loadAndCheck(folder, { makesSources: false }))).toEqual([]);
  });
});
