/** A tenant's own OAuth app, stored over HTTP: real Postgres, development Vault and identity provider. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../src/clients/secrets.ts';
import { rotate } from '../../../src/credentials/rotate.ts';
import { agree } from '../../../src/dev/idp/agree.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { devProviderOrigins } from '../../../src/dev/provider-origins.ts';
import { type DevSaas, startDevSaas } from '../../../src/dev/saas/server.ts';
import { credential } from '../../../src/resources/vault/credential.ts';
import { createApiKey } from '../../../src/sidecar/callers/api-keys/store.ts';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import { createProviders } from '../../../src/sidecar/providers/providers.ts';
import { storedAppReader } from '../../../src/sidecar/providers/stored-app.ts';
import { requireIntegration } from '../../../src/sidecar/stack/view.ts';
import { tenantRoutes } from '../../../src/sidecar/tenants/routes.ts';
import { ownAppCheck, sharedViewOf } from '../../../src/sidecar/webhooks/apps.ts';
import { testServer } from '../../support/sidecar-context.ts';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import { KEY, type OAuthWorld, startOAuthWorld } from '../oauth/world.ts';

const OURS = 'http://127.0.0.1:7250';
const DONE = 'https://app.example.com/done';
const TENANTS = ['acme', 'globex', 'initech', 'umbrella', 'hooli'];

let idp: DevIdp;
let saas: DevSaas;
let world: OAuthWorld;

beforeAll(async () => {
  idp = await startDevIdp({ integrations: ['notion', 'slack', 'linear'] });
  saas = await startDevSaas({ introspect: idp.introspect });
  const providerOrigins = devProviderOrigins({ idp, saas });
  const env: Record<string, string> = { OWN_SECRET: 'secret-of-the-document' };
  for (const id of ['notion', 'linear']) {
    env[`${id.toUpperCase()}_CLIENT_ID`] = idp.clients[id]?.clientId ?? '';
    env[`${id.toUpperCase()}_CLIENT_SECRET`] = idp.clients[id]?.clientSecret ?? '';
  }
  const documents = TENANTS.flatMap((tenant) => [
    tenantYaml(tenant),
    integrationYaml(tenant, 'notion'),
    integrationYaml(tenant, 'github', { config: { repositories: ['acme/shop'] } }),
    integrationYaml(tenant, 'keyed'),
    integrationYaml(tenant, 'google-drive', {
      config: { folder_url: 'https://drive.google.com/drive/folders/1' },
    }),
    integrationYaml(tenant, 'linear', {
      ...(tenant === 'acme' && { app: { clientId: 'of-the-document', clientSecret: '${ENV:OWN_SECRET}' } }),
    }),
  ]);
  world = await startOAuthWorld({
    documents: documents.join(''),
    entries: { keyed: { auth: { kind: 'api_key', label: 'Key' } } },
    publicUrl: OURS,
    env,
    providers: ({ now, stack, vault, redactor }) =>
      createProviders({
        stack,
        now,
        redactor,
        env,
        secrets: createSecrets({ vault, env, redactor, fingerprintKey: async () => 'key' }),
        settings: { providerOrigins },
        readStoredApp: storedAppReader({ vault, redactor }),
      }),
  });
});
afterAll(async () => {
  await world?.close();
  await Promise.all([idp?.close(), saas?.close()]);
});
beforeEach(() => {
  world.caller = { ...KEY, tenants: TENANTS };
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

async function ask(method: 'GET' | 'PUT' | 'DELETE', place: string, payload?: object): Promise<Answer> {
  const url = `/tenants/${place.replace('/', '/integrations/')}`;
  const answer = await world.app.inject({ method, url, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.json(), text: answer.body };
}

/** An app that somebody has registered at the provider for themselves. */
function registered(clientId: string, integration = 'notion'): { clientId: string; clientSecret: string } {
  return idp.registerClient(integration, {
    clientId,
    clientSecret: `own-secret-canary-of-${clientId}`,
    redirectUris: [`${OURS}/oauth/callback/${integration}`],
  });
}

async function begin(tenant: string, integration = 'notion') {
  const { url } = await world.link(integration, { redirectUri: DONE }, tenant);
  const browser = world.browser();
  const page = await browser.press(await browser.visit(url));
  expect(page.status, page.text).toBe(303);
  return { browser, to: page.location ?? '' };
}

async function connect(tenant: string): Promise<string | undefined> {
  const { browser, to } = await begin(tenant);
  return (await browser.visit(await agree(to, { tenant }))).location;
}

const disconnect = (tenant: string) => ask('DELETE', `${tenant}/notion/credentials`);

