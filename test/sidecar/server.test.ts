import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TenantryError } from '../../src/errors.ts';
import type { Routes, SidecarServer } from '../../src/sidecar/context.ts';
import { sidecarSettingsOf, testContext, testServer } from '../support/sidecar-context.ts';

const open: SidecarServer[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

const routes: Routes = (app) => {
  app.post(
    '/things/:id',
    {
      config: { access: 'public' },
      schema: {
        params: z.object({ id: z.string().max(5) }),
        body: z.strictObject({ count: z.int().min(1) }),
        response: { 200: z.object({ id: z.string() }) },
      },
    },
    async (request) => {
      if (request.params.id === 'busy') {
        throw new TenantryError('ProviderUnavailable', 'it is away', { retryAfterSeconds: 7.2 });
      }
      if (request.params.id === 'bug') throw new Error('the password is hunter2-canary');
      return { id: request.params.id, token: 'never-sent' };
    },
  );
};

async function start(context = testContext()): Promise<SidecarServer> {
  const app = await testServer(context, [routes]);
  open.push(app);
  return app;
}

describe('the server', () => {
  it('answers with what the schema of the answer names and nothing else', async () => {
    const answer = await (await start()).inject({ method: 'POST', url: '/things/a', payload: { count: 1 } });
    expect(answer.json()).toEqual({ id: 'a' });
  });

  it('tells every field that is wrong as a problem', async () => {
    const app = await start();
    const answer = await app.inject({
      method: 'POST',
      url: '/things/a',
      payload: { count: 0, extra: 'canary-value' },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const body = answer.json<{ code: string; errors: { path: string }[]; requestId: string }>();
    expect(body.code).toBe('InvalidRequest');
    expect(body.errors.map(({ path }) => path).toSorted()).toEqual(['body', 'body.count']);
    expect(body.requestId).toBe(answer.headers['x-request-id']);
    expect(answer.body).not.toContain('canary-value');
  });

  it('gives the code, the status and Retry-After of an error of ours', async () => {
    const answer = await (await start()).inject({
      method: 'POST',
      url: '/things/busy',
      payload: { count: 1 },
    });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '8']);
    expect(answer.json()).toMatchObject({
      code: 'ProviderUnavailable',
      detail: 'it is away',
      retryable: true,
    });
  });

  it('keeps the words of an unexpected error for the log', async () => {
    const context = testContext();
    context.redactor.add('hunter2-canary');
    const app = await start(context);
    const answer = await app.inject({ method: 'POST', url: '/things/bug', payload: { count: 1 } });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('password');
    const log = context.lines.join('');
    expect(log).toContain('the password is [redacted]');
    expect(log).not.toContain('hunter2-canary');
  });

  it('refuses a body that is too large, and one that is no JSON', async () => {
    const app = await start(testContext({ settings: sidecarSettingsOf({ limits: { bodyBytes: 1024 } }) }));
    const large = await app.inject({
      method: 'POST',
      url: '/things/a',
      payload: { count: 1, text: 'x'.repeat(2000) },
    });
    expect([large.statusCode, large.json<{ code: string }>().code]).toEqual([413, 'PayloadTooLarge']);
    const broken = await app.inject({
      method: 'POST',
      url: '/things/a',
      headers: { 'content-type': 'application/json' },
      payload: '{"count": ',
    });
    expect([broken.statusCode, broken.json<{ code: string }>().code]).toEqual([400, 'InvalidRequest']);
  });

  it('takes an absent body for the default of its schema, and for no object', async () => {
    const app = await testServer(testContext(), [
      (scope) => {
        const config = { access: 'public' } as const;
        const body = z.strictObject({ count: z.int().default(3) });
        scope.post('/default', { config, schema: { body: body.prefault({}) } }, async ({ body }) => body);
        scope.post('/needed', { config, schema: { body } }, async ({ body }) => body);
      },
    ]);
    open.push(app);
    const post = async (url: string): Promise<{ json(): unknown; statusCode: number }> =>
      await app.inject({ method: 'POST', url });
    expect((await post('/default')).json()).toEqual({ count: 3 });
    expect((await post('/needed')).statusCode).toBe(400);
  });

  it('takes a harmless request id over and replaces any other', async () => {
    const app = await start();
    const id = async (given: string): Promise<unknown> =>
      (await app.inject({ url: '/none', headers: { 'x-request-id': given } })).headers['x-request-id'];
    expect(await id('abc-12345')).toBe('abc-12345');
    expect(await id('bad id {"x":1}')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('sends security headers and an OpenAPI document that names the routes', async () => {
    const app = await start();
    const answer = await app.inject('/openapi.json');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const document = answer.json<{ openapi: string; paths: Record<string, unknown> }>();
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toEqual(['/things/{id}']);
    expect((await app.inject('/docs/')).statusCode).toBe(200);
  });

  it('limits how often one caller may ask', async () => {
    const app = await start(
      testContext({ settings: sidecarSettingsOf({ limits: { requestsPerMinute: 2 } }) }),
    );
    const ask = (): Promise<{ statusCode: number; headers: Record<string, unknown>; body: string }> =>
      app.inject({ method: 'POST', url: '/things/a', payload: { count: 1 } });
    await ask();
    await ask();
    const third = await ask();
    expect(third.statusCode).toBe(429);
    expect(third.body).toContain('RateLimited');
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('logs a line for each request, with a secret that came as its id taken out', async () => {
    const context = testContext();
    context.redactor.add('canary-token-123456');
    const app = await start(context);
    await app.inject({ url: '/none', headers: { 'x-request-id': 'canary-token-123456' } });
    await app.inject({ method: 'POST', url: '/things/a?x=1', payload: { count: 1 } });
    await expect.poll(() => context.lines.join('')).toContain('"route":"/things/:id"');
    const lines = context.lines
      .join('')
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'));
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({
        level: 'info',
        status: 404,
        req: { id: '[redacted]', method: 'GET', route: null },
      }),
      expect.objectContaining({ level: 'info', status: 200, ms: expect.any(Number) }),
    ]);
  });

  it('never logs the query of a request', async () => {
    const context = testContext();
    const app = await start(context);
    await app.inject('/things?code=canary-code-123456');
    await expect.poll(() => context.lines.length).toBeGreaterThan(0);
    expect(context.lines.join('')).not.toContain('canary-code-123456');
  });
});
