import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { lockKey } from '../../src/clients/postgres-lock.ts';
import type { AnyObject } from '../../src/operator/objects.ts';
import type { Seen } from '../support/fault-proxy.ts';
import { conditionOf, type OperatorWorld, startOperatorWorld } from '../support/operator-world.ts';
import { openSql } from '../support/sql.ts';
import { startTcpFaults, type TcpFaults } from '../support/tcp-faults.ts';

let world: OperatorWorld;
let postgres: TcpFaults;
let api: Awaited<ReturnType<OperatorWorld['apiFaults']>>;
beforeAll(async () => {
  world = await startOperatorWorld();
  postgres = await startTcpFaults(world.systems.postgres);
  api = await world.apiFaults();
  world.start({ kubeconfig: api.kubeconfig }, { env: { PGPORT: String(postgres.port) } });
  await ready('steady');
});
afterEach(async () => {
  await calm();
  await world.until('TenantIntegration', 'steady-notion', 'True', 20_000);
});
afterAll(async () => {
  await calm();
  await world?.close();
  await postgres?.close();
});

async function calm(): Promise<void> {
  const { airbyteProxy, vaultProxy } = world.systems;
  airbyteProxy.fault = undefined;
  vaultProxy.fault = undefined;
  world.systems.vault.unseal();
  await Promise.all([postgres.set('pass'), api.faults.set('pass')]);
}

/** A tenant with a connected Notion, both Ready. */
async function ready(name: string): Promise<void> {
  await world.tenant(name);
  await world.until('Tenant', name, 'True');
  await world.connect(name, 'notion');
  await world.integration(name, 'notion');
  await world.until('TenantIntegration', `${name}-notion`, 'True');
}

async function hasCondition(name: string, type: 'Ready' | 'Reconciling', text: RegExp): Promise<AnyObject> {
  return await vi.waitFor(
    async () => {
      const object = await world.get('Tenant', name);
      const condition = conditionOf(object, type);
      expect(`${condition?.status} ${condition?.reason}`).toMatch(text);
      return object as AnyObject;
    },
    { timeout: 40_000, interval: 100 },
  );
}

/** A system that is away: what was Ready stays so, what is new is told why, and all goes on when it is back. */
async function survives(name: string, code: RegExp, begin: () => void | Promise<void>): Promise<void> {
  await begin();
  await world.annotate('Tenant', 'steady', { 'tenantry.dev/reconcile-requested-at': name });
  const during = await hasCondition('steady', 'Reconciling', code);
  expect(conditionOf(during, 'Ready')).toMatchObject({ status: 'True', reason: 'Reconciled' });
  await world.tenant(name);
  await hasCondition(name, 'Ready', code);
  await calm();
  await world.until('Tenant', name, 'True', 40_000);
  const after = await vi.waitFor(
    async () => {
      const object = await world.get('Tenant', 'steady');
      expect(conditionOf(object, 'Reconciling')).toBeUndefined();
      return object;
    },
    { timeout: 40_000, interval: 100 },
  );
  expect(conditionOf(after, 'Ready')).toMatchObject({ status: 'True' });
}

/** Requests that fit are held until the returned function is called. */
function hold(proxy: OperatorWorld['systems']['vaultProxy'], fits: (request: Seen) => boolean) {
  const held = Promise.withResolvers<void>();
  const free = Promise.withResolvers<string>();
  proxy.fault = (request) => {
    if (!fits(request)) return 'pass';
    held.resolve();
    return free.promise;
  };
  return { held: held.promise, release: () => free.resolve('pass') };
}

describe('an outage', () => {
  it('of a sealed Vault is survived', async () => {
    await survives('sealed', /VaultSealed/, () => world.systems.vault.seal());
  });

  it('of Vault that does not answer is survived', async () => {
    await survives('vault-away', /VaultUnreachable/, () => {
      world.systems.vaultProxy.fault = () => 'cut';
    });
  });

  it('of Airbyte that answers 500 is survived', async () => {
    await survives('airbyte-500', /AirbyteUnavailable/, () => {
      world.systems.airbyteProxy.fault = () => 'before';
    });
  });

  it('of Postgres is survived', async () => {
    await survives('postgres-away', /PostgresUnreachable|PostgresUnavailable/, () => postgres.set('refuse'));
  });

  it('of the API server in the middle of an apply loses nothing', async () => {
    const { vaultProxy } = world.systems;
    const { held, release } = hold(
      vaultProxy,
      ({ method, path }) => method !== 'GET' && path.includes('interrupted'),
    );
    await world.tenant('interrupted');
    await held;
    await api.faults.set('refuse');
    release();
    await vi.waitFor(
      async () =>
        expect(
          await world.sql(`select 1 from pg_namespace where nspname = 'tenant_interrupted'`),
        ).toHaveLength(1),
      { timeout: 30_000 },
    );
    await api.faults.set('pass');
    await world.until('Tenant', 'interrupted', 'True', 40_000);
    expect(
      (await world.airbyte('/workspaces')).filter(({ name }) => name.startsWith('interrupted')),
    ).toHaveLength(1);
  });
});

