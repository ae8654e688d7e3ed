import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSidecarClient, type SidecarClient, SidecarError } from '../../src/client/index.ts';
import { createApiKey } from '../../src/sidecar/callers/api-keys/store.ts';
import type { Role } from '../../src/sidecar/callers/caller.ts';
import { callerRoutes } from '../../src/sidecar/callers/routes.ts';
import { scriptedProvider } from '../sidecar/oauth/scripted-provider.ts';
import { type OAuthWorld, startOAuthWorld } from '../sidecar/oauth/world.ts';
import { integrationYaml, tenantYaml } from '../support/world.ts';

let world: OAuthWorld;
let url: string;
let app: SidecarClient;
let admin: SidecarClient;
let appKey: string;

const notion = { path: { tenant: 'acme', integration: 'notion' } };

beforeAll(async () => {
  const script = scriptedProvider();
  world = await startOAuthWorld({
    documents:
      tenantYaml('acme') +
      tenantYaml('globex') +
      ['notion', 'linear'].map((id) => integrationYaml('acme', id)).join('') +
      integrationYaml('globex', 'notion'),
    providers: () => script.providers,
    routes: [callerRoutes],
    realCallers: true,
  });
  url = await world.app.listen({ host: '127.0.0.1', port: 0 });
  appKey = await keyOf('acme', 'app');
  app = createSidecarClient({ url, credential: appKey });
  admin = createSidecarClient({ url: `${url}/`, credential: await keyOf(null, 'admin'), tenant: 'globex' });
});
afterAll(() => world?.close());

async function keyOf(tenant: string | null, role: Role): Promise<string> {
  const made = await createApiKey(world.db.database, {
    tenant,
    role,
    name: 'test',
    createdBy: 'test',
    now: world.clock.now,
    expiresAt: undefined,
  });
  return made.key;
}

async function errorOf(call: Promise<unknown>): Promise<SidecarError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SidecarError) return error;
  throw new Error('the call was not rejected with a SidecarError', { cause: error });
}

describe('the client of a sidecar', () => {
  it('stores a credential, reads its state and its token, and ends it', async () => {
    const path = '/tenants/{tenant}/integrations/{integration}/credentials';
    const stored = await app.post(path, {
      ...notion,
      body: { accessToken: 'canary-notion-1', expiresIn: 3600 },
    });
    expect(stored).toMatchObject({ success: true, tenantId: 'acme' });
    const { integrations } = await app.get('/tenants/{tenant}/integrations', { path: { tenant: 'acme' } });
    expect(integrations.map(({ integration, status }) => [integration, status])).toEqual([
      ['linear', 'missing'],
      ['notion', 'active'],
    ]);
    const token = await app.get('/tenants/{tenant}/integrations/{integration}/token', notion);
    expect(token.accessToken).toBe('canary-notion-1');
    expect(await app.delete(path, notion)).toMatchObject({ success: true });
  });

  it('gives undefined where an answer has no body, and sends a query', async () => {
    const { id } = await admin.post('/admin/api-keys', { body: { name: 'short' } });
    expect(await admin.delete('/admin/api-keys/{id}', { path: { id } })).toBeUndefined();
    const { installations } = await admin.get('/oauth/installations', {
      query: { status: 'active', platform: 'linear' },
    });
    expect(installations).toEqual([]);
  });

  it('sends its tenant where the path names none, and not where it does', async () => {
    const begun = await admin.get('/oauth/authorize/{integration}', { path: { integration: 'notion' } });
    const flows = await world.context.database.asPlatform((query) =>
      query<{ tenant: string }>('select tenant from tenantry.connect_links where flow = $1', [begun.flow]),
    );
    expect(flows).toEqual([{ tenant: 'globex' }]);
    const { tenantId } = await admin.get('/tenants/{tenant}/integrations', { path: { tenant: 'acme' } });
    expect(tenantId).toBe('acme');
  });

  it('asks for the credential anew for each call', async () => {
    const credential = vi.fn(async () => appKey);
    const client = createSidecarClient({ url, credential });
    await client.get('/session');
    await client.get('/session');
    expect(credential).toHaveBeenCalledTimes(2);
  });

  it('is rejected with the code, hint and request id of a problem', async () => {
    const token = app.get('/tenants/{tenant}/integrations/{integration}/token', {
      path: { tenant: 'acme', integration: 'linear' },
    });
    const error = await errorOf(token);
    expect(error).toMatchObject({
      name: 'SidecarError',
      code: 'CredentialNotFoundError',
      status: 404,
      retryable: false,
      hint: expect.stringContaining('connect the tenant'),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      errors: [],
    });
    expect(error.message).not.toBe('');
  });

  it('tells which fields are wrong', async () => {
    const error = await errorOf(
      app.post('/tenants/{tenant}/integrations/{integration}/connect-links', {
        ...notion,
        body: { expiresInSeconds: -1 },
      }),
    );
    expect([error.code, error.status]).toEqual(['InvalidRequest', 400]);
    expect(error.errors.map(({ path }) => path)).toEqual(['body.expiresInSeconds']);
  });

  it('is refused another tenant, and without a credential', async () => {
    const other = app.get('/tenants/{tenant}/integrations', { path: { tenant: 'globex' } });
    expect((await errorOf(other)).code).toBe('Forbidden');
    const nobody = createSidecarClient({ url }).get('/session');
    expect((await errorOf(nobody)).code).toBe('Unauthenticated');
  });

  it('never lets a name lead to another operation', async () => {
    for (const tenant of ['', '.', '..']) {
      const call = app.get('/tenants/{tenant}/integrations', { path: { tenant } });
      await expect(call).rejects.toThrow(TypeError);
    }
    const odd = app.get('/tenants/{tenant}/integrations', { path: { tenant: 'a/../../session?x=#' } });
    expect((await errorOf(odd)).code).toBe('Forbidden');
  });

  it('works in a session’s browser, with the CSRF token', async () => {
    const opened = await fetch(`${url}/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await keyOf('acme', 'tenant-admin')}` },
    });
    const { csrfToken = '' } = (await opened.json()) as { csrfToken?: string };
    const cookie = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    // What a browser adds by itself.
    const asBrowser = (request: Request): Promise<Response> => {
      request.headers.set('cookie', cookie);
      return fetch(request);
    };
    const link = (client: SidecarClient): Promise<unknown> =>
      client.post('/tenants/{tenant}/integrations/{integration}/connect-links', notion);
    expect((await errorOf(link(createSidecarClient({ url, fetch: asBrowser })))).code).toBe('Forbidden');
    await expect(link(createSidecarClient({ url, fetch: asBrowser, csrfToken }))).resolves.toMatchObject({
      url: expect.any(String),
    });
  });
});

