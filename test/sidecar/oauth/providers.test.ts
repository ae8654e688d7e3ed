/** Whole flows against the development identity provider, with every kind of connecting that the catalog has. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../src/clients/secrets.ts';
import { agree } from '../../../src/dev/idp/agree.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { devProviderOrigins } from '../../../src/dev/provider-origins.ts';
import { type DevSaas, startDevSaas } from '../../../src/dev/saas/server.ts';
import { type DevSts, startDevSts } from '../../../src/dev/sts/server.ts';
import { createProviders, externalIdOf } from '../../../src/sidecar/providers/providers.ts';
import { requireIntegration } from '../../../src/sidecar/stack/view.ts';
import { incomingRoutes } from '../../../src/sidecar/webhooks/incoming-routes.ts';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import type { Browser, Visit } from './browser.ts';
import { type OAuthWorld, startOAuthWorld } from './world.ts';

const OURS = 'http://127.0.0.1:7250';
const DONE = 'https://app.example.com/done';

const CONFIGS: Readonly<Record<string, object>> = {
  notion: {},
  slack: { start_date: '2025-01-01T00:00:00Z' },
  jira: { domain: 'acme.atlassian.net', email: 'sync@acme.example', api_token: '${ENV:JIRA_API_TOKEN}' },
  github: { repositories: ['acme/shop'] },
  'google-drive': { folder_url: 'https://drive.google.com/drive/folders/1' },
  sentry: { organization: 'acme', project: 'shop' },
  aws: { bucket: 'acme-exports', role_arn: 'arn:aws:iam::123456789012:role/tenantry-read' },
  'acme-erp': {},
  'acme-key': {},
  'acme-basic': {},
};

const ENTRIES = {
  'acme-erp': {
    auth: {
      kind: 'oauth2_client_credentials',
      tokenUrl: 'https://erp.acme.example/oauth/token',
      scopes: { default: ['read'] },
    },
  },
  'acme-key': { auth: { kind: 'api_key', label: 'API "key" & more' } },
  'acme-basic': { auth: { kind: 'basic', label: 'Account' } },
};

let idp: DevIdp;
let saas: DevSaas;
let sts: DevSts;
let world: OAuthWorld;

beforeAll(async () => {
  const integrations = ['notion', 'slack', 'jira', 'github', 'google-drive', 'sentry', 'acme-erp'];
  idp = await startDevIdp({ integrations });
  [saas, sts] = await Promise.all([startDevSaas({ introspect: idp.introspect }), startDevSts()]);
  const providerOrigins = devProviderOrigins({ idp, saas, sts });
  const documents = ['acme', 'globex'].flatMap((tenant) => [
    tenantYaml(tenant, { displayName: tenant.toUpperCase() }),
    ...Object.entries(CONFIGS).map(([id, config]) => integrationYaml(tenant, id, { config })),
  ]);
  const env: Record<string, string> = {
    GITHUB_APP_ID: idp.github.app.appId,
    GITHUB_APP_NAME: idp.github.app.slug,
    GITHUB_PRIVATE_KEY: idp.github.app.privateKey,
    SENTRY_APP_NAME: idp.sentry.slug,
    AWS_ACCESS_KEY_ID: sts.accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sts.accessKey.secretAccessKey,
  };
  for (const [id, { clientId, clientSecret }] of Object.entries(idp.clients)) {
    const prefix = id.toUpperCase().replaceAll('-', '_');
    env[`${prefix}_CLIENT_ID`] = clientId;
    env[`${prefix}_CLIENT_SECRET`] = clientSecret;
  }
  world = await startOAuthWorld({
    documents: documents.join(''),
    entries: ENTRIES,
    publicUrl: OURS,
    routes: [incomingRoutes],
    providers: ({ now, stack, vault, redactor }) =>
      createProviders({
        stack,
        now,
        redactor,
        env,
        secrets: createSecrets({ vault, env, redactor, fingerprintKey: async () => 'key' }),
        settings: { providerOrigins },
      }),
  });
  idp.github.setCallbackUrl(`${OURS}/oauth/callback/github`);
  idp.sentry.setCallbackUrl(`${OURS}/oauth/callback/sentry`);
});

afterAll(async () => {
  await world?.close();
  await Promise.all([idp?.close(), saas?.close(), sts?.close()]);
});

async function pressed(
  integration: string,
  tenant = 'acme',
): Promise<{ browser: Browser; page: Visit; to: string }> {
  const { url } = await world.link(integration, { redirectUri: DONE }, tenant);
  const browser = world.browser();
  const page = await browser.press(await browser.visit(url));
  return { browser, page, to: page.location ?? '' };
}

/** As a person who agrees to everything; gives the address they end at. */
async function connect(integration: string, tenant = 'acme'): Promise<string | undefined> {
  const { browser, page, to } = await pressed(integration, tenant);
  expect(page.status, page.text).toBe(303);
  const back = await browser.visit(await agree(to, { tenant }));
  return back.location ?? back.text;
}