describe('the lock in Postgres', () => {
  it('stops an apply when it is lost, and whoever holds it then is respected', async () => {
    const { vaultProxy, airbyteProxy } = world.systems;
    const { held, release } = hold(
      vaultProxy,
      ({ method, path }) => method !== 'GET' && path.includes('fenced'),
    );
    await world.tenant('fenced');
    await held;
    const key = lockKey('tenantry operator:test');
    const other = await openSql(world.systems);
    try {
      await other.query(`select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and granted and (classid::bigint << 32) | objid::bigint = ${key}::bigint`);
      await other.query(`select pg_advisory_lock(${key}::bigint)`);
      vaultProxy.clear();
      airbyteProxy.clear();
      release();
      await hasCondition('fenced', 'Ready', /False Locked/);
      const writes = [...vaultProxy.seen, ...airbyteProxy.seen].filter(
        ({ method, path }) => !['GET', 'LIST'].includes(method) && !path.includes('/token'),
      );
      expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
      expect(await world.sql(`select 1 from pg_namespace where nspname = 'tenant_fenced'`)).toEqual([]);
      const status = await world.get('Tenant', 'fenced');
      expect(conditionOf(status, 'Ready')?.message).toContain('--cluster');
    } finally {
      await other.end();
    }
    await world.until('Tenant', 'fenced', 'True', 40_000);
  });
});

describe('a slow tenant', () => {
  const SECONDS = 20_000;

  it('whose objects hang in Vault delays no other', async () => {
    const { release } = hold(world.systems.vaultProxy, ({ path }) => /[/-]slow-v(\/|$|\?)/.test(path));
    await Promise.all(['slow-v', 'quick-a', 'quick-b'].map((name) => world.tenant(name)));
    for (const name of ['quick-a', 'quick-b']) await world.until('Tenant', name, 'True', SECONDS);
    // It hangs in the look too, by now.
    await world.tenant('quick-c');
    await world.until('Tenant', 'quick-c', 'True', SECONDS);
    expect(conditionOf(await world.get('Tenant', 'slow-v'), 'Ready')?.status).not.toBe('True');
    release();
    await world.until('Tenant', 'slow-v', 'True', 50_000);
  });

  it('that hangs in the look holds up those of the same batch once, and later nobody', async () => {
    await Promise.all(['slow-l', 'quick-l'].map((name) => world.tenant(name)));
    for (const name of ['slow-l', 'quick-l']) await world.until('Tenant', name, 'True');
    const { held, release } = hold(world.systems.vaultProxy, ({ path }) => /[/-]slow-l(\/|$|\?)/.test(path));
    const ask = (): Promise<void> =>
      world.annotate('Tenant', 'slow-l', { 'tenantry.dev/reconcile-requested-at': String(Math.random()) });
    await Promise.all([ask(), world.reconcile('Tenant', 'quick-l', 5_000)]);
    await held;
    const slow = await hasCondition('slow-l', 'Reconciling', /TimedOut|VaultUnreachable|VaultUnavailable/);
    expect(conditionOf(slow, 'Ready')?.status).toBe('True');
    await ask();
    await world.reconcile('Tenant', 'quick-l', 4_000);
    release();
    await hasCondition('slow-l', 'Ready', /True/);
  });

  it('whose source hangs in Airbyte delays no other', async () => {
    await world.tenant('slow-s');
    await world.until('Tenant', 'slow-s', 'True');
    await world.connect('slow-s', 'notion');
    const { held, release } = hold(
      world.systems.airbyteProxy,
      ({ method, path, body }) => method === 'POST' && path.includes('/sources') && body.includes('slow-s'),
    );
    await world.integration('slow-s', 'notion');
    await held;
    await world.tenant('quick-d');
    await world.until('Tenant', 'quick-d', 'True', 5_000);
    release();
    await world.until('TenantIntegration', 'slow-s-notion', 'True', 50_000);
  });
});
