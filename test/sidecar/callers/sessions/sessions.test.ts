/** Sessions of browsers over a real Postgres. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { AUDIENCE, startIssuer, type TestIssuer } from '../issuer.ts';
import { bearer, type Clock, keyFor, type Replica, type ReplicaOptions, startReplica } from '../replica.ts';

const clock: Clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
const HOUR = 3_600_000;
const open: Replica[] = [];
let systems: SidecarDatabase;
let issuer: TestIssuer;

beforeAll(async () => {
  [systems, issuer] = await Promise.all([startSidecarDatabase(), startIssuer(() => clock.ms)]);
});
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});
afterAll(async () => {
  await Promise.all([systems.close(), issuer.close()]);
});

async function replica(options: Partial<ReplicaOptions> = {}): Promise<Replica> {
  const callers = { jwt: [{ issuer: issuer.url, audience: AUDIENCE }], sessionHours: 2 };
  const started = await startReplica({ clock, database: systems.newDatabase(), callers, ...options });
  open.push(started);
  return started;
}

interface Opened {
  readonly cookie: string;
  readonly header: string;
  readonly csrf: string;
}

async function login({ app }: Replica, token: string, headers: Record<string, string> = {}): Promise<Opened> {
  const answer = await app.inject({
    method: 'POST',
    url: '/session',
    headers: { ...bearer(token), ...headers },
  });
  expect(answer.statusCode).toBe(201);
  const header = String(answer.headers['set-cookie']);
  return {
    cookie: header.split(';')[0] ?? '',
    header,
    csrf: answer.json<{ csrfToken: string }>().csrfToken,
  };
}

describe('a session', () => {
  it('is opened with an API key, tells who it is, and acts with the key’s rights', async () => {
    const here = await replica();
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'viewer' });
    const { cookie, csrf } = await login(here, key);
    const who = await here.app.inject({ url: '/session', headers: { cookie } });
    expect(who.json()).toEqual({
      caller: { kind: 'session', id: `session:api-key:${id}`, role: 'viewer', tenants: ['acme'] },
      csrfToken: csrf,
      expiresAt: '2030-01-01T02:00:00.000Z',
    });
    const things = await here.app.inject({ url: '/tenants/acme/things', headers: { cookie } });
    expect(things.statusCode).toBe(200);
    const token = await here.app.inject({ url: '/tenants/acme/token', headers: { cookie } });
    expect(token.statusCode).toBe(403);
  });

  it('has a cookie that scripts, other sites and other domains cannot have', async () => {
    const here = await replica();
    const { header } = await login(here, await issuer.sign());
    expect(header).toMatch(/^__Host-tenantry_session=[\w-]{43}; Path=\/; /);
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Lax']) expect(header).toContain(part);
    expect(header).not.toContain('Domain');
  });

  it('has a cookie of another name over http on loopback, and none over http elsewhere', async () => {
    const local = await replica({ settings: { publicUrl: 'http://127.0.0.1:7250' } });
    const { header } = await login(local, await issuer.sign());
    expect(header).toMatch(/^tenantry_session=/);
    expect(header).not.toContain('Secure');
    const clear = await replica({ settings: { publicUrl: 'http://connect.example.com' } });
    const answer = await clear.app.inject({
      method: 'POST',
      url: '/session',
      headers: bearer(await issuer.sign()),
    });
    expect([answer.statusCode, answer.json<{ detail: string }>().detail]).toEqual([
      400,
      'sessions need https',
    ]);
  });

  it('is good on every replica and ends after its hours', async () => {
    const [here, there] = [await replica(), await replica()];
    const { cookie } = await login(here, await issuer.sign());
    const status = async (): Promise<number> =>
      (await there.app.inject({ url: '/whoami', headers: { cookie } })).statusCode;
    expect(await status()).toBe(200);
    clock.ms += 2 * HOUR - 1;
    expect(await status()).toBe(200);
    clock.ms += 1;
    expect(await status()).toBe(401);
  });

  it('is ended by its page, at once and everywhere', async () => {
    const [here, there] = [await replica(), await replica()];
    const { cookie, csrf } = await login(here, await issuer.sign());
    const end = await here.app.inject({
      method: 'DELETE',
      url: '/session',
      headers: { cookie, 'x-tenantry-csrf': csrf },
    });
    expect(end.statusCode).toBe(204);
    expect(String(end.headers['set-cookie'])).toContain('Expires=Thu, 01 Jan 1970');
    const after = await there.app.inject({ url: '/whoami', headers: { cookie } });
    expect(after.statusCode).toBe(401);
    // A page cannot remove a cookie that it cannot see.
    expect(String(after.headers['set-cookie'])).toContain('__Host-tenantry_session=;');
  });

  it('ends when the API key that opened it is revoked or ends', async () => {
    const here = await replica();
    const admin = await keyFor(systems.database, clock, { tenant: 'acme', role: 'tenant-admin' });
    const leaked = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const short = await keyFor(systems.database, clock, {
      tenant: 'acme',
      role: 'app',
      expiresAt: clock.ms + HOUR,
    });
    const [first, second] = [await login(here, leaked.key), await login(here, short.key)];
    expect(second.header).toContain(`Expires=${new Date(clock.ms + HOUR).toUTCString()}`);
    const status = async ({ cookie }: Opened): Promise<number> =>
      (await here.app.inject({ url: '/whoami', headers: { cookie } })).statusCode;
    expect(await status(first)).toBe(200);
    await here.app.inject({
      method: 'DELETE',
      url: `/tenants/acme/api-keys/${leaked.id}`,
      headers: bearer(admin.key),
    });
    await vi.waitUntil(async () => (await status(first)) === 401);
    expect(await status(second)).toBe(200);
    clock.ms += HOUR;
    expect(await status(second)).toBe(401);
  });

  it('is a new one at each login, and the former ends', async () => {
    const here = await replica();
    const first = await login(here, await issuer.sign());
    const second = await login(here, await issuer.sign(), { cookie: first.cookie });
    expect(second.cookie).not.toBe(first.cookie);
    const old = await here.app.inject({ url: '/whoami', headers: { cookie: first.cookie } });
    expect(old.statusCode).toBe(401);
  });

  it('is not opened without a credential, with a session, or with a wrong one', async () => {
    const here = await replica();
    const { cookie, csrf } = await login(here, await issuer.sign());
    const attempts: Record<string, string>[] = [
      {},
      { cookie, 'x-tenantry-csrf': csrf },
      { authorization: 'Bearer tny_wrong' },
    ];
    for (const headers of attempts) {
      const answer = await here.app.inject({ method: 'POST', url: '/session', headers });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });

  it('leaves hashes in Postgres, and nothing once it is over', async () => {
    const here = await replica();
    const { cookie, csrf } = await login(here, await issuer.sign());
    const text = async (): Promise<string> => {
      const rows = await systems.admin.query<{ text: string }>(
        'select s::text as text from tenantry.sessions s',
      );
      return rows.map((row) => row.text).join('\n');
    };
    const before = await text();
    expect(before).toContain('user-1');
    const secret = cookie.split('=')[1] ?? '';
    for (const clear of [secret, csrf]) {
      expect(before).not.toContain(clear);
      expect(before).not.toContain(Buffer.from(clear).toString('hex'));
    }
    clock.ms += 2 * HOUR;
    await login(here, await issuer.sign({ sub: 'user-2' }));
    expect(await text()).not.toContain('user-1');
  });
});

describe('a request with a session', () => {
  const post = (here: Replica, headers: Record<string, string | string[]>): Promise<{ statusCode: number }> =>
    here.app.inject({ method: 'POST', url: '/tenants/acme/things', headers, payload: {} });

  it('changes nothing without the CSRF token of this session', async () => {
    const here = await replica();
    const [mine, other] = [await login(here, await issuer.sign()), await login(here, await issuer.sign())];
    const { cookie, csrf } = mine;
    expect((await post(here, { cookie })).statusCode).toBe(403);
    expect((await post(here, { cookie, 'x-tenantry-csrf': '' })).statusCode).toBe(403);
    expect((await post(here, { cookie, 'x-tenantry-csrf': other.csrf })).statusCode).toBe(403);
    expect((await post(here, { cookie, 'x-tenantry-csrf': [csrf, csrf] })).statusCode).toBe(403);
    expect((await post(here, { cookie, 'x-tenantry-csrf': csrf })).statusCode).toBe(200);
  });

  it('changes nothing for another origin or site, with the token or not', async () => {
    const here = await replica();
    const { cookie, csrf } = await login(here, await issuer.sign());
    const own = { cookie, 'x-tenantry-csrf': csrf };
    for (const origin of ['https://evil.example.com', 'http://connect.example.com', 'null']) {
      expect((await post(here, { ...own, origin })).statusCode).toBe(403);
    }
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect((await post(here, { ...own, 'sec-fetch-site': site })).statusCode).toBe(403);
    }
    const page = { origin: 'https://connect.example.com', 'sec-fetch-site': 'same-origin' };
    expect((await post(here, { ...own, ...page })).statusCode).toBe(200);
  });

  it('reads for its own pages and opened links, not for pictures and scripts of others', async () => {
    const here = await replica();
    const { cookie } = await login(here, await issuer.sign());
    const read = async (headers: Record<string, string>): Promise<number> =>
      (await here.app.inject({ url: '/tenants/acme/things', headers: { cookie, ...headers } })).statusCode;
    expect(await read({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).toBe(200);
    expect(await read({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200);
    expect(await read({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' })).toBe(403);
    expect(await read({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).toBe(403);
    expect(await read({ origin: 'https://evil.example.com' })).toBe(403);
  });

  it('reads what another service answers with the CSRF token only, so that it never becomes a page', async () => {
    const here = await replica();
    const { cookie, csrf } = await login(here, await issuer.sign());
    const pass = async (headers: Record<string, string>): Promise<number> =>
      (await here.app.inject({ url: '/pass/page.html', headers: { cookie, ...headers } })).statusCode;
    expect(await pass({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' })).toBe(403);
    expect(await pass({})).toBe(403);
    expect(await pass({ 'x-tenantry-csrf': csrf })).toBe(200);
  });
});
