/** What an attacker may try with a token of the connect component, or without one, against the real server and tables. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { type EmbedWorld, PAGE, startEmbedWorld } from './world.ts';

let systems: SidecarDatabase;
let world: EmbedWorld;
let acme: { readonly id: string; readonly key: string };
let token: string;

beforeAll(async () => {
  systems = await startSidecarDatabase();
  world = await startEmbedWorld(systems);
});
beforeEach(async () => {
  acme = await world.key('acme', 'app');
  token = await world.token('acme', acme.key, { integrations: ['notion'], mayDisconnect: true });
});
afterAll(async () => {
  await world?.app.close();
  await systems?.close();
});

type Method = 'GET' | 'POST' | 'DELETE' | 'OPTIONS';

async function ask(method: Method, url: string, headers: Record<string, string> = {}): Promise<number> {
  const usual = { authorization: `Bearer ${token}`, origin: PAGE };
  return (await world.app.inject({ method, url, headers: { ...usual, ...headers } })).statusCode;
}

const LIST = '/embed/integrations';

describe('a token of the connect component', () => {
  it('does nothing outside /embed: no route of the sidecar takes it', async () => {
    const outside = [...routesOf(world)].filter(
      ({ url, access }) => access !== 'public' && !url.startsWith('/embed/'),
    );
    expect(outside.length).toBeGreaterThan(10);
    for (const { method, url } of outside) {
      const path = url.replace(':tenant', 'acme').replace(':integration', 'notion').replace(/:\w+/, 'any');
      const { statusCode } = await world.app.inject({
        method: method as Method,
        url: path,
        headers: { authorization: `Bearer ${token}` },
      });
      expect([method, url, statusCode]).toEqual([method, url, 401]);
    }
  });

  it('is no session: as a cookie it is nobody, and it opens none', async () => {
    const cookie = await world.app.inject({
      url: '/tenants/acme/integrations',
      headers: { cookie: `__Host-tenantry_session=${token}` },
    });
    const bare = await world.app.inject({
      url: '/session',
      headers: { cookie: `__Host-tenantry_session=${token.slice(5)}` },
    });
    const opened = await world.app.inject({
      method: 'POST',
      url: '/session',
      headers: { authorization: `Bearer ${token}` },
    });
    expect([cookie.statusCode, bare.statusCode, opened.statusCode]).toEqual([401, 401, 401]);
  });

  it('is for the integrations that it names, whether the tenant has others or not', async () => {
    for (const other of ['slack', 'stripe', 'nothing-of-the-kind']) {
      expect(await ask('POST', `/embed/integrations/${other}/connect`)).toBe(403);
      expect(await ask('DELETE', `/embed/integrations/${other}`)).toBe(403);
    }
    expect(world.revoked).toEqual([]);
  });

  it('sees nothing of another tenant, and no flow of another tenant or backend', async () => {
    const globex = await world.token('globex', (await world.key('globex', 'app')).key);
    const begun = await world.app.inject({
      method: 'POST',
      url: '/embed/integrations/notion/connect',
      headers: { authorization: `Bearer ${globex}`, origin: PAGE },
    });
    const foreign = `/embed/flows/${begun.json<{ flow: string }>().flow}`;
    expect(await ask('GET', foreign)).toBe(404);
    const other = await world.token('acme', (await world.key('acme', 'app')).key);
    const own = await world.app.inject({
      method: 'POST',
      url: '/embed/integrations/notion/connect',
      headers: { authorization: `Bearer ${other}`, origin: PAGE },
    });
    expect(await ask('GET', `/embed/flows/${own.json<{ flow: string }>().flow}`)).toBe(404);
    // What names a tenant beside it changes nothing.
    const named = await world.app.inject({
      url: `${LIST}?tenant=globex`,
      headers: { authorization: `Bearer ${token}`, origin: PAGE, 'x-tenantry-tenant': 'globex' },
    });
    expect(named.json<{ tenantName: string }>().tenantName).toContain('Acme');
  });

  it('ends with its time', async () => {
    expect(await ask('GET', LIST)).toBe(200);
    world.clock.ms += 900_000;
    expect(await ask('GET', LIST)).toBe(401);
  });

  it('ends with the API key that made it', async () => {
    expect(await ask('GET', LIST)).toBe(200);
    await systems.admin.query('update tenantry.api_keys set revoked_at = now() where id = $1', [acme.id]);
    expect(await ask('GET', LIST)).toBe(401);
  });

  it.each([
    ['none', ''],
    ['a made-up one', `Bearer tnye_${'a'.repeat(43)}`],
    ['an empty one', 'Bearer '],
    ['one of another form', 'Basic dXNlcjpwYXNz'],
    ['a very long one', `Bearer tnye_${'a'.repeat(20_000)}`],
  ])('is refused as %s', async (_what, authorization) => {
    const headers = { origin: PAGE, ...(authorization && { authorization }) };
    expect((await world.app.inject({ url: LIST, headers })).statusCode).toBe(401);
  });

  it('is not an API key: one of the tenant is refused here', async () => {
    expect(await ask('GET', LIST, { authorization: `Bearer ${acme.key}` })).toBe(401);
  });

  it('is made by who may connect, for an own tenant, and by no token of its kind', async () => {
    const make = async (key: string, tenant = 'acme'): Promise<number> =>
      (
        await world.app.inject({
          method: 'POST',
          url: `/tenants/${tenant}/embed-sessions`,
          headers: { authorization: `Bearer ${key}` },
        })
      ).statusCode;
    expect(await make((await world.key('acme', 'viewer')).key)).toBe(403);
    expect(await make(acme.key, 'globex')).toBe(403);
    expect(await make(token)).toBe(401);
    expect(await make((await world.key(null, 'admin')).key, 'globex')).toBe(201);
  });

  it('stands in no line of the log', async () => {
    await ask('GET', LIST);
    await ask('GET', `/embed/nothing?token=${token}`);
    expect(world.context.lines.join('\n')).not.toContain(token.slice(5));
  });
});

describe('another page', () => {
  const FOREIGN = [
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://evil.example/https://app.example.com',
    'https://sub.app.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://APP.example.com',
    'https://app.example.com/',
    'null',
    '*',
    '',
  ];

  it.each(FOREIGN)('at %j is let in by no route, whatever it has', async (origin) => {
    for (const [method, url] of [
      ['GET', LIST],
      ['POST', '/embed/integrations/notion/connect'],
      ['DELETE', '/embed/integrations/notion'],
      ['OPTIONS', '/embed/integrations/notion/connect'],
    ] as const) {
      const answer = await world.app.inject({
        method,
        url,
        headers: { origin, authorization: `Bearer ${token}` },
      });
      expect(answer.statusCode).toBe(403);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
    expect(world.revoked).toEqual([]);
  });

  it('is let in by no wildcard: a list with one is no document', async () => {
    for (const origins of [['*'], ['https://*.example.com/'], ['null'], ['https://app.example.com/path']]) {
      await expect(startEmbedWorld(systems, origins)).rejects.toThrow();
    }
  });

  it('gets no leave to read any other route', async () => {
    for (const origin of [PAGE, 'https://evil.example']) {
      for (const { method, url } of routesOf(world)) {
        if (url.startsWith('/embed/')) continue;
        const path = url.replace(':tenant', 'acme').replaceAll(/:\w+/g, 'any');
        const { headers } = await world.app.inject({
          method: method as Method,
          url: path,
          headers: { origin },
        });
        expect([url, headers['access-control-allow-origin']]).toEqual([url, undefined]);
      }
    }
  });

  it('can use no cookie: answers never allow credentials, and a session’s cookie is nobody here', async () => {
    const opened = await world.app.inject({
      method: 'POST',
      url: '/session',
      headers: { authorization: `Bearer ${acme.key}` },
    });
    const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
    expect(cookie).toMatch(/^__Host-tenantry_session=./);
    const answer = await world.app.inject({ url: LIST, headers: { cookie, origin: PAGE } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('is needed to open the popup: who names no origin gets no link', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const url = '/embed/integrations/notion/connect';
    expect((await world.app.inject({ method: 'POST', url, headers })).statusCode).toBe(403);
  });
});

/** Every route of the server. */
function routesOf({ routes }: EmbedWorld): EmbedWorld['routes'] {
  expect(routes.length).toBeGreaterThan(0);
  return routes;
}