describe('a client whose sidecar fails', () => {
  const servers: Server[] = [];
  let asked = 0;
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    vi.restoreAllMocks();
  });

  /** Answers one try after another; the last one again and again. */
  async function failing(...answers: ((response: ServerResponse) => void)[]): Promise<string> {
    asked = 0;
    const server = createServer((request, response) => {
      request.resume();
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked++;
      answer?.(response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const ok = (response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json').end('{"status":"ok","version":"1"}');
  };
  const problem =
    (retryAfter: string) =>
    (response: ServerResponse): void => {
      const body = {
        type: 'x',
        title: 'x',
        status: 503,
        code: 'VaultSealed',
        retryable: true,
        detail: 'sealed',
      };
      response
        .writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': retryAfter })
        .end(JSON.stringify({ ...body, requestId: 'r' }));
    };
  const silent = (): void => undefined;
  const broken = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{', () => response.destroy());
  };

  it('makes a GET again while it fails in passing', async () => {
    const client = createSidecarClient({ url: await failing(problem('0'), broken, ok) });
    expect(await client.get('/health')).toEqual({ status: 'ok', version: '1' });
    expect(asked).toBe(3);
  });

  it('gives up after the last try, with the last error', async () => {
    const client = createSidecarClient({ url: await failing(problem('0')), tries: 2 });
    expect(await errorOf(client.get('/health'))).toMatchObject({ code: 'VaultSealed', retryAfterSeconds: 0 });
    expect(asked).toBe(2);
  });

  /** Makes waits of the client for these 7 s short, and tells of each. */
  function shortWaits(onWait: () => void = () => undefined): number[] {
    const waits: number[] = [];
    const real = globalThis.setTimeout;
    const short = (work: () => void, ms: number, ...rest: []): NodeJS.Timeout => {
      if (ms < 7000 || ms > 7200) return real(work, ms, ...rest);
      waits.push(ms);
      onWait();
      return real(work, 1);
    };
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(short as typeof setTimeout);
    return waits;
  }

  it('waits as long as Retry-After says', async () => {
    const url = await failing(problem('7'), ok);
    const waits = shortWaits();
    await createSidecarClient({ url }).get('/health');
    expect(waits).toHaveLength(1);
    expect(asked).toBe(2);
  });

  it('can be stopped while it waits', async () => {
    const url = await failing(problem('7'), ok);
    const stop = new AbortController();
    shortWaits(() => queueMicrotask(() => stop.abort(new Error('no longer needed'))));
    const call = createSidecarClient({ url }).get('/health', { signal: stop.signal });
    await expect(call).rejects.toThrow('no longer needed');
    expect(asked).toBe(1);
  });

  it('leaves a wait that is too long to its caller', async () => {
    const client = createSidecarClient({ url: await failing(problem('3600'), ok) });
    expect((await errorOf(client.get('/health'))).retryAfterSeconds).toBe(3600);
    expect(asked).toBe(1);
  });

  it('never makes a call again that may change something', async () => {
    const client = createSidecarClient({ url: await failing(problem('0'), ok) });
    const call = client.post('/tenants/{tenant}/integrations/{integration}/connect-links', notion);
    expect((await errorOf(call)).code).toBe('VaultSealed');
    expect(asked).toBe(1);
  });

  it('says that nobody answers, or not in time', async () => {
    const gone = await failing(ok);
    servers.at(-1)?.close();
    const nobody = await errorOf(createSidecarClient({ url: gone, tries: 1 }).get('/health'));
    expect([nobody.code, nobody.status, nobody.retryable]).toEqual(['Unreachable', 0, true]);
    const slow = createSidecarClient({ url: await failing(silent), tries: 1, timeoutMs: 50 });
    expect((await errorOf(slow.get('/health'))).message).toBe('the sidecar did not answer in time');
  });

  it('says when what answers is no sidecar', async () => {
    const page =
      (status: number) =>
      (response: ServerResponse): void => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>balancer</h1>');
      };
    const errors = await Promise.all(
      [200, 404, 502].map(async (status) => {
        const client = createSidecarClient({ url: await failing(page(status)), tries: 1 });
        const { code, retryable } = await errorOf(client.get('/health'));
        return [status, code, retryable];
      }),
    );
    expect(errors).toEqual([
      [200, 'UnexpectedAnswer', false],
      [404, 'UnexpectedAnswer', false],
      [502, 'UnexpectedAnswer', true],
    ]);
  });

  it('gives the reason of the caller’s own signal', async () => {
    const stop = new AbortController();
    const client = createSidecarClient({
      url: await failing(() => stop.abort(new Error('no longer needed'))),
    });
    await expect(client.get('/health', { signal: stop.signal })).rejects.toThrow('no longer needed');
    expect(asked).toBe(1);
  });
});
