import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { agree } from '../../../src/dev/idp/agree.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { type Json, REDIRECT } from './browser.ts';
import { type Hook, startHook } from './hook.ts';

let ahead = 0;
let idp: DevIdp;
let hook: Hook;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: ['sentry'], now: () => Date.now() + ahead });
  hook = await startHook();
  idp.sentry.setCallbackUrl(REDIRECT);
});
afterEach(() => idp.sentry.setWebhook(undefined));
afterAll(() => Promise.all([idp.close(), hook.close()]));

const install = (tenant: string): Promise<URL> =>
  agree(`${idp.baseUrl('sentry')}/sentry-apps/${idp.sentry.slug}/external-install/?state=ours`, { tenant });

async function ask(uuid: string, fields: Json): Promise<{ status: number; body: Json }> {
  const { clientId = '', clientSecret = '' } = idp.clients.sentry ?? {};
  const path = `/api/0/sentry-app-installations/${uuid}/authorizations/`;
  const response = await fetch(idp.baseUrl('sentry') + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...fields }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

const fieldsOf = (back: URL): { uuid: string; code: string } => ({
  uuid: back.searchParams.get('installationId') ?? '',
  code: back.searchParams.get('code') ?? '',
});
const exchanged = async (tenant: string): Promise<{ uuid: string; body: Json }> => {
  const { uuid, code } = fieldsOf(await install(tenant));
  return { uuid, body: (await ask(uuid, { grant_type: 'authorization_code', code })).body };
};
const isActive = async (token: unknown): Promise<boolean> =>
  (await idp.introspect('sentry', String(token))).active;

describe('Sentry', () => {
  it('sends back a code, the installation and the organisation, and never our state', async () => {
    const back = await install('acme');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      code: expect.stringMatching(/^[0-9a-f]{64}$/),
      installationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      orgSlug: 'acme',
    });
  });

  it('answers an exchange with status 201 and field names of its own', async () => {
    const { uuid, code } = fieldsOf(await install('acme'));
    const { status, body } = await ask(uuid, { grant_type: 'authorization_code', code });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      token: expect.any(String),
      refreshToken: expect.any(String),
      expiresAt: expect.stringMatching(/Z$/),
    });
    expect(body).not.toHaveProperty('access_token');
    expect(await idp.introspect('sentry', String(body.token))).toMatchObject({ active: true, sub: 'acme' });
    const again = await ask(uuid, { grant_type: 'authorization_code', code });
    expect(again).toEqual({ status: 401, body: { detail: 'Could not find grant for given code' } });
  });

  it('rotates: a refresh ends both tokens of before', async () => {
    const { uuid, body: first } = await exchanged('acme');
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refreshToken };
    const second = await ask(uuid, refresh);
    expect(second.status).toBe(201);
    expect(await isActive(first.token)).toBe(false);
    expect(await isActive(second.body.token)).toBe(true);
    expect(await ask(uuid, refresh)).toEqual({
      status: 401,
      body: { detail: 'Given refresh token does not exist' },
    });
  });

  it('lets a token live eight hours', async () => {
    const { body } = await exchanged('clock');
    ahead += 8 * 3_600_000 - 60_000;
    expect(await isActive(body.token)).toBe(true);
    ahead += 120_000;
    expect(await isActive(body.token)).toBe(false);
  });

  it('refuses a wrong secret, a code of another installation, and a form', async () => {
    const [acme, globex] = [fieldsOf(await install('acme')), fieldsOf(await install('globex'))];
    const grant = { grant_type: 'authorization_code', code: acme.code };
    expect(await ask(globex.uuid, grant)).toEqual({ status: 401, body: { detail: 'Forbidden grant' } });
    expect((await ask(acme.uuid, { ...grant, client_secret: 'wrong' })).status).toBe(401);
    expect((await ask('made-up', grant)).status).toBe(404);
    const url = `${idp.baseUrl('sentry')}/api/0/sentry-app-installations/${acme.uuid}/authorizations/`;
    const form = await fetch(url, { method: 'POST', body: new URLSearchParams(grant) });
    expect(form.status).toBe(415);
    expect((await ask(acme.uuid, grant)).status).toBe(201);
  });

  it('tells the code by a signed webhook, and by it alone where that is wanted', async () => {
    idp.sentry.setWebhook(hook.url, { codeInRedirect: false });
    const back = await install('by-webhook');
    expect(back.searchParams.has('code')).toBe(false);
    const got = hook.received.at(-1);
    const secret = idp.clients.sentry?.clientSecret ?? '';
    expect(got?.headers).toMatchObject({
      'sentry-hook-resource': 'installation',
      'sentry-hook-signature': createHmac('sha256', secret)
        .update(got?.body ?? '')
        .digest('hex'),
    });
    const { data } = JSON.parse(got?.body ?? '{}') as { data: { installation: Json } };
    const { uuid, code } = data.installation;
    expect(uuid).toBe(fieldsOf(back).uuid);
    expect((await ask(String(uuid), { grant_type: 'authorization_code', code })).status).toBe(201);
  });

  it('ends the tokens with the installation, and tells it', async () => {
    const { uuid, body } = await exchanged('leaving');
    idp.sentry.setWebhook(hook.url);
    const delivery = await idp.sentry.uninstall(uuid);
    expect(delivery?.status).toBe(204);
    expect(JSON.parse(hook.received.at(-1)?.body ?? '{}')).toMatchObject({ action: 'deleted' });
    expect(await isActive(body.token)).toBe(false);
  });

  it('is told that the installation was verified', async () => {
    const { uuid, body } = await exchanged('verified');
    const url = `${idp.baseUrl('sentry')}/api/0/sentry-app-installations/${uuid}/`;
    const put = async (token: unknown): Promise<Response> =>
      fetch(url, {
        method: 'PUT',
        headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ status: 'installed' }),
      });
    expect((await put('made-up')).status).toBe(401);
    expect(idp.sentry.installations('verified')?.status).toBe('pending');
    expect((await put(body.token)).status).toBe(200);
    expect(idp.sentry.installations('verified')?.status).toBe('installed');
  });
});
