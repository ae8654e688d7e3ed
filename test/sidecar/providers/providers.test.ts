import { describe, expect, it } from 'vitest';
import { redirectUriOf } from '../../../src/sidecar/providers/providers.ts';
import { entryWith } from '../../catalog/sample.ts';
import { entryOf, errorOf, provider, viewOf } from './provider-server.ts';

const entry = entryWith();
const APP = { clientId: 'own-id', clientSecret: '${VAULT:secret/data/acme/app:secret}' };
const VAULT = {
  '${VAULT:secret/data/acme/app:secret}': 'own-secret',
  '${VAULT:secret/data/acme/app:id}': 'id-from-vault',
};
const ENV = { ACME_CRM_CLIENT_ID: 'env-id', ACME_CRM_CLIENT_SECRET: 'env-secret' };
const SHARED = {
  apps: { 'acme-crm': { clientId: '${ENV:SHARED_ID}', clientSecret: '${ENV:SHARED_SECRET}' } },
};
const SHARED_ENV = { SHARED_ID: 'shared-id', SHARED_SECRET: 'shared-secret' };

describe('the app', () => {
  it('is the tenant’s own where it has one', async () => {
    const { context } = await provider({
      entry,
      spec: { app: APP },
      platform: SHARED,
      env: { ...ENV, ...SHARED_ENV },
      vault: VAULT,
    });
    expect(context.app).toEqual({ clientId: 'own-id', clientSecret: 'own-secret' });
  });

  it('is the platform’s where the tenant has none', async () => {
    const { context } = await provider({ entry, platform: SHARED, env: { ...ENV, ...SHARED_ENV } });
    expect(context.app).toEqual({ clientId: 'shared-id', clientSecret: 'shared-secret' });
  });

  it('is that of the environment where no document has one', async () => {
    const env = {
      ...ENV,
      ACME_CRM_APP_ID: '7',
      ACME_CRM_APP_NAME: 'slug',
      ACME_CRM_PRIVATE_KEY: 'line 1\\nline 2',
      ACME_CRM_WEBHOOK_SECRET: 'hook-secret',
    };
    const { context, redactor } = await provider({ entry, env });
    expect(context.app).toEqual({
      clientId: 'env-id',
      clientSecret: 'env-secret',
      appId: '7',
      slug: 'slug',
      privateKey: 'line 1\nline 2',
      webhookSecret: 'hook-secret',
    });
    expect(redactor.redact('env-secret, hook-secret, env-id')).toBe('[redacted], [redacted], env-id');
  });

  it('of a document is never completed by that of the environment', async () => {
    const env = { ...SHARED_ENV, ...ENV, ACME_CRM_PRIVATE_KEY: 'another app’s', ACME_CRM_APP_ID: '7' };
    const { context } = await provider({ entry, platform: SHARED, env });
    expect(context.app).toEqual({ clientId: 'shared-id', clientSecret: 'shared-secret' });
  });

  it('of the Platform has the webhook secret of the environment where the document gives none', async () => {
    const env = { ...SHARED_ENV, ACME_CRM_WEBHOOK_SECRET: 'hook-secret' };
    const { context, redactor } = await provider({ entry, platform: SHARED, env });
    expect(context.app.webhookSecret).toBe('hook-secret');
    expect(redactor.redact('hook-secret')).toBe('[redacted]');
    const apps = { 'acme-crm': { ...SHARED.apps['acme-crm'], webhookSecret: '${ENV:OF_DOCUMENT}' } };
    const given = await provider({ entry, platform: { apps }, env: { ...env, OF_DOCUMENT: 'its own' } });
    expect(given.context.app.webhookSecret).toBe('its own');
  });

  it('has no webhook secret of an app of the environment, nor of the platform’s where it is the tenant’s', async () => {
    const hook = { ACME_CRM_WEBHOOK_SECRET: 'hook-secret' };
    const other = await provider({ entry, platform: SHARED, env: { ...SHARED_ENV, ...ENV, ...hook } });
    expect(other.context.app.webhookSecret).toBeUndefined();
    const env = { ...SHARED_ENV, ...hook };
    const own = await provider({ entry, spec: { app: APP }, platform: SHARED, env, vault: VAULT });
    expect(own.context.app.clientId).toBe('own-id');
    expect(own.context.app.webhookSecret).toBeUndefined();
  });

  it('may have its client id in Vault', async () => {
    const app = { ...APP, clientId: '${VAULT:secret/data/acme/app:id}' };
    const { context } = await provider({ entry, spec: { app }, vault: VAULT });
    expect(context.app.clientId).toBe('id-from-vault');
  });

  it.each([{}, { ACME_CRM_CLIENT_ID: 'only' }, { ...ENV, ACME_CRM_CLIENT_SECRET: '' }])(
    'must be there: %o has none',
    async (env) => {
      const error = await errorOf(provider({ entry, env }));
      expect(error.code).toBe('MissingSetting');
      expect(error.hint).toContain('ACME_CRM_CLIENT_ID');
    },
  );

  it('must be what its references say', async () => {
    const env = { SHARED_SECRET: 'shared-secret' };
    const error = await errorOf(provider({ entry, platform: SHARED, env }));
    expect(error).toMatchObject({
      code: 'SecretNotFound',
      message: expect.stringContaining('${ENV:SHARED_ID}'),
    });
  });
});

