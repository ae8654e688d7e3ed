import fc from 'fast-check';
import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.ts';
import { draftSettings } from '../../src/clients/settings.ts';
import { buildGraph } from '../../src/plan/build.ts';
import { registrations } from '../../src/pulumi/kinds.ts';
import { nameInPulumi } from '../../src/pulumi/registrations/names.ts';
import type { Registration } from '../../src/pulumi/registrations/registration.ts';
import { isRetained } from '../../src/pulumi/registrations/retention.ts';
import { planSettings } from '../../src/reconcile/run.ts';
import { type InputsOf, type KindType, kinds } from '../../src/resources/index.ts';
import type { PolicyInputs } from '../../src/resources/vault/policy.ts';
import type { Documents } from '../../src/spec/documents.ts';
import { integrationDocument } from '../../src/spec/integration.ts';
import { schemaOf } from '../../src/spec/names.ts';
import { platformDocument } from '../../src/spec/platform.ts';
import { tenantDocument } from '../../src/spec/tenant.ts';
import { setEnvironment } from '../support/pulumi-program.ts';

beforeEach(setEnvironment);

describe('table of kinds', () => {
  test('has an entry for each kind, and the kinds are called as in their own files', () => {
    expect(Object.keys(registrations)).toEqual([...kinds.keys()]);
    for (const [type, kind] of kinds) expect(kind.type).toBe(type);
  });

  test('does not compile without an entry for each kind, or with one for other inputs', () => {
    type Table = { readonly [T in KindType]: Registration<InputsOf<T>> };
    const { 'vault:policy': policy, ...rest } = registrations;
    // @ts-expect-error: vault:policy is missing
    const incomplete: Table = rest;
    expect(Object.keys(incomplete)).not.toContain('vault:policy');
    expectTypeOf<InputsOf<'vault:policy'>>().toEqualTypeOf<PolicyInputs>();
    expectTypeOf(policy).not.toExtend<Registration<InputsOf<'postgres:role'>>>();
  });
});

const catalog = await loadCatalog();
const source = { file: 'test', line: 1 };
const header = { apiVersion: 'tenantry.dev/v1alpha1' };

/** Short names over few letters meet each other often, and so do their endings. */
const label = fc
  .array(fc.constantFrom('a', 'b', '-', '-schema', '-loader', '-notion', '-source', '-key'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join('').replace(/^-+|-+$/g, ''))
  .filter((name) => name !== '');

function documentsOf(tenants: readonly string[], integrations: readonly [string, string][]): Documents {
  const names = new Set(tenants.slice(0, 1).concat(tenants));
  return {
    platform: {
      ...platformDocument.parse({ ...header, kind: 'Platform', metadata: { name: 'dev' }, spec: {} }),
      source,
    },
    tenants: [...names].map((name) => ({
      ...tenantDocument.parse({ ...header, kind: 'Tenant', metadata: { name }, spec: {} }),
      source,
    })),
    integrations: [...new Map(integrations)].map(([name, namespace], index) => ({
      ...integrationDocument.parse({
        ...header,
        kind: 'TenantIntegration',
        metadata: { name },
        spec: {
          tenant: [...names][index % names.size],
          integration: ['notion', 'airtable', 'linear'][index],
          sync: { namespace: `${namespace}_${index}` },
        },
      }),
      source,
    })),
  };
}

/** Resources of Pulumi that a resource of the graph becomes, by type; only the endings matter here. */
const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  'postgres:grants': ['-loader', '-reader', '-public', '-tables', '-defaults'],
};

describe('names in Pulumi', () => {
  test('no two resources of a kind have the same, whatever tenants and integrations are called', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(label, { minLength: 1, maxLength: 4 }),
        fc.uniqueArray(fc.tuple(label, fc.constantFrom('a', 'schema', 'loader')), {
          maxLength: 3,
          selector: ([name]) => name,
        }),
        (tenants, integrations) => {
          const documents = documentsOf(tenants, integrations);
          const { settings } = draftSettings(documents.platform, process.env);
          const graph = buildGraph(documents, catalog, planSettings(settings, documents.platform));
          const schemas = new Map(documents.tenants.map((each) => [each.metadata.name, schemaOf(each)]));
          const names = graph.resources().flatMap((resource) => {
            const name = nameInPulumi(resource, schemas.get(resource.tenant ?? ''));
            return (SEVERAL[resource.kind] ?? ['']).map((ending) => `${resource.kind} ${name}${ending}`);
          });
          expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('what stays', () => {
  const resource = {
    id: 'x',
    name: 'x',
    tenant: 'acme',
    integration: undefined,
    inputs: {},
    dependsOn: [],
    gates: [],
    adopt: false,
  };

  test('with Retain, what holds data; with Delete, nothing of a tenant', () => {
    const kept = (deletion: 'Retain' | 'Delete'): string[] =>
      [...kinds.keys()].filter((kind) => isRetained({ ...resource, kind, deletion }));
    expect(kept('Retain')).toEqual(
      expect.arrayContaining([
        'vault:claim',
        'vault:transit-key',
        'vault:generated-secret',
        'postgres:schema',
      ]),
    );
    // A role that stayed could still log in.
    expect(kept('Retain')).not.toContain('postgres:role');
    expect(kept('Delete')).toEqual([]);
  });
});
