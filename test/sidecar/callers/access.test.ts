import { afterEach, describe, expect, it } from 'vitest';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import type { Access, SidecarServer } from '../../../src/sidecar/context.ts';
import type { Database } from '../../../src/sidecar/database/database.ts';
import { type TestContext, testContext, testServer } from '../../support/sidecar-context.ts';

const open: SidecarServer[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

function context(): TestContext {
  const subscription = { connected: true, close: async (): Promise<void> => undefined };
  return testContext({ database: { listen: async () => subscription } as unknown as Database });
}

async function serverWith(url: string, access: Access | undefined): Promise<SidecarServer> {
  const parts = context();
  const app = await testServer(
    parts,
    [(server) => void server.get(url, { config: access ? { access } : {} }, async () => ({ ok: true }))],
    authentication(parts),
  );
  open.push(app);
  await app.ready();
  return app;
}

describe('the server', () => {
  it('does not start with a route that does not say who may use it', async () => {
    await expect(serverWith('/things', undefined)).rejects.toThrow('GET /things does not say who may use it');
  });

  it.each([['/tenants/:tenant/things'], ['/tenants/:t'], ['/things/:tenantId']])(
    'does not start with a tenant in %s that nobody checks',
    async (url) => {
      await expect(serverWith(url, { permission: 'tenant.read' })).rejects.toThrow(
        'does not say that its tenant',
      );
    },
  );

  it('does not start with a tenant that the path does not have', async () => {
    await expect(
      serverWith('/tenants/:tenant', { permission: 'tenant.read', tenantParam: 'name' }),
    ).rejects.toThrow('does not say that its tenant is :name');
  });

  it('asks for a credential, for HEAD too, and answers what is not there with 404', async () => {
    const app = await serverWith('/tenants/:t', { permission: 'tenant.read', tenantParam: 't' });
    expect((await app.inject('/tenants/acme')).statusCode).toBe(401);
    expect((await app.inject({ method: 'HEAD', url: '/tenants/acme' })).statusCode).toBe(401);
    expect((await app.inject({ method: 'OPTIONS', url: '/tenants/acme' })).statusCode).toBe(404);
    expect((await app.inject('/nothing')).statusCode).toBe(404);
    const answer = await app.inject('/tenants/acme');
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.json()).toMatchObject({ code: 'Unauthenticated' });
  });

  it('shows its documentation to everybody', async () => {
    const app = await serverWith('/things', 'public');
    expect((await app.inject('/docs/')).statusCode).toBe(200);
    expect((await app.inject('/openapi.json')).statusCode).toBe(200);
  });
});
