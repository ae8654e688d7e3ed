import { describe, expect, it } from 'vitest';
import type { TenantryError } from '../../../src/errors.ts';
import { entryWith } from '../../catalog/sample.ts';
import {
  CLIENT,
  callbackOf,
  entryOf,
  errorOf,
  NOW,
  provider,
  providerServer,
  type Reply,
} from './provider-server.ts';

const stored = {
  secrets: { access_token: 'access-0', refresh_token: 'refresh-0' },
  facts: { installation_id: 'i-1' },
};

/** Every origin of the catalog's token endpoints. */
const TOKEN_ORIGINS = [
  'https://acme.example',
  'https://api.airtable.com',
  'https://airtable.com',
  'https://api.hubapi.com',
  'https://api.linear.app',
  'https://api.notion.com',
  'https://api.stripe.com',
  'https://auth.atlassian.com',
  'https://oauth2.googleapis.com',
  'https://sentry.io',
  'https://slack.com',
];

async function renewal(integration: string | undefined, reply: Reply): Promise<TenantryError> {
  const server = await providerServer(() => reply);
  const entry = integration === undefined ? entryWith() : entryOf(integration);
  const origins = Object.fromEntries(TOKEN_ORIGINS.map((origin) => [origin, server.url]));
  const { kind, context } = await provider({ entry, origins, facts: stored.facts });
  return await errorOf(kind.renew(context, stored));
}

describe('the end of a grant', () => {
  it.each([
    ['slack', 200, { ok: false, error: 'invalid_refresh_token' }],
    ['slack', 200, { ok: false, error: 'token_revoked' }],
    ['slack', 200, { ok: false, error: 'token_expired' }],
    ['slack', 200, { ok: false, error: 'account_inactive' }],
    [
      'google-drive',
      400,
      { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
    ],
    ['jira', 403, { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }],
    ['jira', 403, { error: 'unauthorized_client', error_description: 'refresh_token is invalid' }],
    ['notion', 400, { error: 'invalid_grant', request_id: 'r' }],
    ['linear', 400, { error: 'invalid_grant' }],
    ['airtable', 400, { error: 'invalid_grant' }],
    ['stripe', 400, { error: 'invalid_grant' }],
    ['hubspot', 400, { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' }],
    ['sentry', 401, { detail: 'Given refresh token does not exist' }],
    ['sentry', 404, { detail: 'The requested resource does not exist' }],
    [undefined, 200, { error: 'bad_refresh_token', error_description: 'expired' }],
    [undefined, 400, { error: { code: 'invalid_grant', message: 'gone' } }],
  ])('is what %s means by %i %o', async (integration, status, body) => {
    expect((await renewal(integration, { status, body })).code).toBe('NeedsReauthorization');
  });

  it.each([
    [undefined, 401, { error: 'invalid_client' }],
    [undefined, 400, { error: 'unauthorized_client' }],
    [undefined, 400, { error: 'invalid_request' }],
    [undefined, 400, { error: 'invalid_scope' }],
    [undefined, 404, { message: 'Not Found' }],
    [undefined, 302, ''],
    ['slack', 200, { ok: false, error: 'bad_client_secret' }],
    ['slack', 200, { ok: false, error: 'invalid_client_id' }],
    ['slack', 200, { ok: false, error: 'invalid_auth' }],
    ['slack', 200, { ok: false }],
    ['jira', 401, { error: 'access_denied', error_description: 'Unauthorized' }],
    ['sentry', 401, { detail: 'Could not find matching Application for given client_id' }],
    ['notion', 401, { error: 'invalid_client' }],
  ])('is not what %s means by %i %o', async (integration, status, body) => {
    expect((await renewal(integration, { status, body })).code).toBe('ProviderRejected');
  });

  it('is no news while connecting: the code was not good', async () => {
    const server = await providerServer(() => ({ status: 400, body: { error: 'invalid_grant' } }));
    const { kind, context } = await provider({
      entry: entryWith(),
      origins: { 'https://acme.example': server.url },
    });
    const error = await errorOf(kind.finish?.(context, callbackOf({ code: 'c' })) ?? Promise.resolve());
    expect(error.code).toBe('ConnectDenied');
    expect(error.hint).toContain('begin to connect again');
  });

  it('is no refusal of the app while connecting', async () => {
    const server = await providerServer(() => ({ status: 403, body: { error: 'unauthorized_client' } }));
    const { kind, context } = await provider({
      entry: entryOf('jira'),
      origins: { 'https://auth.atlassian.com': server.url },
    });
    const error = await errorOf(kind.finish?.(context, callbackOf({ code: 'c' })) ?? Promise.resolve());
    expect(error.code).toBe('ProviderRejected');
  });
});

describe('a passing trouble', () => {
  it.each([
    [500, { error: 'invalid_grant' }],
    [502, '<html>Bad gateway</html>'],
    [503, ''],
    [429, { error: 'rate_limited' }],
    [408, ''],
    [400, { error: 'temporarily_unavailable' }],
    [200, { ok: false, error: 'internal_error' }],
    [200, '<html>A login page of the network</html>'],
    [200, ''],
    [200, '{"access_token": "cut o'],
  ])('is %i %o', async (status, body) => {
    const error = await renewal('slack', { status, body });
    expect(error.code).toBe('ProviderUnavailable');
    expect(error.retryable).toBe(true);
  });

  it.each([
    ['120', 120],
    [new Date(NOW + 90_000).toUTCString(), 90],
    [new Date(NOW - 90_000).toUTCString(), 0],
    ['86400', 3600],
    ['99999999999999999999999', 3600],
    [new Date(NOW + 864_000_000).toUTCString(), 3600],
    ['soon', undefined],
  ])('may ask us to wait: Retry-After %s is %o s', async (header, seconds) => {
    const error = await renewal(undefined, { status: 429, headers: { 'retry-after': header }, body: {} });
    expect(error.retryAfterSeconds).toBe(seconds);
  });

  it('is a rate limit that GitHub sends with 403', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 42) };
    const error = await renewal(undefined, {
      status: 403,
      headers,
      body: { message: 'API rate limit exceeded' },
    });
    expect(error).toMatchObject({ code: 'ProviderUnavailable', retryAfterSeconds: 42 });
  });

  it('is no connection, a connection that is cut, and no answer in time', async () => {
    expect((await renewal(undefined, { fault: 'reset' })).code).toBe('ProviderUnavailable');
    const server = await providerServer(() => ({ fault: 'hang' }));
    const origins = { 'https://acme.example': server.url };
    const slow = await provider({ entry: entryWith(), origins, timeoutMs: 50 });
    const error = await errorOf(slow.kind.renew(slow.context, stored));
    expect(error).toMatchObject({
      code: 'ProviderUnavailable',
      message: 'Acme CRM gives no answer in 0.05 s',
    });
    const nobody = { 'https://acme.example': 'http://127.0.0.1:9' };
    const closed = await provider({ entry: entryWith(), origins: nobody, timeoutMs: 2000 });
    const refused = await errorOf(closed.kind.renew(closed.context, stored));
    expect(refused.code).toBe('ProviderUnavailable');
  });

  it('is an answer without an end', async () => {
    const body = Buffer.alloc(1024 * 1024 + 1, 32);
    expect(await renewal(undefined, { body })).toMatchObject({
      code: 'ProviderUnavailable',
      message: 'Acme CRM sends an answer of more than 1 MiB',
    });
  });
});

