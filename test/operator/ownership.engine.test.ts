import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import {
  conditionOf,
  hasFinalizer,
  type OperatorWorld,
  startOperatorWorld,
} from '../support/operator-world.ts';
import { applyOnce, integrationYaml, platformYaml, tenantYaml } from '../support/world.ts';

let world: OperatorWorld;
beforeAll(async () => {
  world = await startOperatorWorld({ operator: { adopt: true } });
  world.start();
  // What all tenants share is made now, so that it is no difference later.
  await world.tenant('first');
  await world.until('Tenant', 'first', 'True');
});
afterAll(() => world?.close());

const schema = (tenant: string): Promise<unknown[]> =>
  world.sql(`select 1 from pg_namespace where nspname = 'tenant_${tenant}'`);

describe('ownership', () => {
  it('refuses a tenant of another stack by name, leaves it as it is, and takes it when it was moved', async () => {
    const yaml = `${platformYaml('test')}${tenantYaml('moved')}${integrationYaml('moved', 'notion')}`;
    await applyOnce(world.systems, yaml, { owner: 'cli:dev' });
    await world.connect('moved', 'notion');
    await applyOnce(world.systems, yaml, { owner: 'cli:dev' });
    const before = await world.text();
    await world.tenant('moved');
    await world.integration('moved', 'notion');
    const refused = await world.until('Tenant', 'moved', /False OwnedByAnother/);
    expect(conditionOf(refused, 'Ready')?.message).toContain(
      'tenantry claim moved --from cli:dev --to operator:test',
    );
    expect(conditionOf(refused, 'Stalled')?.status).toBe('True');
    expect(refused.status).toMatchObject({ claim: 'cli:dev', owned: false });
    await world.until('TenantIntegration', 'moved-notion', /TenantNotReady/);
    expect(await world.text()).toBe(before);
    const args = ['claim', 'moved', '--from', 'cli:dev', '--to', 'operator:test', '--yes'];
    const moved = await cli([...args, '--stack', world.stackDir], { env: world.systems.env });
    expect(moved).toMatchObject({ code: 0 });
    await world.reconcile('Tenant', 'moved');
    const taken = await world.until('Tenant', 'moved', 'True');
    expect(taken.status).toMatchObject({ claim: 'operator:test', owned: true });
    await world.until('TenantIntegration', 'moved-notion', 'True');
  });

  it('lets go of a refused tenant without touching what another stack owns', async () => {
    const yaml = `${platformYaml('test')}${tenantYaml('theirs', { deletionPolicy: 'Delete' })}`;
    await applyOnce(world.systems, yaml, { owner: 'cli:dev' });
    const before = await world.text();
    await world.tenant('theirs', { deletionPolicy: 'Delete' });
    await world.until('Tenant', 'theirs', /OwnedByAnother/);
    await world.remove('Tenant', 'theirs');
    await world.untilGone('Tenant', 'theirs');
    expect(await world.text()).toBe(before);
  });

  it('refuses a schema that nobody marked, and takes it with adopt: true', async () => {
    await world.sql('create schema tenant_found');
    await world.tenant('found');
    const refused = await world.until('Tenant', 'found', /NotOwned/);
    expect(conditionOf(refused, 'Ready')?.message).toContain('adopt: true');
    await world.tenant('found', { adopt: true });
    await world.until('Tenant', 'found', 'True');
  });
});

describe('managementPolicy: Observe', () => {
  it('tells what would be done and does none of it, until it is switched to Manage', async () => {
    const before = await world.text();
    const api = world.systems.airbyteProxy;
    api.clear();
    world.systems.vaultProxy.clear();
    await world.tenant('watched', { managementPolicy: 'Observe' });
    await world.integration('watched', 'notion');
    const tenant = await world.until('Tenant', 'watched', /False Differs/);
    expect(tenant.status?.plan?.changes.join()).toContain('create postgres:schema tenant_watched');
    expect(tenant.status?.plan?.total).toBeGreaterThan(5);
    const integration = await world.until('TenantIntegration', 'watched-notion', /False/);
    for (const object of [tenant, integration]) expect(hasFinalizer(object)).toBe(false);
    expect(await world.text()).toBe(before);
    const writes = [...api.seen, ...world.systems.vaultProxy.seen].filter(
      ({ method, path }) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method) && !path.includes('/token'),
    );
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    await world.tenant('watched', { managementPolicy: 'Manage' });
    const managed = await world.until('Tenant', 'watched', 'True');
    expect(managed.status?.plan).toBeUndefined();
    expect(hasFinalizer(managed)).toBe(true);
    expect(managed.status).toMatchObject({ owned: true });
    await world.tenant('watched', { managementPolicy: 'Observe' });
    // What is only observed of one's own is served all the same.
    expect((await world.until('Tenant', 'watched', 'True')).status).toMatchObject({ owned: true });
    await world.tenant('watched', { managementPolicy: 'Manage' });
    await world.until('Tenant', 'watched', 'True');
    await world.until('TenantIntegration', 'watched-notion', /WaitingForCredential/);
  });

  it('of a single integration leaves that one alone', async () => {
    await world.tenant('partly');
    await world.until('Tenant', 'partly', 'True');
    await world.connect('partly', 'notion');
    await world.connect('partly', 'linear');
    await world.integration('partly', 'notion', { managementPolicy: 'Observe' });
    await world.integration('partly', 'linear');
    await world.until('TenantIntegration', 'partly-linear', 'True');
    const observed = await world.until('TenantIntegration', 'partly-notion', /Differs/);
    expect(observed.status?.plan?.changes.join()).toContain('airbyte:source partly-notion');
    expect(hasFinalizer(observed)).toBe(false);
    const sources = (await world.airbyte('/sources')).filter(({ name }) => name.startsWith('partly'));
    expect(sources).toHaveLength(1);
    await world.remove('TenantIntegration', 'partly-notion');
    await world.untilGone('TenantIntegration', 'partly-notion');
    await world.until('Tenant', 'partly', 'True');
  });

  it('of a Tenant is let go without a trace', async () => {
    const before = await world.text();
    await world.tenant('ghost', { managementPolicy: 'Observe', deletionPolicy: 'Delete' });
    await world.until('Tenant', 'ghost', /Differs/);
    await world.remove('Tenant', 'ghost');
    await world.untilGone('Tenant', 'ghost');
    expect(await world.text()).toBe(before);
    expect(await schema('ghost')).toEqual([]);
  });
});

describe('suspend', () => {
  it('pauses the connections, is Ready all the same, and goes on when it is taken out', async () => {
    await world.tenant('paused');
    await world.until('Tenant', 'paused', 'True');
    await world.connect('paused', 'notion');
    await world.integration('paused', 'notion', { suspend: true });
    await world.until('TenantIntegration', 'paused-notion', /True Suspended/);
    const status = async (): Promise<string | undefined> =>
      (await world.airbyte('/connections')).find(({ name }) => name.startsWith('paused-notion'))?.status;
    expect(await status()).toBe('inactive');
    await world.integration('paused', 'notion');
    await world.until('TenantIntegration', 'paused-notion', /True Reconciled/);
    expect(await status()).toBe('active');
    await world.tenant('paused', { suspend: true });
    await world.until('TenantIntegration', 'paused-notion', /True Suspended/);
    expect(await status()).toBe('inactive');
  });
});
