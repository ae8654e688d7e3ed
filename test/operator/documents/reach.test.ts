import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../../src/catalog/load.ts';
import type { ParseCache } from '../../../src/operator/documents/parse.ts';
import { invalidObject, readDocuments } from '../../../src/operator/documents/read.ts';
import type { IntegrationObject, TenantObject } from '../../../src/operator/objects.ts';
import { platformDocument } from '../../../src/spec/platform.ts';
import { DELETED, integrationObject, later, tenantObject } from './objects.ts';

const catalog = await loadCatalog();

function read(
  objects: readonly (TenantObject | IntegrationObject)[],
  { operator = {}, cache }: { operator?: object; cache?: ParseCache } = {},
) {
  const document = platformDocument.parse({
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Platform',
    metadata: { name: 'test' },
    spec: { operator },
  });
  return readDocuments({
    tenants: objects.filter((object) => object.kind === 'Tenant'),
    integrations: objects.filter((object) => object.kind === 'TenantIntegration'),
    platform: { ...document, source: { file: 'platform.yaml', line: 1 } },
    catalog,
    kvMount: 'secret',
    ...(cache && { cache }),
  });
}

const jira = (api_token: string, tenant = 'acme'): IntegrationObject =>
  integrationObject(`${tenant}-jira`, {
    tenant,
    integration: 'jira',
    config: { domain: 'acme.atlassian.net', email: 'a@acme.example', api_token },
  });

const names = (documents: readonly { readonly metadata: { readonly name: string } }[]): string[] =>
  documents.map(({ metadata }) => metadata.name);

describe('a document that reaches too far', () => {
  it('is not reconciled, holds the tenant, and leaves the rest of it alone', () => {
    const result = read([
      tenantObject('acme'),
      jira('${VAULT:secret/data/globex/jira:api_token}'),
      integrationObject('acme-notion', { tenant: 'acme', integration: 'notion' }),
    ]);
    expect(names(result.documents.integrations)).toEqual(['acme-notion']);
    expect(result.units.get('prod/acme')).toMatchObject({ held: true });
    expect(result.problems.get('TenantIntegration prod/acme-jira')?.[0]?.path).toBe('spec.config.api_token');
  });

  it('is judged anew when the Platform changes, although it was read before', () => {
    const cache: ParseCache = new Map();
    const objects = [tenantObject('acme'), jira('${ENV:JIRA_TOKEN}')];
    const allowing = { operator: { references: { env: ['JIRA_TOKEN'] } }, cache };
    expect(read(objects, { cache }).problems.size).toBe(1);
    expect(read(objects, allowing).problems.size).toBe(0);
    expect(read(objects, { cache }).problems.size).toBe(1);
  });

  it('keeps its names from others, as it may have been allowed before', () => {
    const result = read([
      tenantObject('acme'),
      jira('${ENV:JIRA_TOKEN}'),
      integrationObject('second', jira('${VAULT:secret/data/acme/jira:api_token}').spec, { meta: later(1) }),
    ]);
    expect(result.problems.get('TenantIntegration prod/second')?.[0]?.message).toContain(
      'already, by "acme-jira"',
    );
  });

  it('takes over nothing, also while it is being deleted, unless the Platform lets it', () => {
    const adopting = { spec: { adopt: true } };
    const leaving = { ...adopting, meta: DELETED };
    const notion = (adopt: boolean) =>
      integrationObject('acme-notion', { tenant: 'acme', integration: 'notion', adopt });
    expect(read([tenantObject('acme', adopting)]).problems.get('Tenant prod/acme')).toMatchObject([
      { path: 'spec.adopt' },
    ]);
    expect(read([tenantObject('acme'), notion(true)]).problems.size).toBe(1);
    const left = read([tenantObject('acme', leaving), notion(false)]).units.get('prod/acme');
    expect(left).toMatchObject({ refused: true, integrations: [] });
    expect(left?.tenant).toBeDefined();
    const operator = { adopt: true };
    expect(read([tenantObject('acme', adopting), notion(true)], { operator }).problems.size).toBe(0);
    const allowed = read([tenantObject('acme', leaving), notion(false)], { operator }).units.get('prod/acme');
    expect(allowed).toMatchObject({ refused: false });
    expect(allowed?.integrations).toHaveLength(1);
  });

  it('is told with what it may have instead, and without a secret’s value', () => {
    const object = jira('${VAULT:secret/data/globex/jira:api_token}');
    const list = read([tenantObject('acme'), object]).problems.get('TenantIntegration prod/acme-jira') ?? [];
    expect(invalidObject(object, list).message).toBe(
      'spec.config.api_token: ${VAULT:secret/data/globex/jira:api_token} may not be named in a document from Kubernetes; of Vault it may name secret/data/acme/* (spec.operator.references.vault of the Platform)',
    );
  });
});

describe('a Tenant that is being deleted', () => {
  it('makes nothing for its integrations where it is not valid, nor where it wants what another has', () => {
    const notion = (tenant: string) =>
      integrationObject(`${tenant}-notion`, { tenant, integration: 'notion' });
    const result = read([
      tenantObject('globex'),
      tenantObject('acme', { spec: { suspend: 'yes' }, meta: DELETED }),
      notion('acme'),
      tenantObject('evil', {
        spec: { database: { schema: 'tenant_globex' } },
        meta: { ...DELETED, ...later(1) },
      }),
      notion('evil'),
    ]);
    for (const name of ['acme', 'evil'])
      expect(result.units.get(`prod/${name}`), name).toMatchObject({ refused: true, integrations: [] });
    expect(result.documents.integrations).toEqual([]);
    expect(result.units.get('prod/globex')).toMatchObject({ refused: false });
  });
});

describe('much of everything', () => {
  it('ten thousand integrations of one tenant are refused in seconds, and others are read', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      integrationObject(`n-${index}`, { tenant: 'acme', integration: 'notion' }, { meta: later(index % 50) }),
    );
    const began = performance.now();
    const result = read([tenantObject('acme'), tenantObject('globex'), ...many]);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(names(result.documents.tenants)).toEqual(['acme', 'globex']);
    expect(result.documents.integrations).toHaveLength(1);
    expect(result.problems.size).toBe(9_999);
  });

  it('a config of a hundred thousand unknown settings is refused in seconds', () => {
    const config = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`x${index}`, index]));
    const began = performance.now();
    const object = integrationObject('acme-notion', { tenant: 'acme', integration: 'notion', config });
    const result = read([tenantObject('acme'), object]);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(result.documents.integrations).toEqual([]);
    expect(names(result.documents.tenants)).toEqual(['acme']);
  });
});
