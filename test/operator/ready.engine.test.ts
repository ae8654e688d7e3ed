import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  conditionOf,
  hasFinalizer,
  type Objects,
  type OperatorWorld,
  type RunningOperator,
  startOperatorWorld,
} from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: RunningOperator;
let other: Objects;
beforeAll(async () => {
  world = await startOperatorWorld();
  other = await world.in('elsewhere');
  operator = world.start();
});
afterAll(() => world?.close());

const schemas = (like: string): Promise<{ nspname: string }[]> =>
  world.sql(`select nspname from pg_namespace where nspname like '${like}' order by 1`);

const messageOf = (object: Awaited<ReturnType<Objects['get']>>): string =>
  conditionOf(object, 'Ready')?.message ?? '';

describe('the way to Ready', () => {
  it('makes a tenant with several integrations in whatever namespace, and what all tenants share', async () => {
    await other.tenant('acme');
    await other.until('Tenant', 'acme', 'True');
    for (const name of ['notion', 'linear']) {
      await world.connect('acme', name);
      await other.integration('acme', name);
    }
    await world.tenant('globex');
    await world.until('Tenant', 'globex', 'True');
    for (const name of ['notion', 'linear']) {
      const ready = await other.until('TenantIntegration', `acme-${name}`, 'True');
      expect(ready.status).toMatchObject({ claim: 'operator:test' });
      expect(hasFinalizer(ready)).toBe(true);
    }
    await vi.waitFor(async () => {
      const tenant = await other.until('Tenant', 'acme', 'True');
      expect(tenant.status).toMatchObject({ integrations: 2, schema: 'tenant_acme' });
    });
    const connections = (await world.airbyte('/connections')).map(({ name }) => name).sort();
    expect(connections.map((name) => name.split(' ')[0])).toEqual(['acme-linear', 'acme-notion']);
    expect(await world.vault('GET', 'sys/policies/acl/gateway-service')).toHaveProperty('data.policy');
  });

  it('tells that a TenantIntegration has no Tenant, and goes on when that comes', async () => {
    await world.integration('later', 'notion');
    const waiting = await world.until('TenantIntegration', 'later-notion', /TenantNotFound/);
    expect(messageOf(waiting)).toContain('there is no Tenant "later" in the namespace "tenants"');
    expect(hasFinalizer(waiting)).toBe(false);
    await world.tenant('later');
    await world.until('TenantIntegration', 'later-notion', /WaitingForCredential/, 5_000);
  });

  it('gives a name that two namespaces want to the older Tenant, and to the other when that goes', async () => {
    await other.tenant('twice', { deletionPolicy: 'Delete' });
    await other.until('Tenant', 'twice', 'True');
    await world.tenant('twice');
    await world.integration('twice', 'notion');
    const refused = await world.until('Tenant', 'twice', /InvalidDocument/);
    expect(conditionOf(refused, 'Stalled')).toMatchObject({ status: 'True', reason: 'InvalidDocument' });
    expect(messageOf(refused)).toContain('given already in the namespace "elsewhere"');
    await world.until('TenantIntegration', 'twice-notion', /TenantNotReady/);
    await other.remove('Tenant', 'twice');
    await other.untilGone('Tenant', 'twice');
    await world.until('Tenant', 'twice', 'True');
    await world.until('TenantIntegration', 'twice-notion', /WaitingForCredential/);
  });

  it('leaves the keeper’s objects alone when the duplicate of a Tenant is deleted', async () => {
    await world.tenant('kept', { deletionPolicy: 'Delete' });
    await world.until('Tenant', 'kept', 'True');
    await world.connect('kept', 'notion');
    await world.integration('kept', 'notion');
    await world.until('TenantIntegration', 'kept-notion', 'True');
    const before = await world.text();
    await other.tenant('kept', { deletionPolicy: 'Delete' });
    await other.integration('kept', 'notion');
    await other.until('Tenant', 'kept', /InvalidDocument/);
    await other.remove('TenantIntegration', 'kept-notion');
    await other.remove('Tenant', 'kept');
    await other.untilGone('TenantIntegration', 'kept-notion');
    await other.untilGone('Tenant', 'kept');
    await world.reconcile('Tenant', 'kept');
    expect(await world.text()).toBe(before);
    await world.until('Tenant', 'kept', 'True');
  });
});