describe('an app of a tenant’s own', () => {
  it('connects, refreshes and revokes with that app alone', async () => {
    const app = registered('own-acme');
    expect((await ask('GET', 'acme/notion/app')).body).toEqual({
      source: 'platform',
      clientId: null,
      since: null,
      by: null,
    });
    const put = await ask('PUT', 'acme/notion/app', app);
    const since = new Date(world.clock.now).toISOString();
    const told = { source: 'stored', clientId: 'own-acme', since, by: KEY.id };
    expect([put.status, put.body]).toEqual([200, told]);
    expect((await ask('GET', 'acme/notion/connect-options')).body).toMatchObject({
      app: 'own',
      problem: null,
    });
    const { browser, to } = await begin('acme');
    expect(new URL(to).searchParams.get('client_id')).toBe('own-acme');
    const back = await browser.visit(await agree(to, { tenant: 'acme' }));
    expect(back.location).toBe(`${DONE}?status=connected&integration=notion`);
    const place = { tenant: 'acme', integration: 'notion' };
    const first = await world.context.tokens.get(place);
    // Only the app that the refresh token belongs to may use it.
    world.clock.now += 60_000;
    const second = await world.context.tokens.renew(place, first);
    expect(second.version).toBeGreaterThan(first.version);
    expect(await idp.introspect('notion', second.value)).toMatchObject({ active: true, sub: 'acme' });
    expect((await disconnect('acme')).body).toMatchObject({ success: true, atProvider: 'done' });
    expect(world.accesses).toContainEqual(
      expect.objectContaining({ ...place, action: 'app.store', actor: KEY.id, outcome: 'ok' }),
    );
  });

  it('is one tenant’s: the others go on with the platform’s', async () => {
    expect((await ask('GET', 'globex/notion/app')).body).toMatchObject({
      source: 'platform',
      clientId: null,
    });
    const { to } = await begin('globex');
    expect(new URL(to).searchParams.get('client_id')).toBe('dev-notion');
  });

  it('keeps its secret as cipher text, and in no answer, log or table', async () => {
    const app = { ...registered('own-hooli'), webhookSecret: 'own-secret-canary-of-webhooks' };
    const put = await ask('PUT', 'hooli/notion/app', app);
    expect(put.status, put.text).toBe(200);
    expect(await connect('hooli')).toContain('status=connected');
    const wrong = await ask('PUT', 'hooli/notion/app', { ...app, clientSecret: 'own-secret-canary\n' });
    expect(wrong.status).toBe(400);
    const kept = await world.stored('hooli', '_app_notion');
    expect(kept).toMatchObject({
      client_id: 'own-hooli',
      client_secret: expect.stringMatching(/^vault:v1:/),
      webhook_secret: expect.stringMatching(/^vault:v1:/),
    });
    const options = await ask('GET', 'hooli/notion/connect-options');
    const told = await ask('GET', 'hooli/notion/app');
    const answers = [put, wrong, options, told].map(({ text }) => text).join();
    const tables = await world.db.admin.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'tenantry'",
    );
    const rows: string[] = [];
    for (const { name } of tables) {
      const found = await world.db.admin.query<{ text: string }>(
        `select t::text as text from tenantry.${name} t`,
      );
      rows.push(...found.map(({ text }) => text));
    }
    expect(rows.length).toBeGreaterThan(0);
    for (const text of [answers, world.context.lines.join(), rows.join(), JSON.stringify(world.accesses)]) {
      expect(text).not.toContain('own-secret-canary');
    }
    expect(world.context.redactor.redact(app.clientSecret + app.webhookSecret)).not.toContain('canary');
  });

  it('can be read with a newer key of the tenant, and with that alone', async () => {
    await world.context.vault.write('secret/data/hooli/_tenantry', { data: {} });
    expect(await rotate(world.context.vault, 'hooli', { raiseMinimum: true })).toMatchObject({
      minimumVersion: 2,
    });
    const read = storedAppReader(world.context);
    expect((await read({ tenant: 'hooli', integration: 'notion' }))?.app.clientSecret).toBe(
      'own-secret-canary-of-own-hooli',
    );
  });

  it('is not told of, changed or removed by another tenant’s caller', async () => {
    const server = await testServer(world.context, [tenantRoutes], authentication(world.context));
    const keyOf = async (tenant: string, role: 'app' | 'viewer'): Promise<string> => {
      const wanted = { tenant, role, name: role, createdBy: 'test', now: Date.now() };
      return (await createApiKey(world.db.database, wanted)).key;
    };
    const tried: [string, 'GET' | 'PUT' | 'DELETE', number][] = [];
    for (const key of [await keyOf('globex', 'app'), await keyOf('hooli', 'viewer')]) {
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const answer = await server.inject({
          method,
          url: '/tenants/hooli/integrations/notion/app',
          headers: { authorization: `Bearer ${key}` },
          ...(method === 'PUT' && { payload: { clientId: 'foreign', clientSecret: 'foreign-secret' } }),
        });
        tried.push([answer.json<{ code: string }>().code, method, answer.statusCode]);
      }
    }
    await server.close();
    const refused = ['GET', 'PUT', 'DELETE'].map((method) => ['Forbidden', method, 403]);
    expect(tried).toEqual([...refused, ...refused]);
    expect((await ask('GET', 'hooli/notion/app')).body).toMatchObject({ clientId: 'own-hooli' });
  });

  it('neither signs nor reads what the platform’s app does', async () => {
    const view = world.context.stack.current();
    const own = requireIntegration(view, 'hooli', 'notion');
    const hasOwnApp = ownAppCheck(world.context);
    expect(await hasOwnApp(own)).toBe(true);
    expect(await hasOwnApp(requireIntegration(view, 'umbrella', 'notion'))).toBe(false);
    const shared = sharedViewOf(view, 'notion');
    if (!shared) throw new Error('somebody uses the shared app');
    const of = (given: typeof own) => world.context.providers.of(given);
    expect((await of(own)).context.app.clientId).toBe('own-hooli');
    // Whichever tenant it is found by.
    expect((await of({ ...own, isShared: true })).context.app.clientId).toBe('dev-notion');
    expect((await of(shared)).context.app.clientId).toBe('dev-notion');
  });
});

