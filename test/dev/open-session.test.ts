/** The way in without a key, in `tenantry dev`: for a page of its own, on this machine, and for nobody else. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSessionRoutes } from '../../src/dev/open-session.ts';
import { createApiKey } from '../../src/sidecar/callers/api-keys/store.ts';
import { authentication } from '../../src/sidecar/callers/authentication.ts';
import { callerRoutes } from '../../src/sidecar/callers/routes.ts';
import type { SidecarServer } from '../../src/sidecar/context.ts';
import { sidecarDocument } from '../../src/sidecar/openapi/generate.ts';
import { sidecarSettingsOf, testContext, testServer } from '../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../support/sidecar-database.ts';

const HOST = '127.0.0.1:7250';
const ORIGIN = `http://${HOST}`;
const OWN_PAGE = { host: HOST, origin: ORIGIN, 'sec-fetch-site': 'same-origin' };

let systems: SidecarDatabase;
let key: string;
const open: SidecarServer[] = [];

beforeAll(async () => {
  systems = await startSidecarDatabase();
  const wanted = { tenant: null, name: 'dev', role: 'admin', createdBy: 'test', now: Date.now() } as const;
  key = (await createApiKey(systems.database, wanted)).key;
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});
afterAll(() => systems?.close());

async function serve(
  publicUrl = ORIGIN,
  keyOf: () => string | undefined = () => key,
): Promise<SidecarServer> {
  const context = testContext({
    settings: sidecarSettingsOf({}, { publicUrl }),
    database: systems.newDatabase(),
  });
  const app = await testServer(context, [callerRoutes, openSessionRoutes(keyOf)], authentication(context));
  open.push(app);
  return app;
}

interface Answer {
  readonly status: number;
  readonly cookie: string | undefined;
  readonly text: string;
}

async function ask(
  app: SidecarServer,
  headers: Record<string, string>,
  remoteAddress = '127.0.0.1',
): Promise<Answer> {
  const answer = await app.inject({ method: 'POST', url: '/session/open', headers, remoteAddress });
  const cookie = answer.headers['set-cookie'];
  return {
    status: answer.statusCode,
    cookie: cookie === undefined ? undefined : String(cookie),
    text: answer.body,
  };
}

describe('the way in without a key', () => {
  it('opens a session of the platform for a page of this very sidecar, and tells that it does', async () => {
    const app = await serve();
    expect((await app.inject('/session/methods')).json()).toMatchObject({ open: true });
    const { status, cookie, text } = await ask(app, OWN_PAGE);
    expect(status).toBe(201);
    expect(cookie).toMatch(/^tenantry_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    expect(text).not.toContain(key);
    const who = await app.inject({ url: '/session', headers: { cookie: cookie?.split(';')[0] ?? '' } });
    expect(who.json()).toMatchObject({
      caller: { kind: 'session', role: 'admin', tenants: 'all' },
      csrfToken: (JSON.parse(text) as { csrfToken: string }).csrfToken,
    });
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another site that leaves its origin out', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:3000' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a link or a typed address', { 'sec-fetch-site': 'none' }],
    [
      'a name that was rebound to this address',
      { host: 'evil.example:7250', origin: 'http://evil.example:7250' },
    ],
    ['a rebound name that says our origin', { host: 'evil.example:7250' }],
    ['another name of loopback', { host: 'localhost:7250', origin: 'http://localhost:7250' }],
    ['a host of another port', { host: '127.0.0.1:7251' }],
  ])('is closed to %s', async (_what, changes) => {
    const { status, cookie } = await ask(await serve(), { ...OWN_PAGE, ...changes });
    expect([status, cookie]).toEqual([403, undefined]);
  });

  it.each(['origin', 'sec-fetch-site'] as const)(
    'is closed to who sends no %s: a program uses the key',
    async (name) => {
      const { [name]: _left, ...headers } = OWN_PAGE;
      expect(await ask(await serve(), headers)).toMatchObject({ status: 403, cookie: undefined });
    },
  );

  it('is closed to other machines, and wherever people reach the sidecar by another address', async () => {
    expect(await ask(await serve(), OWN_PAGE, '192.0.2.7')).toMatchObject({ status: 403 });
    const away = await serve('http://dev.example.com:7250');
    const headers = { ...OWN_PAGE, host: 'dev.example.com:7250', origin: 'http://dev.example.com:7250' };
    expect(await ask(away, headers)).toMatchObject({ status: 403 });
  });

  it('asks to come again while there is no key yet', async () => {
    expect(await ask(await serve(ORIGIN, () => undefined), OWN_PAGE)).toMatchObject({ status: 503 });
  });

  it('is not there by GET, which a link or a picture could be', async () => {
    const app = await serve();
    const answer = await app.inject({ url: '/session/open', headers: OWN_PAGE });
    expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([404, undefined]);
  });

  it('is no route of the sidecar itself', async () => {
    expect(Object.keys((await sidecarDocument()).paths)).not.toContain('/session/open');
    const context = testContext({
      settings: sidecarSettingsOf({}, { publicUrl: ORIGIN }),
      database: systems.newDatabase(),
    });
    const app = await testServer(context, [callerRoutes], authentication(context));
    open.push(app);
    expect((await ask(app, OWN_PAGE)).status).toBe(404);
    expect((await app.inject('/session/methods')).json()).toMatchObject({ open: false });
  });
});
