/** The connect component's tokens and routes, over a real Postgres. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { type EmbedWorld, PAGE, startEmbedWorld } from './world.ts';

let systems: SidecarDatabase;
const open: EmbedWorld[] = [];

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});
afterAll(() => systems?.close());

async function start(origins?: readonly string[]): Promise<EmbedWorld> {
  const world = await startEmbedWorld(systems, origins);
  open.push(world);
  return world;
}

function fromPage(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}`, origin: PAGE };
}

describe('a token of the connect component', () => {
  it('is made for a tenant by its backend, lives for minutes, and is not kept', async () => {
    const { app, key } = await start();
    const answer = await app.inject({
      method: 'POST',
      url: '/tenants/acme/embed-sessions',
      headers: { authorization: `Bearer ${(await key('acme', 'app')).key}` },
    });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual({
      token: expect.stringMatching(/^tnye_[\w-]{43}$/),
      expiresAt: '2026-03-01T10:15:00.000Z',
      tenant: 'acme',
      integrations: null,
    });
    const rows = await systems.admin.query(
      "select *, encode(id_hash, 'escape') as id from tenantry.sessions",
    );
    expect(JSON.stringify(rows)).not.toContain(answer.json<{ token: string }>().token.slice(5));
  });

  it('is made for nobody where no page may hold the component', async () => {
    const { app, key } = await start([]);
    const answer = await app.inject({
      method: 'POST',
      url: '/tenants/acme/embed-sessions',
      headers: { authorization: `Bearer ${(await key('acme', 'app')).key}` },
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'NotSupported']);
    expect(answer.json<{ hint: string }>().hint).toContain('spec.sidecar.embed.origins');
  });

  it('names only integrations that the tenant has', async () => {
    const { app, key } = await start();
    const answer = await app.inject({
      method: 'POST',
      url: '/tenants/acme/embed-sessions',
      headers: { authorization: `Bearer ${(await key('acme', 'app')).key}` },
      payload: { integrations: ['notion', 'stripe'] },
    });
    expect(answer.statusCode).toBe(404);
  });
});

describe('a page that holds the connect component', () => {
  it('sees the tenant’s integrations, or those that were named, with what they ask for', async () => {
    const { app, key, token } = await start();
    const { key: app1 } = await key('acme', 'app');
    const all = await app.inject({
      url: '/embed/integrations',
      headers: fromPage(await token('acme', app1)),
    });
    expect(all.json()).toEqual({
      tenantName: 'Acme <b>Corporation</b>',
      integrations: [
        expect.objectContaining({ integration: 'notion', status: 'missing', style: 'redirect', scopes: [] }),
        {
          integration: 'slack',
          name: 'Slack',
          style: 'redirect',
          status: 'active',
          scopes: [
            { name: 'channels:history', explanation: 'Read messages of public channels that the app is in.' },
            { name: 'channels:read', explanation: 'Read names and members of public channels.' },
            { name: 'users:read', explanation: 'Read names of the people in the workspace.' },
          ],
          missingScopes: [{ name: 'users:read', explanation: 'Read names of the people in the workspace.' }],
          mayDisconnect: false,
        },
      ],
    });
    expect(all.headers).toMatchObject({ 'access-control-allow-origin': PAGE, vary: 'Origin' });
    const some = await token('acme', app1, { integrations: ['slack'] });
    const named = await app.inject({ url: '/embed/integrations', headers: fromPage(some) });
    expect(named.json<{ integrations: { integration: string }[] }>().integrations).toHaveLength(1);
  });

  it('begins to connect by a link that tells this page alone, and watches it', async () => {
    const { app, key, token } = await start();
    const { id, key: app1 } = await key('acme', 'app');
    const headers = fromPage(await token('acme', app1));
    const url = '/embed/integrations/notion/connect';
    const begun = await app.inject({ method: 'POST', url, headers });
    expect(begun.statusCode).toBe(201);
    const { flow, ...rest } = begun.json<{ url: string; flow: string; expiresAt: string }>();
    expect(rest).toEqual({
      url: expect.stringMatching(/^https:\/\/connect\.example\.com\/connect\/[\w-]{43}$/),
      expiresAt: '2026-03-01T10:10:00.000Z',
    });
    const [link] = await systems.admin.query<{ opener_origin: string; actor: string }>(
      'select opener_origin, actor from tenantry.connect_links where flow = $1',
      [flow],
    );
    expect(link).toEqual({ opener_origin: PAGE, actor: `embed:api-key:${id}` });
    // A token that was made anew meanwhile watches it too.
    for (const each of [headers, fromPage(await token('acme', app1))]) {
      const status = await app.inject({ url: `/embed/flows/${flow}`, headers: each });
      expect(status.json()).toEqual({ status: 'pending' });
    }
  });

  it('disconnects where the token may, on record', async () => {
    const { app, key, token, revoked } = await start();
    const { id, key: app1 } = await key('acme', 'app');
    const url = '/embed/integrations/slack';
    const refused = await app.inject({
      method: 'DELETE',
      url,
      headers: fromPage(await token('acme', app1)),
    });
    expect([refused.statusCode, revoked]).toEqual([403, []]);
    const headers = fromPage(await token('acme', app1, { mayDisconnect: true }));
    const done = await app.inject({ method: 'DELETE', url, headers });
    expect(done.json()).toEqual({ success: true, revokedAt: '2026-03-01T10:00:00.000Z', atProvider: 'done' });
    expect(revoked).toEqual([`acme/slack by embed:api-key:${id}`]);
  });

  it('is told by the preflight what it may send', async () => {
    const { app } = await start();
    const answer = await app.inject({
      method: 'OPTIONS',
      url: '/embed/integrations/notion/connect',
      headers: { origin: PAGE, 'access-control-request-method': 'POST' },
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type',
    });
  });
});