describe('changing the app', () => {
  it('is refused while a token of another app is there, and says what to do', async () => {
    expect(await connect('umbrella')).toContain('status=connected');
    const refused = await ask('PUT', 'umbrella/notion/app', registered('own-umbrella'));
    expect([refused.status, refused.body['code']]).toEqual([409, 'Conflict']);
    expect(refused.body['hint']).toBe('disconnect Notion first, then change the app and connect again');
    await disconnect('umbrella');
    expect((await ask('PUT', 'umbrella/notion/app', registered('own-umbrella'))).status).toBe(200);
    expect(await connect('umbrella')).toContain('status=connected');
    expect((await ask('DELETE', 'umbrella/notion/app')).body['code']).toBe('Conflict');
    expect((await ask('PUT', 'umbrella/notion/app', registered('own-other'))).body['code']).toBe('Conflict');
  });

  it('takes a new secret of the same app at any time, and destroys the old one', async () => {
    const { clientId } = registered('own-umbrella');
    const renewed = { clientId, clientSecret: 'own-secret-canary-renewed' };
    idp.registerClient('notion', { ...renewed, redirectUris: [`${OURS}/oauth/callback/notion`] });
    expect((await ask('PUT', 'umbrella/notion/app', renewed)).status).toBe(200);
    const place = { tenant: 'umbrella', integration: 'notion' };
    const first = await world.context.tokens.get(place);
    world.clock.now += 60_000;
    expect((await world.context.tokens.renew(place, first)).version).toBeGreaterThan(first.version);
    const before = await world.context.vault.read<{ data: unknown }>(
      'secret/data/umbrella/_app_notion?version=1',
    );
    expect(before?.data ?? null).toBeNull();
  });

  it('after disconnecting removes every version, and the platform’s app counts again', async () => {
    await disconnect('umbrella');
    const removed = await ask('DELETE', 'umbrella/notion/app');
    expect([removed.status, removed.body['source']]).toEqual([200, 'platform']);
    const metadata = await world.context.vault.read<{ versions: Record<string, { destroyed: boolean }> }>(
      'secret/metadata/umbrella/_app_notion',
    );
    const versions = Object.values(metadata?.versions ?? {});
    expect(versions.length).toBeGreaterThan(1);
    expect(versions.every(({ destroyed }) => destroyed)).toBe(true);
    expect((await ask('DELETE', 'umbrella/notion/app')).status).toBe(404);
    const { to } = await begin('umbrella');
    expect(new URL(to).searchParams.get('client_id')).toBe('dev-notion');
  });

  it('ends the flows that were begun with the app of before, without the new one’s secret', async () => {
    const { browser, to } = await begin('initech');
    expect((await ask('PUT', 'initech/notion/app', registered('own-initech'))).status).toBe(200);
    const calls = idp.faults('notion').calls('authorization_code');
    const back = await browser.visit(await agree(to, { tenant: 'initech' }));
    expect(back.location).toBe(`${DONE}?status=failed&integration=notion&error=StateInvalid`);
    expect(idp.faults('notion').calls('authorization_code')).toBe(calls);
    expect(await world.stored('initech', 'notion')).toBeUndefined();
  });

  it('and connecting at the same moment: one of the two wins, and the token’s app is the one that is kept', async () => {
    for (let round = 1; round <= 6; round++) {
      const tokens = {
        secrets: { access_token: `token-canary-${round}` },
        tokenType: 'Bearer',
        expiresAt: undefined,
        scopes: undefined,
        facts: {},
      };
      const place = { tenant: 'initech', integration: 'notion' };
      const before = String((await ask('GET', 'initech/notion/app')).body['clientId']);
      const [stored, changed] = await Promise.allSettled([
        world.context.tokens.put(place, tokens, { id: 'test' }, { app: before }),
        ask('PUT', 'initech/notion/app', registered(`own-initech-${round}`)),
      ]);
      const after = String((await ask('GET', 'initech/notion/app')).body['clientId']);
      const isChanged = changed.status === 'fulfilled' && changed.value.status === 200;
      expect(after).toBe(isChanged ? `own-initech-${round}` : before);
      expect(stored.status).toBe(isChanged ? 'rejected' : 'fulfilled');
      if (stored.status === 'rejected') expect(stored.reason).toMatchObject({ code: 'StateInvalid' });
      expect((await world.stored('initech', 'notion')) === undefined).toBe(isChanged);
      await disconnect('initech');
    }
  });
});

