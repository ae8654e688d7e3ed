/** Applications, tokens and the shape of refusals. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { airbyteDocumentMissing } from '../../support/airbyte-openapi.ts';
import { type Session, startSession } from './session.ts';

if (airbyteDocumentMissing !== undefined) console.warn(airbyteDocumentMissing);

describe('access to the emulator', () => {
  let session: Session;
  let clock = 1_700_000_000_000;
  const faults: { status: number; body: unknown }[] = [];
  const calls: string[] = [];

  beforeEach(async () => {
    session = await startSession({
      now: () => clock,
      clientId: 'id-1',
      clientSecret: 'secret-1',
      onRequest: ({ method, path }) => {
        calls.push(`${method} ${path}`);
        const fault = faults.shift();
        if (fault !== undefined) throw fault;
      },
    });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const token = (clientSecret = 'secret-1') =>
    session.call('POST', '/applications/token', {
      body: { client_id: 'id-1', client_secret: clientSecret, grant_type: 'client_credentials' },
    });

  it('answers the health check without a token', async () => {
    session.token = undefined;
    expect((await session.call('GET', '/health')).status).toBe(200);
  });

  it('gives a token that ends after 900 seconds by the clock', async () => {
    const { body } = await token();
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
    session.token = body.access_token;
    clock += 899_999;
    expect((await session.call('GET', '/workspaces')).status).toBe(200);
    clock += 1;
    expect((await session.call('GET', '/workspaces')).status).toBe(401);
  });

  it('takes the credentials as a form too', async () => {
    const response = await fetch(`${session.airbyte.url}/applications/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'id-1',
        client_secret: 'secret-1',
        grant_type: 'client_credentials',
      }),
    });
    expect(response.status).toBe(200);
  });

  it('answers 400 to wrong credentials, as self-managed Airbyte does', async () => {
    expect((await token('wrong')).status).toBe(400);
    expect((await session.call('POST', '/applications/token', { body: {} })).status).toBe(400);
  });

  it('answers 401 without a token, with an unknown one, and with another scheme', async () => {
    for (const value of [undefined, 'unknown']) {
      session.token = value;
      expect((await session.call('GET', '/sources')).status).toBe(401);
      expect((await session.call('POST', '/jobs', { body: {} })).status).toBe(401);
    }
    const basic = await fetch(`${session.airbyte.url}/sources`, {
      headers: { authorization: 'Basic dGVzdC1rZXk=' },
    });
    expect(basic.status).toBe(401);
  });

  it('lists, makes, reads and deletes applications, and a deleted one gets no token', async () => {
    const made = (await session.must('POST', '/applications', { body: { name: 'ci' } })).body;
    expect((await session.must('GET', `/applications/${made.id}`)).body).toEqual(made);
    const listed = (await session.must('GET', '/applications')).body.applications;
    expect(listed.map((one: { name: string }) => one.name)).toEqual(['default', 'ci']);
    await session.must('DELETE', `/applications/${made.id}`);
    expect((await session.call('GET', `/applications/${made.id}`)).status).toBe(404);
    const body = {
      client_id: made.clientId,
      client_secret: made.clientSecret,
      grant_type: 'client_credentials',
    };
    expect((await session.call('POST', '/applications/token', { body })).status).toBe(400);
  });

  it('lets a test inject a fault before the request is handled', async () => {
    faults.push({ status: 503, body: { anything: true } });
    const response = await fetch(`${session.airbyte.url}/workspaces?limit=1`);
    expect([response.status, await response.json()]).toEqual([503, { anything: true }]);
    expect(calls.at(-1)).toBe('GET /workspaces');
  });

  it('answers 404, 400 and 501 as problems', async () => {
    const response = await fetch(`${session.airbyte.url}/nowhere`);
    expect([response.status, ((await response.json()) as { title: string }).title]).toEqual([
      404,
      'not-found',
    ]);
    const broken = await fetch(`${session.airbyte.url}/workspaces`, {
      method: 'POST',
      body: '{',
      headers: { authorization: 'Bearer test-key', 'content-type': 'application/json' },
    });
    expect([broken.status, ((await broken.json()) as { title: string }).title]).toEqual([400, 'bad-request']);
    const id = '11111111-1111-4111-8111-111111111111';
    expect((await session.call('POST', '/sources/initiateOAuth', { body: {} })).status).toBe(501);
    expect((await session.call('PUT', `/workspaces/${id}/oauthCredentials`, { body: {} })).status).toBe(501);
    expect((await session.call('DELETE', `/workspaces/${id}/oauthCredentials/source/notion`)).status).toBe(
      501,
    );
  });
});
