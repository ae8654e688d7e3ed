import { describe, expect, it } from 'vitest';
import { entryWith } from '../../catalog/sample.ts';
import {
  CLIENT,
  errorOf,
  NOW,
  provider,
  providerServer,
  type Reply,
  type Seen,
  type TestProvider,
} from './provider-server.ts';

async function at(
  answer: (seen: Seen) => Reply,
  parts: { auth?: object; spec?: object } = {},
): Promise<TestProvider & { seen: Seen[] }> {
  const server = await providerServer(answer);
  const auth = {
    kind: 'oauth2_client_credentials',
    tokenUrl: 'https://acme.example/token',
    scopes: { default: ['read', 'write'] },
    ...parts.auth,
  };
  const entry = entryWith({ auth, airbyte: undefined });
  const origins = { 'https://acme.example': server.url };
  return { ...(await provider({ entry, origins, spec: parts.spec ?? {} })), seen: server.seen };
}

const GRANTED: Reply = {
  body: { access_token: 'access-1', token_type: 'Bearer', expires_in: 60, refresh_token: 'no' },
};
const none = { secrets: {}, facts: {} };

describe('client credentials', () => {
  it('give a token without a person, and no refresh token is kept', async () => {
    const { kind, context, seen } = await at(() => GRANTED);
    expect(kind.style).toBe('none');
    expect(await kind.fromForm?.(context, {})).toEqual({
      secrets: { access_token: 'access-1' },
      tokenType: 'Bearer',
      expiresAt: NOW + 60_000,
      scopes: undefined,
      facts: {},
    });
    expect(seen[0]?.fields).toEqual({
      grant_type: 'client_credentials',
      scope: 'read write',
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
    });
  });

  it('ask for the scopes of the document, with HTTP Basic where the provider wants it', async () => {
    const parts = { auth: { clientAuthentication: 'basic' }, spec: { scopes: ['only'] } };
    const { kind, context, seen } = await at(() => GRANTED, parts);
    await kind.renew(context, none);
    expect(seen[0]?.fields).toEqual({ grant_type: 'client_credentials', scope: 'only' });
    expect(seen[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('are renewed by the same grant, and keep their facts', async () => {
    const { kind, context } = await at(() => GRANTED);
    expect(kind.canRenew(context, none)).toBe(true);
    expect(kind.rotates(context)).toBe(false);
    expect((await kind.renew(context, { secrets: {}, facts: { a: 'b' } })).facts).toEqual({ a: 'b' });
  });

  it.each(['invalid_client', 'invalid_grant', 'unauthorized_client'])(
    'that are refused (%s) are a matter of the app, not of a person',
    async (error) => {
      const { kind, context } = await at(() => ({ status: 401, body: { error } }));
      expect((await errorOf(kind.renew(context, none))).code).toBe('ProviderRejected');
    },
  );

  it('cannot be ended at the provider', async () => {
    const { kind, context } = await at(() => GRANTED);
    expect(await kind.revoke(context, none)).toBe(false);
    expect(kind.usable({ secrets: { access_token: 'a' }, facts: {} })).toEqual({ value: 'a', fields: {} });
  });
});