describe('what is taken', () => {
  it('follows the catalog: GitHub has an app id, a name and a private key', async () => {
    const client = { clientId: 'Iv1.own', clientSecret: 'own-secret-canary-github' };
    const half = await ask('PUT', 'acme/github/app', client);
    expect([half.status, half.body['detail']]).toEqual([400, 'App id is missing (appId)']);
    const app = { ...client, appId: '12345', slug: 'acme-sync', privateKey: 'own-secret-canary-no-key' };
    const wrong = await ask('PUT', 'acme/github/app', app);
    expect([wrong.status, wrong.body['detail']]).toEqual([
      400,
      'the private key is no RSA key in PEM (privateKey)',
    ]);
    expect(wrong.text).not.toContain('canary');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const one = pem.trim().replaceAll('\n', '\\n');
    expect((await ask('PUT', 'acme/github/app', { ...app, privateKey: one })).status).toBe(200);
    const read = await storedAppReader(world.context)({ tenant: 'acme', integration: 'github' });
    expect(read?.app).toMatchObject({ appId: '12345', slug: 'acme-sync', privateKey: pem });
  });

  it.each([
    ['acme/notion/app', { clientId: 'a' }],
    ['acme/notion/app', { clientId: '', clientSecret: 'long-enough' }],
    ['acme/notion/app', { clientId: 'a', clientSecret: 'short' }],
    ['acme/notion/app', { clientId: 'a\r\nb', clientSecret: 'long-enough' }],
    ['acme/notion/app', { clientId: 'a', clientSecret: 'long-enough', appId: '1' }],
    ['acme/notion/app', { clientId: 'a', clientSecret: 'long-enough', redirectUri: 'https://evil.example' }],
  ])('refuses for %s: %j', async (path, body) => {
    const { status, body: problem } = await ask('PUT', path, body);
    expect([status, problem['code']]).toEqual([400, 'InvalidRequest']);
  });

  it('takes a reference as the text that it is', async () => {
    const secret = '${ENV:OWN_SECRET}';
    expect((await ask('PUT', 'globex/notion/app', { clientId: 'own', clientSecret: secret })).status).toBe(
      200,
    );
    const view = requireIntegration(world.context.stack.current(), 'globex', 'notion');
    expect((await world.context.providers.of(view)).context.app.clientSecret).toBe(secret);
    await ask('DELETE', 'globex/notion/app');
  });

  it('is not asked for where the document, Airbyte or the kind of access decide', async () => {
    const app = { clientId: 'own', clientSecret: 'long-enough' };
    expect((await ask('PUT', 'acme/linear/app', app)).body).toMatchObject({ status: 409, code: 'Blocked' });
    expect((await ask('GET', 'acme/linear/app')).body).toMatchObject({
      source: 'document',
      clientId: 'of-the-document',
    });
    expect((await ask('PUT', 'acme/google-drive/app', app)).body).toMatchObject({
      status: 400,
      code: 'NotSupported',
    });
    expect((await ask('PUT', 'acme/keyed/app', app)).body).toMatchObject({
      status: 400,
      code: 'NotSupported',
    });
    expect((await ask('GET', 'acme/keyed/app')).status).toBe(400);
    expect((await ask('GET', 'acme/jira/app')).status).toBe(404);
  });
});

describe('removing the integration', () => {
  it('takes the app away with the credential', async () => {
    await ask('PUT', 'globex/notion/app', registered('own-globex'));
    expect(await world.stored('globex', '_app_notion')).toBeDefined();
    await ask('GET', 'globex/notion/app');
    const { vault } = world.context;
    await credential.remove('globex/notion', {} as never, { vault } as never);
    expect(await vault.read('secret/metadata/globex/_app_notion')).toBeUndefined();
  });
});