async function introspected(integration: string): Promise<{ active: boolean; sub?: string }> {
  const { value } = await world.context.tokens.get({ tenant: 'acme', integration });
  return await idp.introspect(integration, value);
}

describe('connecting by a redirect', () => {
  it.each([
    ['notion', { workspace_name: 'acme workspace' }],
    ['slack', { team_name: 'acme' }],
    ['jira', { site_name: expect.any(String), cloud_id: expect.any(String) }],
    ['github', { installation_id: expect.any(String), account_login: 'acme' }],
    ['google-drive', { account_email: expect.any(String) }],
    ['sentry', { installation_id: expect.any(String), org_slug: 'acme' }],
  ])('works with %s', async (integration, facts) => {
    expect(await connect(integration)).toBe(`${DONE}?status=connected&integration=${integration}`);
    const stored = await world.stored('acme', integration);
    expect(stored).toMatchObject(facts);
    expect(stored?.['access_token']).toMatch(/^vault:v1:/);
    expect(await introspected(integration)).toMatchObject({ active: true, sub: 'acme' });
    const listed = await world.app.inject(`/oauth/installations?platform=${integration}`);
    expect(listed.json()).toMatchObject({
      installations: [{ tenantId: 'acme', status: 'active', externalOrgId: expect.any(String) }],
    });
  });

  it('keeps the refresh token where the provider gives one, encrypted', async () => {
    for (const integration of ['notion', 'slack', 'jira', 'google-drive', 'sentry']) {
      expect((await world.stored('acme', integration))?.['refresh_token'], integration).toMatch(/^vault:v1:/);
    }
  });

  it('says that the person denied', async () => {
    const { browser, to } = await pressed('jira', 'globex');
    const back = await browser.visit(await agree(to, { tenant: 'globex', decision: 'deny' }));
    expect(back.location).toBe(`${DONE}?status=failed&integration=jira&error=ConnectDenied`);
  });

  it('says that the provider is away, and works when it is back', async () => {
    const { browser, to } = await pressed('slack', 'globex');
    const callback = await agree(to, { tenant: 'globex' });
    idp.faults('slack').outage(true);
    const failed = await browser.visit(callback);
    idp.faults('slack').outage(false);
    expect(failed.location).toBe(`${DONE}?status=failed&integration=slack&error=ProviderUnavailable`);
    expect(await connect('slack', 'globex')).toContain('status=connected');
  });

  it('refuses an account that another tenant has connected', async () => {
    const { browser, to } = await pressed('notion', 'globex');
    const back = await browser.visit(await agree(to, { tenant: 'acme' }));
    expect(back.location).toContain('error=AccountMismatch');
    expect(await world.stored('globex', 'notion')).toBeUndefined();
  });
});

describe('attacks by a provider’s redirect', () => {
  it('refuses the answer of another authorization server (mix-up, RFC 9207)', async () => {
    const { browser, to } = await pressed('google-drive', 'globex');
    const callback = await agree(to, { tenant: 'globex' });
    expect(callback.searchParams.get('iss')).not.toBeNull();
    callback.searchParams.set('iss', 'https://evil.example');
    expect((await browser.visit(callback)).location).toContain('error=StateInvalid');
    expect(await world.stored('globex', 'google-drive')).toBeUndefined();
  });

  it('refuses an installation of GitHub that is not of the person who came back', async () => {
    const { browser, to } = await pressed('github', 'globex');
    const callback = await agree(to, { tenant: 'globex' });
    const foreign = String((await world.stored('acme', 'github'))?.['installation_id']);
    expect(callback.searchParams.get('installation_id')).not.toBe(foreign);
    callback.searchParams.set('installation_id', foreign);
    expect((await browser.visit(callback)).location).toContain('error=AccountMismatch');
    expect(await world.stored('globex', 'github')).toBeUndefined();
  });

  it('refuses a code that was made for another verifier', async () => {
    const attacker = await pressed('jira', 'acme');
    const victim = await pressed('jira', 'globex');
    const stolen = (await agree(attacker.to, { tenant: 'acme' })).searchParams.get('code') ?? '';
    const callback = await agree(victim.to, { tenant: 'globex' });
    callback.searchParams.set('code', stolen);
    expect((await victim.browser.visit(callback)).location).toMatch(/error=(ConnectDenied|ProviderRejected)/);
    expect(await world.stored('globex', 'jira')).toBeUndefined();
  });
});

describe('GitHub', () => {
  it('says that an owner has to approve the app first', async () => {
    const { browser, to } = await pressed('github', 'globex');
    const callback = await agree(to, { tenant: 'globex', decision: 'request' });
    expect(callback.searchParams.get('setup_action')).toBe('request');
    expect((await browser.visit(callback)).location).toContain('error=ApprovalPending');
  });
});

