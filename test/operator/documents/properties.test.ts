import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { type ReadResult, readDocuments } from '../../../src/operator/documents/read.ts';
import {
  type AnyObject,
  type IntegrationObject,
  keyOf,
  objectKeyOf,
  type TenantObject,
} from '../../../src/operator/objects.ts';
import { checkDocuments } from '../../../src/spec/checks.ts';
import { schemaOf } from '../../../src/spec/names.ts';
import { loadAndCheck } from '../../../src/spec/stack.ts';
import { integrations as validIntegrations, tenants as validTenants } from '../../spec/families.ts';
import { DELETED, integrationObject, later, tenantObject } from './objects.ts';

const catalog = await loadCatalog();
const { documents: dev } = await loadAndCheck(join(import.meta.dirname, '..', '..', '..', 'stacks', 'dev'));

function read(objects: readonly AnyObject[]): ReadResult {
  return readDocuments({
    tenants: objects.filter((object) => object.kind === 'Tenant'),
    integrations: objects.filter((object) => object.kind === 'TenantIntegration'),
    platform: dev.platform,
    catalog,
    kvMount: 'secret',
  });
}

type Spec = Readonly<Record<string, unknown>>;

// Few names, so that much collides.
const tenantName = fc.constantFrom('a', 'b', 'c-d', 'c');
const namespace = fc.constantFrom('prod', 'prod', 'prod', 'prod', 'test');
const schemaName = fc.constantFrom('one', 'two', 'tenant_a', 'tenant_c_d');
const age = fc.nat({ max: 3 }).map(later);
const specOf = (family: fc.Arbitrary<unknown>) => family.map((document) => (document as { spec: Spec }).spec);
const garbage: fc.Arbitrary<Spec> = fc.oneof(
  fc.constant({ suspend: 'yes' }),
  fc.dictionary(fc.string(), fc.jsonValue()),
);

const withSchema = fc.record({ database: fc.record({ schema: schemaName }) });
const tenantSpecs: fc.Arbitrary<Spec> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Spec>({}) },
  { weight: 3, arbitrary: withSchema.map((spec): Spec => spec) },
  { weight: 1, arbitrary: specOf(validTenants) },
  { weight: 1, arbitrary: garbage },
);

const syncs = fc.record(
  {
    namespace: schemaName,
    prefix: fc.constantFrom('x_', 'y_'),
    streams: fc.subarray([{ name: 'pages' }, { name: 'users' }], { minLength: 1 }),
  },
  { requiredKeys: [] },
);

function integrationSpecs(tenant: string): fc.Arbitrary<Spec> {
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        tenant: fc.constant(tenant),
        integration: fc.constantFrom('notion', 'notion', 'slack', 'nothing'),
        config: fc.constantFrom({}, {}, { start_date: '2026-01-01T00:00:00Z' }, { nonsense: 1 }),
        sync: syncs,
      }),
    },
    { weight: 1, arbitrary: specOf(validIntegrations).map((spec) => ({ ...spec, tenant })) },
    { weight: 1, arbitrary: garbage.map((spec) => ({ ...spec, tenant })) },
  );
}

const leaving = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant(DELETED) },
);

const tenants = fc
  .record({ name: tenantName, namespace, age, leaving, spec: tenantSpecs })
  .map(({ name, namespace: space, age: meta, leaving: gone, spec }) =>
    tenantObject(name, { meta: { namespace: space, ...meta, ...gone }, spec }),
  );

const integrations = fc
  .record({ name: fc.constantFrom('n', 'm', 'o', 'p'), namespace, tenant: tenantName, age, leaving })
  .chain(({ name, namespace: space, tenant, age: meta, leaving: gone }) =>
    integrationSpecs(tenant).map((spec) =>
      integrationObject(name, spec, { meta: { namespace: space, ...meta, ...gone } }),
    ),
  );

const clusters = fc
  .tuple(
    fc.uniqueArray(tenants, { selector: keyOf, minLength: 2, maxLength: 6 }),
    fc.uniqueArray(integrations, { selector: keyOf, maxLength: 8 }),
  )
  .map(([some, others]): AnyObject[] => [...some, ...others]);

const namesOf = ({ documents }: ReadResult): string[] =>
  [...documents.tenants, ...documents.integrations].map(({ kind, metadata }) => `${kind} ${metadata.name}`);

