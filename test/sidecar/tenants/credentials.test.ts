import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import { scriptedProvider } from '../oauth/scripted-provider.ts';
import { KEY, type OAuthWorld, startOAuthWorld } from '../oauth/world.ts';

let world: OAuthWorld;

beforeAll(async () => {
  const script = scriptedProvider();
  const google = { config: { folder_url: 'https://drive.google.com/drive/folders/1' } };
  world = await startOAuthWorld({
    documents:
      tenantYaml('acme') +
      tenantYaml('globex') +
      ['notion', 'linear', 'acme-basic', 'acme-key'].map((id) => integrationYaml('acme', id)).join('') +
      integrationYaml('acme', 'google-drive', google) +
      integrationYaml('globex', 'notion'),
    entries: {
      'acme-basic': { auth: { kind: 'basic', label: 'Account' } },
      'acme-key': { auth: { kind: 'api_key', label: 'Key' } },
    },
    providers: () => script.providers,
  });
});
afterAll(() => world?.close());
beforeEach(() => {
  world.caller = KEY;
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

async function call(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object): Promise<Answer> {
  const answer = await world.app.inject({ method, url, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

function store(integration: string, payload: object, tenant = 'acme'): Promise<Answer> {
  return call('POST', `/tenants/${tenant}/integrations/${integration}/credentials`, payload);
}

describe('POST credentials', () => {
  it('keeps a token encrypted and says until when it is good', async () => {
    const before = world.clock.now;
    const { status, body, headers } = await store('notion', {
      accessToken: 'access-canary-1',
      refreshToken: 'refresh-canary-1',
      tokenType: 'bearer',
      expiresIn: 3600,
      scopes: ['read'],
    });
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      success: true,
      tenantId: 'acme',
      integration: 'notion',
      encryptedAt: new Date(before).toISOString(),
      expiresAt: new Date(before + 3_600_000).toISOString(),
    });
    const stored = await world.stored('acme', 'notion');
    expect([stored?.['access_token'], stored?.['refresh_token']]).toEqual([
      expect.stringMatching(/^vault:v1:/),
      expect.stringMatching(/^vault:v1:/),
    ]);
    expect(world.context.redactor.redact('access-canary-1 refresh-canary-1')).toBe('[redacted] [redacted]');
  });

  it('refuses a token that no header can hold, such as one with the line break of its file', async () => {
    const { status, body } = await store('notion', { accessToken: 'access-canary-line\n' });
    expect([status, body['code']]).toEqual([400, 'InvalidRequest']);
    expect(body['detail']).toBe(
      'body.accessToken: holds line breaks or other characters that it cannot have',
    );
    expect(JSON.stringify(body)).not.toContain('access-canary');
  });

  it('says which fields make a credential', async () => {
    const none = await store('notion', {});
    expect(none.body['detail']).toBe('body: give accessToken, or username and password, or fields');
    const half = await store('acme-basic', { username: 'ada' });
    expect(half.body['detail']).toMatch(/^body: password: /);
  });

  it('takes expiresIn 0 for never, and without one what the catalog says', async () => {
    expect(
      (await store('google-drive', { accessToken: 'token-1', expiresIn: 0 })).body['expiresAt'],
    ).toBeNull();
    const usual = await store('google-drive', { accessToken: 'token-1' });
    expect(usual.body['expiresAt']).toBe(new Date(world.clock.now + 3_600_000).toISOString());
    expect((await store('acme-key', { accessToken: 'key-1' })).body['expiresAt']).toBeNull();
  });

  it('takes a user name and a password for basic, and for nothing else', async () => {
    const login = { username: 'sync@acme.example', password: 'password-canary' };
    expect((await store('acme-basic', login)).status).toBe(200);
    const stored = await world.stored('acme', 'acme-basic');
    expect(stored?.['password']).toMatch(/^vault:v1:/);
    expect(await store('notion', login)).toMatchObject({ status: 400, body: { code: 'InvalidRequest' } });
    expect(await store('acme-basic', { accessToken: 'token-1' })).toMatchObject({ status: 400 });
  });

  it.each([
    [{}],
    [{ accessToken: '' }],
    [{ accessToken: 'token-1', expiresIn: -1 }],
    [{ accessToken: 'token-1', more: 'x' }],
    [{ accessToken: 'token-1', username: 'u', password: 'p' }],
    [{ username: 'u' }],
    [{ accessToken: { nested: 'token-1' } }],
  ])('refuses %j, and does not repeat what was sent', async (payload) => {
    const { status, body } = await store('notion', payload);
    expect([status, body['code']]).toEqual([400, 'InvalidRequest']);
    expect(JSON.stringify(body)).not.toContain('token-1');
  });

  it('is refused where no document connects the tenant', async () => {
    expect(await store('slack', { accessToken: 'token-1' })).toMatchObject({
      status: 404,
      body: { code: 'NotFound' },
    });
  });
});

describe('GET integrations', () => {
  it('tells name, category, state and how to connect', async () => {
    const { body } = await call('GET', '/tenants/acme/integrations');
    const all = body['integrations'] as Record<string, unknown>[];
    expect(all.map(({ integration }) => integration).sort()).toEqual([
      'acme-basic',
      'acme-key',
      'google-drive',
      'linear',
      'notion',
    ]);
    const styles = Object.fromEntries(
      all.map(({ integration, connectStyle }) => [integration, connectStyle]),
    );
    expect(styles).toMatchObject({ notion: 'redirect', 'acme-key': 'form', 'acme-basic': 'form' });
    expect((await call('GET', '/tenants/acme/integrations/linear')).body).toMatchObject({
      name: 'Linear',
      category: 'project-management',
      hasCredentials: false,
      status: 'missing',
      expiresAt: null,
      missingScopes: [],
    });
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  it('does not know what no document names', async () => {
    expect((await call('GET', '/tenants/acme/integrations/slack')).status).toBe(404);
    world.caller = { ...KEY, role: 'admin', tenants: 'all' };
    expect((await call('GET', '/tenants/nobody/integrations')).status).toBe(404);
  });
});

describe('GET token', () => {
  const path = '/tenants/acme/integrations/notion/token';

  it('hands the token out after the record of it, and lets nobody keep the answer', async () => {
    await store('notion', { accessToken: 'access-canary-2' });
    world.accesses.length = 0;
    const { status, body, headers } = await call('GET', path);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toMatchObject({ tenantId: 'acme', integration: 'notion', accessToken: 'access-canary-2' });
    expect(world.accesses).toEqual([
      {
        tenant: 'acme',
        integration: 'notion',
        action: 'token.read',
        actor: KEY.id,
        outcome: 'ok',
        requestId: headers['x-request-id'],
      },
    ]);
    expect(JSON.stringify(world.context.lines)).not.toContain('access-canary-2');
  });

  it('hands nothing out while the record cannot be made', async () => {
    const { accessLog } = world.context;
    const record = accessLog.record;
    accessLog.record = async () => {
      throw new TenantryError('PostgresUnavailable', 'the log is full');
    };
    try {
      const { status, body } = await call('GET', path);
      expect([status, body['code']]).toEqual([503, 'PostgresUnavailable']);
      expect(JSON.stringify(body)).not.toContain('access-canary');
    } finally {
      accessLog.record = record;
    }
  });

  it('records that there was none', async () => {
    world.accesses.length = 0;
    expect(await call('GET', '/tenants/acme/integrations/linear/token')).toMatchObject({
      status: 404,
      body: { code: 'CredentialNotFoundError' },
    });
    expect(world.accesses).toMatchObject([{ action: 'token.read', outcome: 'CredentialNotFoundError' }]);
  });
});

describe('DELETE credentials', () => {
  it('ends the credential and says when', async () => {
    await store('notion', { accessToken: 'access-canary-3' });
    const { status, body } = await call('DELETE', '/tenants/acme/integrations/notion/credentials');
    expect([status, body]).toEqual([
      200,
      { success: true, revokedAt: expect.stringMatching(/^\d{4}-/), atProvider: expect.any(String) },
    ]);
    expect((await call('GET', '/tenants/acme/integrations/notion/token')).status).toBe(404);
    expect((await call('GET', '/tenants/acme/integrations/notion')).body).toMatchObject({
      status: 'revoked',
      hasCredentials: false,
    });
    expect(await world.stored('acme', 'notion')).toBeUndefined();
    expect((await call('DELETE', '/tenants/acme/integrations/notion/credentials')).status).toBe(404);
  });
});