describe('Sentry', () => {
  it('goes on when the code comes by the webhook after the person', async () => {
    // Holds the webhook back, as a slow network does.
    const held: { body: string; headers: Record<string, string> }[] = [];
    const hook = createServer(async (request, response) => {
      const { connection: _, host: __, ...headers } = request.headers;
      held.push({ body: await text(request), headers: headers as Record<string, string> });
      response.end();
    });
    await once(hook.listen(0, '127.0.0.1'), 'listening');
    const { port } = hook.address() as AddressInfo;
    const sidecar = await world.app.listen({ host: '127.0.0.1', port: 0 });
    idp.sentry.setWebhook(`http://127.0.0.1:${port}/`, { codeInRedirect: false });
    try {
      const { browser, to } = await pressed('sentry', 'globex');
      const callback = await agree(to, { tenant: 'globex' });
      expect(callback.searchParams.has('code')).toBe(false);
      const waiting = await browser.visit(callback);
      expect(waiting.text).toContain('<meta http-equiv="refresh" content="2">');
      expect(waiting.text).toContain('has not told us yet');
      const stranger = await world.browser().visit(callback);
      expect(stranger.text).toContain('StateInvalid');
      for (const { body, headers } of held) {
        const delivered = await fetch(`${sidecar}/webhooks/sentry`, { method: 'POST', headers, body });
        expect(delivered.status).toBe(200);
      }
      expect((await browser.visit(callback)).location).toBe(`${DONE}?status=connected&integration=sentry`);
      expect(await world.stored('globex', 'sentry')).toMatchObject({ org_slug: 'globex' });
    } finally {
      idp.sentry.setWebhook(undefined);
      hook.close();
    }
  });

  it('keeps only the last flow of a browser alive, since its redirect does not say which one it is for', async () => {
    const browser = world.browser();
    const press = async (): Promise<string> => {
      const { url } = await world.link('sentry', { redirectUri: DONE });
      return (await browser.press(await browser.visit(url))).location ?? '';
    };
    const first = await press();
    await press();
    expect((await browser.visit(await agree(first, { tenant: 'acme' }))).location).toContain(
      'status=connected',
    );
    const again = await browser.visit(await agree(first, { tenant: 'acme' }));
    expect(again.text).toContain('StateInvalid');
  });
});

describe('connecting by a form', () => {
  it('asks for an API key under its name, and leaves the link good after a typing error', async () => {
    const { url } = await world.link('acme-key', { redirectUri: DONE });
    const browser = world.browser();
    const page = await browser.visit(url);
    expect(page.text).toContain('<label>API &quot;key&quot; &amp; more');
    expect(page.text).toContain('type="password"');
    expect(page.headers.get('content-security-policy')).toContain(
      "form-action 'self' https://app.example.com;",
    );
    const wrong = await browser.press(page, { access_token: '  ' });
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('role="alert"')]);
    const right = await browser.press(wrong, { access_token: ' key-canary-123456 ' });
    expect(right.location).toBe(`${DONE}?status=connected&integration=acme-key`);
    expect((await world.stored('acme', 'acme-key'))?.['access_token']).toMatch(/^vault:v1:/);
    expect((await browser.press(page, { access_token: 'another-key-1' })).text).toContain('was used already');
    expect(JSON.stringify([world.context.lines, wrong.text])).not.toContain('key-canary');
  });

  it('asks for a user name and a password', async () => {
    const { url } = await world.link('acme-basic');
    const browser = world.browser();
    const page = await browser.visit(url);
    const done = await browser.press(page, { username: 'sync@acme.example', password: 'password-canary' });
    expect(done.text).toContain('acme-basic is connected');
    expect((await world.stored('acme', 'acme-basic'))?.['password']).toMatch(/^vault:v1:/);
  });

  it('shows the external id for an AWS role, and takes a role that trusts it', async () => {
    const externalId = externalIdOf(requireIntegration(world.context.stack.current(), 'acme', 'aws'));
    const arn = 'arn:aws:iam::123456789012:role/tenantry-read';
    const { url } = await world.link('aws', { redirectUri: DONE });
    const browser = world.browser();
    const page = await browser.visit(url);
    expect(page.text).toContain(externalId);
    const early = await browser.press(page, { role_arn: arn });
    expect([early.status, early.text]).toEqual([400, expect.stringContaining('AccessDenied')]);
    sts.addRole({ arn, externalId });
    const forged = await browser.press(page, { role_arn: arn, external_id: 'tenantry:dev:globex' });
    expect(forged.location).toBe(`${DONE}?status=connected&integration=aws`);
    expect(await world.stored('acme', 'aws')).toMatchObject({ role_arn: arn, external_id: externalId });
  });
});

describe('connecting without a person', () => {
  it('takes a button', async () => {
    const { url } = await world.link('acme-erp', { redirectUri: DONE });
    const browser = world.browser();
    const page = await browser.visit(url);
    expect(page.text).toContain('Nothing has to be entered');
    expect((await browser.press(page)).location).toBe(`${DONE}?status=connected&integration=acme-erp`);
    expect((await world.stored('acme', 'acme-erp'))?.['access_token']).toMatch(/^vault:v1:/);
  });
});