describe('a message', () => {
  it('names the error code and the status', async () => {
    const error = await renewal(undefined, { status: 401, body: { error: 'invalid_client' } });
    expect(error.message).toBe('Acme CRM refuses the request (invalid_client, status 401)');
  });

  it.each([
    ['the refresh token', { error: 'refresh-0' }],
    ['the client secret', { error: CLIENT.secret }],
    ['a description', { error: 'x1', error_description: 'refresh-0 is bad' }],
    ['a sentence', { error: 'the token refresh-0 is bad' }],
  ])('does not repeat %s', async (_, body) => {
    const error = await renewal(undefined, { status: 400, body });
    expect(error.message).toBe('Acme CRM refuses the request (status 400)');
    expect(error.cause).toBeUndefined();
  });

  it('does not repeat a token of letters only, sent or received', async () => {
    const server = await providerServer(({ fields }) => ({
      status: 400,
      body: {
        error: fields['refresh_token'] === 'lettersOnly' ? 'lettersOnly' : 'receivedOnly',
        token: 'receivedOnly',
      },
    }));
    const { kind, context } = await provider({
      entry: entryWith(),
      origins: { 'https://acme.example': server.url },
    });
    for (const token of ['lettersOnly', 'another']) {
      const error = await errorOf(kind.renew(context, { secrets: { refresh_token: token }, facts: {} }));
      expect(error.message).toBe('Acme CRM refuses the request (status 400)');
    }
  });
});

describe('a call', () => {
  it('follows no redirect, so that the secret stays with the provider', async () => {
    const elsewhere = await providerServer(() => ({ body: {} }));
    const error = await renewal(undefined, { status: 307, headers: { location: elsewhere.url }, body: '' });
    expect(error.code).toBe('ProviderRejected');
    expect(elsewhere.seen).toEqual([]);
  });

  it('is cancelled from outside', async () => {
    const cancel = new AbortController();
    const server = await providerServer(() => {
      cancel.abort();
      return { fault: 'hang' };
    });
    const { kind, context } = await provider({
      entry: entryWith(),
      origins: { 'https://acme.example': server.url },
      signal: cancel.signal,
    });
    expect((await errorOf(kind.renew(context, stored))).code).toBe('Cancelled');
    expect((await errorOf(kind.renew(context, stored))).code).toBe('Cancelled');
    expect(server.seen).toHaveLength(1);
  });
});