describe('the values of URLs', () => {
  const facts = { account_id: 'fact', host: 'fact' };

  it('are facts, settings of the document and defaults of the catalog; the document counts most', async () => {
    const { context } = await provider({ entry, facts, spec: { config: { host: 'config' } } });
    expect(context.values).toEqual({
      external_id: 'tenantry:prod:acme',
      account_id: 'fact',
      host: 'config',
      limit: '10',
    });
    expect(context.url('https://acme.example/{host}/{limit}', { host: 'extra' }).pathname).toBe('/config/10');
    expect(context.url('https://acme.example/{account_id}', { account_id: 'new' }).pathname).toBe('/new');
  });

  it('hold no secret setting and no reference', async () => {
    const config = { host: 'a.example', api_token: '${ENV:TOKEN}' };
    const { context } = await provider({ entry, spec: { config } });
    expect(context.values).not.toHaveProperty('api_token');
  });

  it('differ from tenant to tenant for AWS', async () => {
    const id = async (tenant: string): Promise<string | undefined> =>
      (await provider({ entry, tenant })).context.values['external_id'];
    expect(await id('acme')).not.toBe(await id('globex'));
  });

  it('are sent to the configured origin', async () => {
    const { context } = await provider({
      entry,
      origins: { 'https://acme.example': 'http://127.0.0.1:7/base' },
    });
    expect(context.url('https://acme.example/x?y=1').href).toBe('http://127.0.0.1:7/base/x?y=1');
  });
});

describe('the redirect URL', () => {
  const settings = { publicUrl: 'https://connect.example.com' };
  const redirect = (options: object, env: NodeJS.ProcessEnv = {}): string =>
    redirectUriOf(viewOf({ entry: entryOf('google-drive'), ...options }), settings, env);
  const app = { clientId: 'a', clientSecret: '${ENV:S}' };

  it('is the sidecar’s own callback, unless the environment has another', () => {
    expect(redirect({})).toBe('https://connect.example.com/oauth/callback/google-drive');
    expect(redirect({}, { GOOGLE_DRIVE_REDIRECT_URI: 'https://x.example/cb' })).toBe('https://x.example/cb');
  });

  it('is that of the app, the tenant’s before the platform’s', () => {
    const platform = { apps: { 'google-drive': { ...app, redirectUri: 'https://platform.example/cb' } } };
    const own = { app: { ...app, redirectUri: '${ENV:OWN_REDIRECT}' } };
    expect(redirect({ platform })).toBe('https://platform.example/cb');
    expect(redirect({ platform, spec: own }, { OWN_REDIRECT: 'https://own.example/cb' })).toBe(
      'https://own.example/cb',
    );
    expect(redirect({ platform, spec: { app } })).toBe(
      'https://connect.example.com/oauth/callback/google-drive',
    );
    expect(() => redirect({ spec: own })).toThrow('${ENV:OWN_REDIRECT}');
  });
});
