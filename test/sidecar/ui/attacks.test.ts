/** What another site may try with the browser of somebody who is signed in, against every route of a whole sidecar. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildUi } from '../../../scripts/ui.ts';
import { startDevVault } from '../../../src/dev/vault/server.ts';
import { METHODS, type OpenApiDocument } from '../../../src/sidecar/openapi/document-types.ts';
import { sidecarDocument } from '../../../src/sidecar/openapi/generate.ts';
import type { Sidecar } from '../../../src/sidecar/start.ts';
import { call, prepare, type SidecarWorld, startSidecarWorld } from '../../support/sidecar-world.ts';

interface Route {
  readonly method: string;
  readonly path: string;
  /** May a session's cookie say who calls? */
  readonly takesSession: boolean;
}

const BUILT = new URL('../../../dist/ui', import.meta.url).pathname;
const ANY_ID = '00000000-0000-4000-8000-000000000000';
const VALUES: Readonly<Record<string, string>> = {
  tenant: 'acme',
  integration: 'notion',
  path: 'v1/users/me',
  token: 'a'.repeat(43),
  tool: 'any',
};

let world: SidecarWorld;
let sidecar: Sidecar;
let keys: { readonly app: string; readonly admin: string };
let routes: Route[];
let cookie: string;
let csrf: string;

beforeAll(async () => {
  const [started, document] = await Promise.all([
    startSidecarWorld(() => startDevVault()),
    sidecarDocument(),
    buildUi(BUILT, { ifStale: true }),
  ]);
  world = started;
  routes = routesOf(document);
  keys = await prepare(world);
  sidecar = await world.start();
  const opened = await call<{ csrfToken: string }>(sidecar, '/session', { method: 'POST', key: keys.admin });
  cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
  csrf = opened.json.csrfToken;
});
afterAll(() => world?.close());

function routesOf({ paths }: OpenApiDocument): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): Route[] => {
      const operation = item[method];
      if (!operation) return [];
      const { security } = operation;
      return [
        {
          method: method.toUpperCase(),
          path: path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => VALUES[name] ?? ANY_ID),
          takesSession: security === undefined || security.some((each) => 'session' in each),
        },
      ];
    }),
  );
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const own = (): string => new URL(sidecar.url).origin;

async function send(
  { method, path }: Pick<Route, 'method' | 'path'>,
  headers: Record<string, string>,
): Promise<{ readonly status: number; readonly detail: string }> {
  const { status, json } = await call<{ detail?: string }>(sidecar, path, {
    method,
    headers: { cookie, ...headers },
  });
  return { status, detail: json?.detail ?? '' };
}

describe('a request that another site forges', () => {
  it.each([
    ['has no CSRF token', () => ({}), 'CSRF token'],
    ['has another CSRF token', () => ({ 'x-tenantry-csrf': 'a'.repeat(43) }), 'CSRF token'],
    ['has an empty CSRF token', () => ({ 'x-tenantry-csrf': '' }), 'CSRF token'],
    [
      'comes from another origin',
      () => ({ origin: 'https://evil.example', 'x-tenantry-csrf': csrf }),
      'another origin',
    ],
    [
      'comes from a page without an origin',
      () => ({ origin: 'null', 'x-tenantry-csrf': csrf }),
      'another origin',
    ],
    [
      'comes from another port',
      () => ({ origin: 'http://127.0.0.1:1', 'x-tenantry-csrf': csrf }),
      'another origin',
    ],
    ['is cross-site', () => ({ 'sec-fetch-site': 'cross-site', 'x-tenantry-csrf': csrf }), 'another site'],
    [
      'is of a sibling domain',
      () => ({ 'sec-fetch-site': 'same-site', 'x-tenantry-csrf': csrf }),
      'another site',
    ],
    ['was typed in', () => ({ 'sec-fetch-site': 'none', 'x-tenantry-csrf': csrf }), 'another site'],
  ])('changes nothing at any route where it %s', async (_what, headers, why) => {
    const changing = routes.filter(({ method, takesSession }) => takesSession && !SAFE.has(method));
    expect(changing.length).toBeGreaterThan(20);
    for (const route of changing) {
      const { status, detail } = await send(route, headers());
      expect([route.method, route.path, status, detail.includes(why)]).toEqual([
        route.method,
        route.path,
        403,
        true,
      ]);
    }
  });

  it('is told from one of the own page, which gets past this check at every route', async () => {
    const headers = { origin: own(), 'sec-fetch-site': 'same-origin', 'x-tenantry-csrf': csrf };
    // The last one ends the session itself.
    const changing = routes.filter(
      ({ method, path, takesSession }) => takesSession && !SAFE.has(method) && path !== '/session',
    );
    for (const route of changing) {
      const { detail } = await send(route, headers);
      expect([route.path, /CSRF token|another origin|another site/.test(detail)]).toEqual([
        route.path,
        false,
      ]);
    }
  });

  it('reads nothing as a picture, a script or a fetch of another site', async () => {
    const reading = routes.filter(({ method, takesSession }) => takesSession && method === 'GET');
    expect(reading.length).toBeGreaterThan(20);
    for (const route of reading) {
      for (const mode of ['no-cors', 'cors']) {
        const { status, detail } = await send(route, {
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': mode,
        });
        // The status of a flow is told to its own browser only, and this one has none.
        const isFlow = route.path.startsWith('/oauth/flows/');
        if (isFlow) expect(status).toBe(404);
        else expect([route.path, status, detail.includes('another')]).toEqual([route.path, 403, true]);
      }
    }
  });

  it('is invited by no route: none but the component’s answers a preflight of another origin', async () => {
    for (const { path } of routes.filter((route) => !route.path.startsWith('/embed/'))) {
      const answer = await call(sidecar, path, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST', cookie },
      });
      expect([path, answer.headers.get('access-control-allow-origin')]).toEqual([path, null]);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('opens no session: without Authorization, which no other page can send along, there is none', async () => {
    const answer = await call(sidecar, '/session', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
    });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null]);
  });
});

