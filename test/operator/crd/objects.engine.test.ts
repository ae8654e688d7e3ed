import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { integrationDocument } from '../../../src/spec/integration.ts';
import { tenantDocument } from '../../../src/spec/tenant.ts';
import { integrations, tenants } from '../../spec/families.ts';
import { type CustomKind, type CustomResources, PROJECT, type Sent, startCustomResources } from './api.ts';
import { ownProblems } from './own-verdict.ts';
import { samples } from './samples.ts';

let kube: CustomResources;

beforeAll(async () => {
  kube = await startCustomResources();
});
afterAll(() => kube?.api.close());

const SCHEMAS = { Tenant: tenantDocument, TenantIntegration: integrationDocument } as const;

function document(kind: CustomKind, name: string, spec: Sent): Sent {
  return { apiVersion: 'tenantry.dev/v1alpha1', kind, metadata: { name }, spec };
}

const tenant = (name: string, spec: Sent = {}): Sent => document('Tenant', name, spec);
const integration = (name: string, spec: Sent = {}): Sent =>
  document('TenantIntegration', name, { tenant: 'acme', integration: 'notion', ...spec });

const versionOf = (body: { metadata?: Record<string, unknown> }): unknown =>
  body.metadata?.['resourceVersion'];

describe('the definitions', () => {
  it.each(['tenants', 'tenantintegrations'])(
    'of %s are established and of no dubious form',
    async (plural) => {
      const { body } = await kube.api.call(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.tenantry.dev`,
      );
      const { conditions } = body['status'] as { conditions: { type: string; status: string }[] };
      const of = (type: string): unknown => conditions.find((condition) => condition.type === type)?.status;
      expect(of('Established')).toBe('True');
      expect(of('NamesAccepted')).toBe('True');
      // Present only where something about the schema is wrong.
      expect(of('NonStructuralSchema')).toBeUndefined();
      const kept = (body['spec'] as { versions: { schema: { openAPIV3Schema: unknown } }[] }).versions[0]
        ?.schema;
      const ours = parse(readFileSync(join(PROJECT, `crds/tenantry.dev_${plural}.yaml`), 'utf8'));
      // What the API server does not know it would have dropped.
      expect(kept?.openAPIV3Schema).toEqual(ours.spec.versions[0].schema.openAPIV3Schema);
    },
  );

  it('have short names, a category and a status subresource', async () => {
    const { body } = await kube.api.call('GET', '/apis/tenantry.dev/v1alpha1');
    const resources = body['resources'] as { name: string; shortNames?: string[]; categories?: string[] }[];
    const of = (name: string) => resources.find((resource) => resource.name === name);
    expect(of('tenants')).toMatchObject({ shortNames: ['tnt'], categories: ['tenantry'] });
    expect(of('tenantintegrations')).toMatchObject({ shortNames: ['tint'], categories: ['tenantry'] });
    expect(of('tenants/status')).toBeDefined();
    expect(of('tenantintegrations/status')).toBeDefined();
  });

  it('let integrations be chosen by their tenant', async () => {
    await kube.create('TenantIntegration', integration('chosen', { tenant: 'hooli' }));
    await kube.create('TenantIntegration', integration('other'));
    const path = '/apis/tenantry.dev/v1alpha1/tenantintegrations?fieldSelector=spec.tenant%3Dhooli';
    const { body } = await kube.api.call('GET', path);
    const names = (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    expect(names).toEqual(['chosen']);
  });
});

describe('what cannot be changed', () => {
  it.each(['tenant', 'integration'])('is spec.%s of an integration', async (field) => {
    const name = `fixed-${field}`;
    expect((await kube.create('TenantIntegration', integration(name))).status).toBe(201);
    const changed = await kube.merge('TenantIntegration', name, { spec: { [field]: 'other' } });
    expect(changed.status).toBe(422);
    expect(changed.message).toContain(`spec.${field}: Invalid value`);
    expect(changed.message).toContain('cannot be changed; make a new document instead');
    expect((await kube.merge('TenantIntegration', name, { spec: { [field]: null } })).status).toBe(422);
    expect((await kube.merge('TenantIntegration', name, { spec: { suspend: true } })).status).toBe(200);
  });

  const SCHEMA = 'spec.database.schema cannot be changed; make a new Tenant instead';

  it.each([
    ['another', { schema: 'one' }, { schema: 'two' }],
    ['set although it was not', {}, { schema: 'two' }],
    ['taken away', { schema: 'one' }, { schema: null }],
  ])('is the schema of a tenant: %s', async (_how, before, after) => {
    const name = `schema-${_how.split(' ')[0]}`;
    expect((await kube.create('Tenant', tenant(name, { database: before }))).status).toBe(201);
    const changed = await kube.merge('Tenant', name, { spec: { database: after } });
    expect(changed.status).toBe(422);
    expect(changed.message).toContain(SCHEMA);
  });

  it('is not the way a schema is written down', async () => {
    expect((await kube.create('Tenant', tenant('a-b'))).status).toBe(201);
    const spelt = await kube.merge('Tenant', 'a-b', { spec: { database: { schema: 'tenant_a_b' } } });
    expect(spelt.message).toBe('');
    expect((await kube.merge('Tenant', 'a-b', { spec: { database: null } })).message).toBe('');
    expect((await kube.merge('Tenant', 'a-b', { spec: { database: { connectionLimit: 3 } } })).message).toBe(
      '',
    );
  });
});

describe('defaults', () => {
  it('that the API server fills in mean what the file means', async () => {
    for (const [kind, family] of [
      ['Tenant', tenants],
      ['TenantIntegration', integrations],
    ] as const) {
      const check = fc.asyncProperty(family, async (generated) => {
        // As it goes over the wire: JSON has one zero, and a number that is generated may be the other.
        const sent = JSON.parse(JSON.stringify(generated)) as typeof generated;
        const { body, message } = await kube.verdictOn(kind, sent);
        expect(message).toBe('');
        const fromFile = SCHEMAS[kind].parse(sent).spec;
        const kept = { ...(sent as Sent), spec: body.spec };
        expect(SCHEMAS[kind].parse(kept).spec).toEqual(fromFile);
        // All of them are the API server's: a reader of the object needs no defaults of its own.
        expect(body.spec).toEqual(fromFile);
      });
      await fc.assert(check, { numRuns: 150 });
    }
  });

  it('stand in place of fields without a value', async () => {
    const sent = integration('nulls', { sync: null, access: { tools: null }, config: null, app: null });
    const { body } = await kube.verdictOn('TenantIntegration', sent);
    expect(body.spec).toEqual(integrationDocument.parse(integration('nulls')).spec);
    expect(ownProblems(sent)).toEqual([]);
  });

  it('do not touch what stands under config', async () => {
    const config = { a: null, deep: { b: [null, { c: 0.1 }], url: 'https://x' }, 'with space': true };
    const { body } = await kube.create('TenantIntegration', integration('config', { config }));
    expect(body.spec).toMatchObject({ config });
    expect((await kube.get('TenantIntegration', 'config')).body.spec).toMatchObject({ config });
  });
});

describe('lists', () => {
  const streamsOf = (body: { spec?: unknown }): string[] =>
    (body.spec as { sync: { streams: { name: string }[] } }).sync.streams.map(({ name }) => name);
  const withStreams = (name: string, streams: Sent[]): Sent => integration(name, { sync: { streams } });
  const onlyStreams = (name: string, streams: Sent[]): Sent =>
    document('TenantIntegration', name, { tenant: 'acme', integration: 'notion', sync: { streams } });

  it('of streams are shared by name between two appliers, and keep their order', async () => {
    const first = [{ name: 'users' }, { name: 'pages' }, { name: 'blocks' }];
    await kube.apply('TenantIntegration', withStreams('shared', first), { manager: 'team-a' });
    const added = await kube.apply('TenantIntegration', onlyStreams('shared', [{ name: 'comments' }]), {
      manager: 'team-b',
    });
    expect(added.message).toBe('');
    expect(streamsOf(added.body)).toEqual(['users', 'pages', 'blocks', 'comments']);
    const fewer = [{ name: 'users' }, { name: 'blocks' }];
    const removed = await kube.apply('TenantIntegration', withStreams('shared', fewer), {
      manager: 'team-a',
    });
    expect(streamsOf(removed.body)).toEqual(['users', 'blocks', 'comments']);
  });

  it('of streams tell two appliers apart only where they disagree on one stream', async () => {
    const mine = [{ name: 'pages', syncMode: 'incremental_append', cursorField: ['updated_at'] }];
    await kube.apply('TenantIntegration', withStreams('conflict', mine), { manager: 'team-a' });
    const theirs = [{ name: 'pages', syncMode: 'full_refresh_overwrite' }];
    const refused = await kube.apply('TenantIntegration', onlyStreams('conflict', theirs), {
      manager: 'team-b',
    });
    expect(refused.status).toBe(409);
    expect(refused.message).toContain('.spec.sync.streams[name="pages"].syncMode');
  });

  it.each([
    ['scopes', { scopes: ['b', 'a'] }, { scopes: ['c'] }],
    [
      'columns of a key',
      { sync: { streams: [{ name: 's', primaryKey: [['b', 'x'], ['a']] }] } },
      { sync: { streams: [{ name: 's', primaryKey: [['c']] }] } },
    ],
  ])('of %s have one owner, and keep their order', async (what, mine, theirs) => {
    const name = `whole-${what.split(' ')[0]}`;
    const made = await kube.apply('TenantIntegration', integration(name, mine), { manager: 'team-a' });
    expect(made.body.spec).toMatchObject(mine);
    const refused = await kube.apply('TenantIntegration', integration(name, theirs), { manager: 'team-b' });
    expect(refused.status).toBe(409);
    const taken = await kube.apply('TenantIntegration', integration(name, theirs), {
      manager: 'team-b',
      force: true,
    });
    expect(taken.body.spec).toMatchObject(theirs);
  });
});

describe('the status', () => {
  /** The default: nobody has looked at the object. */
  const UNSEEN = { observedGeneration: -1 };

  const condition = (type: string): Sent => ({
    type,
    status: 'True',
    reason: 'Reconciled',
    message: 'as the document says',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const statusOf = (name: string, status: Sent): Sent => {
    const { spec: _, ...rest } = tenant(name);
    return { ...rest, status };
  };

  it('is not written together with the document', async () => {
    await kube.create('Tenant', { ...tenant('status-a'), status: { schema: 'x' } });
    expect((await kube.get('Tenant', 'status-a')).body['status']).toEqual(UNSEEN);
    await kube.merge('Tenant', 'status-a', { status: { schema: 'x' } });
    expect((await kube.get('Tenant', 'status-a')).body['status']).toEqual(UNSEEN);
  });

  it('changes neither the document nor its generation, whoever writes it', async () => {
    const made = await kube.create('Tenant', tenant('status-b'));
    const written = await kube.merge(
      'Tenant',
      'status-b',
      { spec: { suspend: true }, status: { schema: 'x', conditions: [condition('Ready')] } },
      'status',
    );
    expect(written.message).toBe('');
    expect(written.body).toMatchObject({ spec: made.body.spec, status: { schema: 'x' } });
    expect(written.body.metadata?.['generation']).toBe(1);
  });

  it('keeps the conditions of other writers', async () => {
    await kube.create('Tenant', tenant('status-c'));
    const ours = statusOf('status-c', { conditions: [condition('Ready')] });
    await kube.apply('Tenant', ours, { manager: 'tenantry-operator', force: true, subresource: 'status' });
    const theirs = statusOf('status-c', { conditions: [condition('example.com/Approved')] });
    const both = await kube.apply('Tenant', theirs, { manager: 'other', subresource: 'status' });
    expect(both.body).toMatchObject({
      status: { conditions: [condition('Ready'), condition('example.com/Approved')] },
    });
    const again = await kube.apply('Tenant', ours, {
      manager: 'tenantry-operator',
      force: true,
      subresource: 'status',
    });
    expect(versionOf(again.body)).toBe(versionOf(both.body));
  });

  it.each([
    ['without a reason', { reason: '' }],
    ['of no state', { status: 'Maybe' }],
    ['at no time', { lastTransitionTime: 'now' }],
  ])('has no condition %s', async (what, wrong) => {
    const name = `status-${what.replaceAll(' ', '-')}`;
    await kube.create('Tenant', tenant(name));
    const status = { conditions: [{ ...condition('Ready'), ...wrong }] };
    expect((await kube.merge('Tenant', name, { status }, 'status')).status).toBe(422);
  });
});

describe('kubectl apply', () => {
  const SHOWN = samples();

  it('has documents to apply', () => {
    expect(SHOWN.filter(({ where }) => where.startsWith('stacks/dev/')).length).toBeGreaterThanOrEqual(11);
    expect(SHOWN.filter(({ where }) => where.endsWith(')')).length).toBeGreaterThanOrEqual(3);
  });

  it.each(SHOWN.map((sample) => [sample.where, sample] as const))(
    'takes %s on the server side, and changes nothing when it comes again',
    async (_where, { kind, document: shown }) => {
      expect(ownProblems(shown)).toEqual([]);
      const apply = () => kube.apply(kind, shown, { manager: 'kubectl', force: true });
      const made = await apply();
      expect(made.message).toBe('');
      // The default of the status may be stored by the second one, once.
      const second = await apply();
      expect(second.body.metadata?.['generation']).toBe(1);
      expect(versionOf((await apply()).body)).toBe(versionOf(second.body));
      expect(SCHEMAS[kind].parse({ ...shown, spec: made.body.spec }).spec).toEqual(
        SCHEMAS[kind].parse(shown).spec,
      );
      await kube.remove(kind, shown.metadata.name);
    },
  );

  it.each(SHOWN.map((sample) => [sample.where, sample] as const))(
    'takes %s on the client side, and changes nothing when it comes again',
    async (_where, { kind, document: shown }) => {
      // kubectl keeps what it sent in an annotation, and the next time sends what changed as a merge patch.
      const key = 'kubectl.kubernetes.io/last-applied-configuration';
      const annotations = {
        ...(shown.metadata as { annotations?: Sent }).annotations,
        [key]: JSON.stringify(shown),
      };
      const sent = { ...shown, metadata: { ...shown.metadata, annotations } };
      const made = await kube.create(kind, sent);
      expect(made.message).toBe('');
      const second = await kube.merge(kind, shown.metadata.name, { spec: shown.spec });
      expect(second.body.metadata?.['generation']).toBe(1);
      const third = await kube.merge(kind, shown.metadata.name, { spec: shown.spec });
      expect(versionOf(third.body)).toBe(versionOf(second.body));
      await kube.remove(kind, shown.metadata.name);
    },
  );
});