describe('a document that is not valid', () => {
  it('is Stalled with every mistake in words, and nothing of it is pruned when it was valid before', async () => {
    await world.tenant('initech');
    await world.until('Tenant', 'initech', 'True');
    for (const name of ['notion', 'linear']) {
      await world.connect('initech', name);
      await world.integration('initech', name);
      await world.until('TenantIntegration', `initech-${name}`, 'True');
    }
    await world.until('Tenant', 'initech', 'True');
    const before = await world.text();
    const config = { token: 'ntn_literal-secret-canary', nonsense: 1 };
    await world.integration('initech', 'notion', { config });
    const stalled = await world.until('TenantIntegration', 'initech-notion', /InvalidDocument/);
    expect(conditionOf(stalled, 'Stalled')).toMatchObject({ status: 'True', reason: 'InvalidDocument' });
    expect(messageOf(stalled)).toContain('spec.config');
    expect(messageOf(stalled)).toContain('2 mistakes');
    expect(JSON.stringify(stalled.status)).not.toContain('literal-secret-canary');
    await world.reconcile('Tenant', 'initech');
    await world.until('TenantIntegration', 'initech-linear', 'True');
    expect(await world.text()).toBe(before);
    await world.integration('initech', 'notion');
    await world.until('TenantIntegration', 'initech-notion', 'True');
    expect(await world.text()).toBe(before);
  });

  it('costs nobody but itself that an integration needs an OAuth app which nobody gave', async () => {
    await world.tenant('pied-piper');
    await world.until('Tenant', 'pied-piper', 'True');
    await world.connect('pied-piper', 'notion');
    await world.integration('pied-piper', 'notion');
    await world.integration('pied-piper', 'hubspot');
    const stalled = await world.until('TenantIntegration', 'pied-piper-hubspot', /InvalidDocument/);
    expect(messageOf(stalled)).toContain('needs an OAuth app');
    await world.until('TenantIntegration', 'pied-piper-notion', 'True');
    await world.until('Tenant', 'pied-piper', 'True');
  });

  it('names an integration that no catalog entry has', async () => {
    await world.tenant('hooli');
    await world.integration('hooli', 'nowhere');
    const stalled = await world.until('TenantIntegration', 'hooli-nowhere', /InvalidDocument/);
    expect(messageOf(stalled)).toContain('nowhere');
    await world.until('Tenant', 'hooli', 'True');
    await world.remove('TenantIntegration', 'hooli-nowhere');
    await world.untilGone('TenantIntegration', 'hooli-nowhere');
  });

  it('is healed by the change of another document that stood in its way', async () => {
    await world.tenant('umbrella', { database: { schema: 'tenant_shared' } });
    await world.until('Tenant', 'umbrella', 'True');
    await other.tenant('wayne', { database: { schema: 'tenant_shared' } });
    const refused = await other.until('Tenant', 'wayne', /InvalidDocument/);
    expect(messageOf(refused)).toContain('tenant_shared');
    await world.remove('Tenant', 'umbrella');
    await world.untilGone('Tenant', 'umbrella');
    // Its schema is retained, and still another tenant's.
    const next = await other.until('Tenant', 'wayne', /OwnedByAnother|NotOwned|PostgresError|True/);
    expect(conditionOf(next, 'Ready')?.reason).not.toBe('InvalidDocument');
    expect(await schemas('tenant_shared')).toHaveLength(1);
  });

  it('is let go when it is deleted, whatever is wrong with it', async () => {
    await world.tenant('broken', { deletionPolicy: 'Delete' });
    await world.until('Tenant', 'broken', 'True');
    await world.connect('broken', 'notion');
    await world.integration('broken', 'notion');
    await world.until('TenantIntegration', 'broken-notion', 'True');
    await world.integration('broken', 'notion', { config: { credentials: { token: 'ntn_literal' } } });
    await world.until('TenantIntegration', 'broken-notion', /InvalidDocument/);
    await world.remove('TenantIntegration', 'broken-notion');
    await world.untilGone('TenantIntegration', 'broken-notion');
    const sources = (await world.airbyte('/sources')).map(({ name }) => name);
    expect(sources.filter((name) => name.startsWith('broken-'))).toEqual([]);
    await world.remove('Tenant', 'broken');
    await world.untilGone('Tenant', 'broken');
    expect(await schemas('tenant_broken')).toEqual([]);
  });

  it('does not keep what is deleted beside it from being removed', async () => {
    await world.tenant('held');
    await world.until('Tenant', 'held', 'True');
    for (const name of ['notion', 'linear']) {
      await world.connect('held', name);
      await world.integration('held', name);
      await world.until('TenantIntegration', `held-${name}`, 'True');
    }
    await world.integration('held', 'notion', { config: { credentials: { token: 'ntn_literal' } } });
    await world.until('TenantIntegration', 'held-notion', /InvalidDocument/);
    await world.remove('TenantIntegration', 'held-linear');
    await world.untilGone('TenantIntegration', 'held-linear');
    const names = [...(await world.airbyte('/connections')), ...(await world.airbyte('/sources'))].map(
      ({ name }) => name.split(' ')[0],
    );
    expect(names.filter((name) => name?.startsWith('held-')).sort()).toEqual(['held-notion', 'held-notion']);
  });
});

describe('--namespace', () => {
  it('touches no object of another namespace', async () => {
    const [inside, outside] = [await world.in('mine'), await world.in('yours')];
    const dir = world.stackDir;
    await operator.stop();
    const own = world.start({ namespace: 'mine' }, { stackDir: dir });
    try {
      await outside.tenant('soylent');
      await inside.tenant('tyrell');
      await inside.until('Tenant', 'tyrell', 'True');
      const untouched = await outside.get('Tenant', 'soylent');
      expect(conditionOf(untouched, 'Ready')).toBeUndefined();
      expect(hasFinalizer(untouched)).toBe(false);
      expect(await schemas('tenant_soylent')).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});
