import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  conditionOf,
  type OperatorWorld,
  type RunningOperator,
  startOperatorWorld,
} from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: RunningOperator;
beforeAll(async () => {
  world = await startOperatorWorld();
  operator = world.start();
  for (const name of ['acme', 'globex', 'initech']) {
    await world.tenant(name);
    await world.until('Tenant', name, 'True');
    await world.connect(name, 'notion');
    await world.integration(name, 'notion');
    await world.until('TenantIntegration', `${name}-notion`, 'True');
  }
});
afterEach(async () => {
  await operator.stop();
  operator = world.start();
});
afterAll(() => world?.close());

const policy = async (tenant: string): Promise<string> => {
  const answer = await world.vault('GET', `sys/policies/acl/tenant-${tenant}`);
  return String((answer['data'] as { policy?: unknown } | undefined)?.policy);
};
const limitOf = async (tenant: string): Promise<unknown> =>
  (await world.sql(`select rolconnlimit as n from pg_roles where rolname = 'tenant_${tenant}_loader'`))[0]?.[
    'n'
  ];
const connection = async (tenant: string) =>
  (await world.airbyte('/connections')).find(({ name }) => name.startsWith(`${tenant}-notion`));

/** Edits all three systems beside Tenantry. Gives what puts right is to reach. */
async function spoil(tenant: string): Promise<() => Promise<void>> {
  const before = { policy: await policy(tenant), limit: await limitOf(tenant) };
  await world.vault('POST', `sys/policies/acl/tenant-${tenant}`, {
    policy: before.policy.split('\n')[0],
  });
  await world.sql(`alter role tenant_${tenant}_loader connection limit 1`);
  await world.airbytePatch(`/connections/${(await connection(tenant))?.connectionId}`, {
    status: 'inactive',
  });
  expect(await policy(tenant)).not.toBe(before.policy);
  return async () => {
    expect(await limitOf(tenant)).toBe(before.limit);
    expect((await connection(tenant))?.status).toBe('active');
    expect(await policy(tenant)).toBe(before.policy);
  };
}

describe('drift', () => {
  it('is repaired when somebody asks by annotation, counted, and told in Events', async () => {
    const isRight = await spoil('acme');
    const before = await operator.metric('tenantry_drift_total');
    await world.reconcile('Tenant', 'acme');
    await isRight();
    await world.until('Tenant', 'acme', 'True');
    expect((await operator.metric('tenantry_drift_total')) - before).toBe(3);
    for (const kind of ['vault:policy', 'postgres:role', 'airbyte:connection'])
      expect(await operator.metric('tenantry_drift_total', kind)).toBe(1);
    await vi.waitFor(async () => {
      const events = [...(await world.events('acme')), ...(await world.events('acme-notion'))];
      const told = events.filter(({ reason }) => reason === 'DriftRepaired').map(({ message }) => message);
      expect(told.join()).toContain('update vault:policy');
      expect(told.join()).toContain('update airbyte:connection');
    });
  });

  it('in Postgres and Airbyte is found by the next poll, and a credential that arrived too', async () => {
    await operator.stop();
    operator = world.start({ pollSeconds: 1 });
    await world.integration('globex', 'linear');
    await world.until('TenantIntegration', 'globex-linear', /WaitingForCredential/);
    await world.connect('globex', 'linear');
    const ready = await world.until('TenantIntegration', 'globex-linear', 'True', 10_000);
    expect(conditionOf(ready, 'CredentialReady')).toMatchObject({ status: 'True' });
    await world.sql('alter role tenant_globex_loader connection limit 1');
    await vi.waitFor(async () => expect(await limitOf('globex')).not.toBe(1), {
      timeout: 10_000,
      interval: 50,
    });
    expect(await operator.metric('tenantry_drift_total', 'postgres:role')).toBe(1);
  });

  it('is not what a new document, one that goes, or a credential brings', async () => {
    await world.integration('initech', 'linear');
    await world.until('TenantIntegration', 'initech-linear', /WaitingForCredential/);
    await world.connect('initech', 'linear');
    await world.reconcile('TenantIntegration', 'initech-linear');
    await world.until('TenantIntegration', 'initech-linear', 'True');
    // As after each refresh: a newer token for a source that is there.
    await world.connect('initech', 'linear', { access_token: 'the-next-token-of-initech' });
    world.systems.airbyteProxy.clear();
    await world.reconcile('TenantIntegration', 'initech-linear');
    expect(world.systems.airbyteProxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    expect(await operator.metric('tenantry_drift_total')).toBe(0);
    await world.remove('TenantIntegration', 'initech-linear');
    await world.untilGone('TenantIntegration', 'initech-linear');
    await world.reconcile('Tenant', 'initech');
    expect(await operator.metric('tenantry_drift_total')).toBe(0);
  });
});

describe('a converged world', () => {
  it('is looked at again and again without a write to the API server or to the systems', async () => {
    await operator.stop();
    operator = world.start({ pollSeconds: 1 });
    const looks = () => operator.metric('controller_runtime_reconcile_total');
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(3), { timeout: 20_000 });
    const versions = async (): Promise<unknown> =>
      (
        await Promise.all(
          ['acme', 'globex', 'initech'].flatMap((name) => [
            world.get('Tenant', name),
            world.get('TenantIntegration', `${name}-notion`),
          ]),
        )
      ).map((object) => [object?.metadata.name, object?.metadata.resourceVersion]);
    const { vaultProxy, airbyteProxy } = world.systems;
    const state = async (): Promise<unknown> => ({
      versions: await versions(),
      patches: await operator.metric('rest_client_requests_total', 'PATCH'),
      posts: await operator.metric('rest_client_requests_total', 'POST'),
      transactions: (await world.sql('select pg_snapshot_xmax(pg_current_snapshot())::text as x'))[0],
    });
    vaultProxy.clear();
    airbyteProxy.clear();
    const before = await state();
    const count = await looks();
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(count + 12), { timeout: 30_000 });
    expect(await state()).toEqual(before);
    const writes = [...vaultProxy.seen, ...airbyteProxy.seen].filter(
      ({ method, path }) => !['GET', 'LIST'].includes(method) && !path.includes('/applications/token'),
    );
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it('is taken up again after a restart without a write', async () => {
    const before = await world.text();
    const versions = async (): Promise<unknown> =>
      Promise.all(
        ['acme', 'globex', 'initech'].map(
          async (name) => (await world.get('Tenant', name))?.metadata.resourceVersion,
        ),
      );
    const was = await versions();
    await operator.stop();
    operator = world.start();
    await vi.waitFor(
      async () =>
        expect(await operator.metric('controller_runtime_reconcile_total')).toBeGreaterThanOrEqual(3),
      { timeout: 20_000 },
    );
    expect(await versions()).toEqual(was);
    expect(await operator.metric('rest_client_requests_total', 'PATCH')).toBe(0);
    expect(await world.text()).toBe(before);
  });
});
