import { afterEach, describe, expect, it } from 'vitest';
import type { VaultClient } from '../../../src/clients/vault.ts';
import { TenantryError } from '../../../src/errors.ts';
import { healthRoutes } from '../../../src/sidecar/admin/health.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import type { Database } from '../../../src/sidecar/database/database.ts';
import { testContext, testServer } from '../../support/sidecar-context.ts';

const open: SidecarServer[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

interface World {
  now: number;
  sealed: boolean;
  login: 'good' | 'refused' | 'unseen';
  looks: number;
  postgres: boolean;
  draining: boolean;
  documents?: () => { ok: boolean; code?: string };
}

async function start(world: World): Promise<SidecarServer> {
  const vault = {
    health: async () => ({ version: '1.21.1', sealed: world.sealed, initialized: true, standby: false }),
    read: async () => {
      world.looks += 1;
      if (world.login === 'refused') throw new TenantryError('VaultUnauthorized', 'refused');
      if (world.login === 'unseen') throw new TenantryError('VaultForbidden', 'not to be looked at');
      return {};
    },
  } as unknown as VaultClient;
  const database = { isReachable: async () => world.postgres } as unknown as Database;
  const app = await testServer(testContext({ vault, database, now: () => world.now }), [healthRoutes(world)]);
  open.push(app);
  return app;
}

const healthy = (): World => ({
  now: 0,
  sealed: false,
  login: 'good',
  looks: 0,
  postgres: true,
  draining: false,
});

async function ready(app: SidecarServer): Promise<[number, unknown]> {
  const answer = await app.inject('/ready');
  return [answer.statusCode, answer.json<{ checks: unknown }>().checks];
}

describe('/ready', () => {
  it('is there when Vault and Postgres are, also where the policy does not let the token be looked at', async () => {
    expect(await ready(await start(healthy()))).toEqual([
      200,
      { vault: { ok: true }, postgres: { ok: true } },
    ]);
    expect((await ready(await start({ ...healthy(), login: 'unseen' })))[0]).toBe(200);
  });

  it.each([
    ['Vault is sealed', { sealed: true }, { vault: { ok: false, code: 'VaultSealed' } }],
    ['Vault refuses the login', { login: 'refused' }, { vault: { ok: false, code: 'VaultUnauthorized' } }],
    ['Postgres is away', { postgres: false }, { postgres: { ok: false, code: 'PostgresUnreachable' } }],
    ['the process drains', { draining: true }, {}],
  ] as const)('is not there while %s', async (_what, change, checks) => {
    const [status, found] = await ready(await start({ ...healthy(), ...change }));
    expect(status).toBe(503);
    expect(found).toMatchObject(checks);
  });

  it('is not there until custom resources were read for the first time', async () => {
    const world: World = { ...healthy(), documents: () => ({ ok: false, code: 'KubernetesForbidden' }) };
    const app = await start(world);
    const [status, checks] = await ready(app);
    expect(status).toBe(503);
    expect(checks).toMatchObject({
      vault: { ok: true },
      documents: { ok: false, code: 'KubernetesForbidden' },
    });
    // At once: no answer about the systems is older for it.
    world.documents = () => ({ ok: true });
    expect(await ready(app)).toEqual([
      200,
      { vault: { ok: true }, postgres: { ok: true }, documents: { ok: true } },
    ]);
  });

  it('tries a refused login seldom, and sees when it is good again', async () => {
    const world: World = { ...healthy(), login: 'refused' };
    const app = await start(world);
    for (let second = 0; second < 290; second += 10) {
      world.now = second * 1000;
      expect((await ready(app))[0]).toBe(503);
    }
    expect(world.looks).toBe(1);
    world.login = 'good';
    world.now = 301_000;
    expect((await ready(app))[0]).toBe(200);
  });
});