it('never throws, and accounts for every object once', () => {
  let refused = 0;
  fc.assert(
    fc.property(clusters, (objects) => {
      const result = read(objects);
      const accepted = [...result.units.values()].flatMap(({ tenant, integrations: list }) => [
        ...(tenant ? [tenant] : []),
        ...list,
      ]);
      const keys = [
        ...accepted.map((document) => result.objectOf(document)).filter((object) => object !== undefined),
        ...result.deleting,
      ].map(objectKeyOf);
      const accounted = new Set([...keys, ...result.problems.keys(), ...result.states.keys()]);
      expect(accounted).toEqual(new Set(objects.map(objectKeyOf)));
      for (const key of result.problems.keys()) expect(result.states.has(key)).toBe(false);
      for (const list of result.problems.values()) expect(list.length).toBeGreaterThan(0);
      refused += result.problems.size;
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(500);
});

it('leaves only documents that are valid together', () => {
  let valid = 0;
  fc.assert(
    fc.property(clusters, (objects) => {
      const { documents } = read(objects);
      expect(checkDocuments(documents, { catalog })).toEqual([]);
      valid += documents.integrations.length;
    }),
    { numRuns: 1000 },
  );
  expect(valid).toBeGreaterThan(80);
});

it('gives the same whatever the order of the objects', () => {
  const shuffled = clusters.chain((objects) =>
    fc.tuple(
      fc.constant(objects),
      fc.shuffledSubarray(objects, { minLength: objects.length, maxLength: objects.length }),
    ),
  );
  const sorted = (result: ReadResult) => ({
    documents: namesOf(result),
    problems: [...result.problems].sort(),
    states: [...result.states].sort(),
    held: [...result.held].map(([tenant, objects]) => [tenant, objects.map(objectKeyOf).sort()]).sort(),
  });
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      expect(sorted(read(other))).toEqual(sorted(read(one)));
    }),
    { numRuns: 500 },
  );
});

/** With what the operator would have written into the status of what it accepted. */
function reconciled(objects: readonly AnyObject[]): AnyObject[] {
  const { documents, objectOf } = read(objects);
  const schemas = new Map(documents.tenants.map((tenant) => [tenant.metadata.name, schemaOf(tenant)]));
  const spaces = new Map(
    documents.integrations.map((document) => [document.metadata.name, document.spec.sync.namespace]),
  );
  const accepted = new Set([...documents.tenants, ...documents.integrations].map(objectOf));
  return objects
    .filter((object) => accepted.has(object))
    .map((object): AnyObject => {
      if (object.kind === 'Tenant') {
        return { ...object, status: { schema: schemas.get(object.metadata.name) ?? '' } };
      }
      const space = spaces.get(object.metadata.name);
      return { ...object, status: space === undefined ? {} : { namespace: space } };
    });
}

/** Accepted documents and, for those of the tenant `a`, whatever somebody makes of them. */
const edited = clusters.chain((objects) => {
  // One of each name: who keeps a name is another matter.
  const unique = new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
  const before = reconciled([...unique.values()].filter(({ metadata }) => !metadata.deletionTimestamp));
  const edit = (object: AnyObject): fc.Arbitrary<AnyObject> => {
    const change = (spec: object): AnyObject => {
      const metadata = { ...object.metadata, generation: 2 };
      return { ...object, metadata, spec: { ...object.spec, ...spec } } as AnyObject;
    };
    if (object.kind === 'Tenant') {
      return object.metadata.name === 'a' ? garbage.map(change) : fc.constant(object);
    }
    const { tenant, integration } = object.spec;
    return tenant === 'a'
      ? integrationSpecs('a').map((spec) => change({ ...spec, tenant, integration }))
      : fc.constant(object);
  };
  return fc.tuple(fc.constant(before), fc.tuple(...before.map(edit)));
});

const ofOthers = (result: ReadResult): string[] => [
  ...result.documents.tenants
    .filter(({ metadata }) => metadata.name !== 'a')
    .map((each) => each.metadata.name),
  ...result.documents.integrations
    .filter(({ spec }) => spec.tenant !== 'a')
    .map((each) => each.metadata.name),
];

it('lets no edit of one tenant’s documents make those of another tenant invalid', () => {
  let edits = 0;
  fc.assert(
    fc.property(edited, ([before, after]) => {
      edits += after.filter((object, index) => object !== before[index]).length;
      // The schema of a Tenant cannot be changed: the API server refuses it.
      const kept = after.map((object, index) => {
        const was = before[index];
        if (object.kind !== 'Tenant' || was === undefined) return object;
        const { database: _, ...spec } = object.spec;
        const database = was.spec['database'];
        return { ...object, spec: database === undefined ? spec : { ...spec, database } } as TenantObject;
      });
      expect(ofOthers(read(kept))).toEqual(ofOthers(read(before)));
    }),
    { numRuns: 1000 },
  );
  expect(edits).toBeGreaterThan(300);
});

it('lets no new document make one invalid that was reconciled', () => {
  const grown = fc.tuple(clusters, clusters).map(([first, second]) => {
    const before = reconciled(first.filter(({ metadata }) => !metadata.deletionTimestamp));
    const there = new Set(before.map(objectKeyOf));
    const added = second
      .filter((object) => !there.has(objectKeyOf(object)))
      .map((object) => ({ ...object, metadata: { ...object.metadata, ...later(60) } }) as IntegrationObject);
    return [before, added] as const;
  });
  fc.assert(
    fc.property(grown, ([before, added]) => {
      expect(namesOf(read([...before, ...added]))).toEqual(expect.arrayContaining(namesOf(read(before))));
    }),
    { numRuns: 1000 },
  );
});