describe('a session', () => {
  it('never gets a token in clear, whatever its role: script in a page has nothing to carry away', async () => {
    const places = ['/tenants/acme/integrations/notion/token', '/token?platform=notion&organization=any'];
    for (const path of places) {
      const headers = { 'sec-fetch-site': 'same-origin', 'x-tenantry-csrf': csrf };
      const { status, detail } = await send({ method: 'GET', path }, headers);
      expect([path, status, detail]).toEqual([path, 403, 'a token is never given to a browser']);
      // The same key itself gets past this.
      expect((await call<{ code: string }>(sidecar, path, { key: keys.admin })).json.code).not.toBe(
        'Forbidden',
      );
    }
  });
});

/** Addresses where a person sees a page, good or bad. */
const PAGES = [
  '/ui/',
  '/ui/tenants/acme',
  '/ui/tenants/acme/connect/notion',
  '/ui/nothing/of/the/kind',
  '/docs/static/index.html',
  `/connect/${'a'.repeat(43)}`,
  '/connect/acme/notion',
  '/oauth/callback/notion?state=x&code=y',
  '/oauth/callback/nothing',
  '/session/oidc/start',
  '/nothing',
  '/',
];

describe('a page', () => {
  it.each(PAGES)(
    'at %s is shown in no frame of another site, and tells no other site where it is',
    async (path) => {
      const { headers } = await call(sidecar, path, { headers: { accept: 'text/html' } });
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/frame-ancestors 'none'/);
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toMatch(/^(?:same-origin|same-origin-allow-popups)$/);
      expect(policy).not.toMatch(/script-src[^;]*'unsafe-(?:inline|eval)'/);
    },
  );

  it('of the web application runs its own files only', async () => {
    const { headers, text } = await call(sidecar, '/ui/tenants/%3Cscript%3Ealert(1)%3C/script%3E');
    const policy = headers.get('content-security-policy') ?? '';
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "base-uri 'none'",
      "trusted-types 'none'",
    ]) {
      expect(policy).toContain(part);
    }
    // Nothing of the address or of a caller stands in it: it is the same for everybody.
    expect(text).not.toContain('alert(1)');
    expect(text).toBe((await call(sidecar, '/ui/')).text);
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|style=/);
  });
});

describe('an address of ours', () => {
  it.each([
    '//evil.example',
    '//evil.example/ui/',
    '/ui//evil.example',
    '/ui/..%2f..%2f%2fevil.example',
    '/ui/%5cevil.example',
    '/\\evil.example',
    '/docs//evil.example',
    '/?next=https://evil.example',
    '/ui/?return_to=https://evil.example',
    '/session/oidc/callback?return_to=https://evil.example',
    '/oauth/callback/notion?redirect_uri=https://evil.example',
    '/oauth/install/notion?tenant=acme&redirect_uri=https://evil.example',
  ])('sends nobody elsewhere: %s', async (path) => {
    const response = await fetch(`${sidecar.url}${path}`, {
      redirect: 'manual',
      headers: { cookie, accept: 'text/html' },
    });
    await response.arrayBuffer();
    const location = response.headers.get('location');
    expect(location === null ? own() : new URL(location, sidecar.url).origin).toBe(own());
  });
});

describe('another name of this machine', () => {
  const ask = async (
    host: string,
    path: string,
  ): Promise<{ status: number; location: string | undefined }> => {
    const { statusCode, headers } = await sidecar.server.inject({ url: path, headers: { host } });
    return { status: statusCode, location: headers.location };
  };

  it('is led to the address that cookies and origins are good for', async () => {
    const port = new URL(sidecar.url).port;
    for (const host of [`localhost:${port}`, `[::1]:${port}`, `127.0.0.2:${port}`]) {
      expect(await ask(host, '/ui/tenants?search=a')).toEqual({
        status: 302,
        location: `${own()}/ui/tenants?search=a`,
      });
      // A path that begins like a host stays a path.
      const { location } = await ask(host, '/ui/%2e%2e//evil.example');
      expect(new URL(location ?? own()).origin).toBe(own());
    }
  });

  it('is told by the exact port and by loopback alone: nobody else is led anywhere', async () => {
    for (const host of [
      'localhost:1',
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '@',
      '',
    ]) {
      expect((await ask(host, '/ui/')).location).toBeUndefined();
    }
  });
});

describe('a cache', () => {
  it('keeps no answer that is for one caller', async () => {
    for (const { method, path } of routes.filter(
      ({ takesSession, method }) => takesSession && method === 'GET',
    )) {
      if (path.startsWith('/proxy/') || path.endsWith('/events')) continue;
      const { headers } = await call(sidecar, path, { method, headers: { cookie } });
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
    }
  });

  it('keeps the files of the application for good, and asks for its page each time', async () => {
    const page = await call(sidecar, '/ui/');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('set-cookie')).toBeNull();
    const script = /src="(\/ui\/assets\/[^"]+\.js)"/.exec(page.text)?.[1] ?? '';
    const { headers, status } = await call(sidecar, script);
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  });

  it('never keeps the page in place of a file that is not there any more', async () => {
    for (const path of ['/ui/assets/index-of-an-earlier-version.js', '/ui/embed/other.js']) {
      const { status, headers } = await call(sidecar, path);
      expect([status, headers.get('cache-control')]).toEqual([404, 'no-store']);
    }
  });
});
