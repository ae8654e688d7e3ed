import { describe, expect, it } from 'vitest';
import { entryWith } from '../../catalog/sample.ts';
import { at, GRANTED } from './acme-oauth2.ts';
import { CLIENT, entryOf, errorOf, NOW, provider, providerServer, type Reply } from './provider-server.ts';

const stored = {
  secrets: { access_token: 'access-0', refresh_token: 'refresh-0' },
  facts: { account_id: '7', region: 'eu' },
};

describe('a renewal', () => {
  it('sends the refresh token and gives a complete token set', async () => {
    const { kind, context, seen } = await at({});
    expect(await kind.renew(context, stored)).toEqual({
      secrets: { access_token: 'access-1', refresh_token: 'refresh-1' },
      tokenType: 'Bearer',
      expiresAt: NOW + 600_000,
      scopes: ['read', 'write'],
      facts: { account_id: '42', region: 'eu' },
    });
    expect(seen[0]?.fields).toMatchObject({ grant_type: 'refresh_token', refresh_token: 'refresh-0' });
  });

  it('keeps the refresh token and the facts that the answer leaves out', async () => {
    const { kind, context } = await at({}, () => ({ body: { access_token: 'access-1' } }));
    const tokens = await kind.renew(context, stored);
    expect(tokens.secrets).toEqual({ access_token: 'access-1', refresh_token: 'refresh-0' });
    expect(tokens.facts).toEqual(stored.facts);
  });

  it('goes to the refresh endpoint where there is one', async () => {
    const { kind, context, seen } = await at({
      refresh: { issued: 'always', url: 'https://acme.example/refresh' },
    });
    await kind.renew(context, stored);
    expect(seen[0]?.path).toBe('/refresh');
  });

  it('needs a refresh token, and says so without a call', async () => {
    const { kind, context, seen } = await at({});
    const without = { secrets: { access_token: 'a' }, facts: {} };
    expect(kind.canRenew(context, without)).toBe(false);
    expect(kind.canRenew(context, stored)).toBe(true);
    expect((await errorOf(kind.renew(context, without))).code).toBe('NeedsReauthorization');
    expect(seen).toEqual([]);
  });

  it('knows which providers rotate', async () => {
    const rotating = await provider({ entry: entryOf('slack') });
    const lasting = await provider({ entry: entryOf('google-drive') });
    expect(rotating.kind.rotates(rotating.context)).toBe(true);
    expect(lasting.kind.rotates(lasting.context)).toBe(false);
  });

  it('sends the headers of the provider’s API along, where the endpoint belongs to it', async () => {
    const server = await providerServer(() => ({ body: GRANTED }));
    const { kind, context } = await provider({
      entry: entryOf('notion'),
      origins: { 'https://api.notion.com': server.url },
    });
    await kind.renew(context, stored);
    expect(server.seen[0]?.headers).toMatchObject({
      'notion-version': '2025-09-03',
      accept: 'application/json',
      'content-type': 'application/json',
    });
  });
});

describe('revocation', () => {
  const REVOKES = { revocationUrl: 'https://acme.example/revoke' };

  it('is not offered where the provider has none', async () => {
    const { kind, context, seen } = await at({});
    expect(await kind.revoke(context, stored)).toBe(false);
    expect(seen).toEqual([]);
  });

  it('ends the refresh token first, then the access token (RFC 7009)', async () => {
    const { kind, context, seen } = await at(REVOKES, () => ({ body: '' }));
    expect(await kind.revoke(context, stored)).toBe(true);
    expect(seen.map(({ fields }) => [fields['token'], fields['token_type_hint']])).toEqual([
      ['refresh-0', 'refresh_token'],
      ['access-0', 'access_token'],
    ]);
    expect(seen[0]?.fields).toMatchObject({ client_id: CLIENT.id, client_secret: CLIENT.secret });
  });

  it('counts a token that was gone before as ended', async () => {
    const { kind, context } = await at(REVOKES, () => ({ status: 400, body: { error: 'invalid_token' } }));
    expect(await kind.revoke(context, stored)).toBe(true);
  });

  it('goes on with the other token when one kind cannot be revoked', async () => {
    const { kind, context, seen } = await at(REVOKES, ({ fields }) =>
      fields['token'] === 'refresh-0'
        ? { status: 400, body: { error: 'unsupported_token_type' } }
        : { body: '' },
    );
    expect(await kind.revoke(context, stored)).toBe(true);
    expect(seen).toHaveLength(2);
  });

  it('fails when the provider does not answer or refuses the app', async () => {
    const out = await at(REVOKES, () => ({ status: 503, body: '' }));
    expect((await errorOf(out.kind.revoke(out.context, stored))).code).toBe('ProviderUnavailable');
    const refused = await at(REVOKES, () => ({ status: 401, body: { error: 'invalid_client' } }));
    expect((await errorOf(refused.kind.revoke(refused.context, stored))).code).toBe('ProviderRejected');
  });

  it('of Slack sends the token as the bearer, and reads ok', async () => {
    const answers: Reply[] = [
      { body: { ok: true, revoked: true } },
      { body: { ok: false, error: 'token_revoked' } },
    ];
    const auth = { ...REVOKES, revocationAuthentication: 'bearer', okField: 'ok' };
    const { kind, context, seen } = await at(auth, () => answers.shift() ?? { status: 500 });
    expect(await kind.revoke(context, stored)).toBe(true);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer refresh-0', 'Bearer access-0']);
    expect(seen.every(({ text, query }) => text === '' && query.size === 0)).toBe(true);
    answers.push({ body: { ok: false, error: 'accesslimited' } });
    expect((await errorOf(kind.revoke(context, stored))).code).toBe('ProviderRejected');
  });
});

it('hands out the access token as it is stored', async () => {
  const { kind } = await provider({ entry: entryWith() });
  expect(kind.usable(stored)).toEqual({ value: 'access-0', fields: {} });
});
