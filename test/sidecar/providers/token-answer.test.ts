import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TenantryError } from '../../../src/errors.ts';
import type { TokenSet } from '../../../src/sidecar/providers/kind.ts';
import { authWith, entryWith } from '../../catalog/sample.ts';
import { errorOf, NOW, type ProviderOptions, provider } from './provider-server.ts';

const stored = { secrets: { access_token: 'access-0', refresh_token: 'refresh-0' }, facts: {} };

interface Answered {
  readonly auth?: Record<string, unknown>;
  readonly body: unknown;
  readonly init?: ResponseInit;
  readonly options?: Partial<ProviderOptions>;
}

function bytesOf(body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(body));
}

/** A renewal whose answer is this, without a network between. */
async function renewed({ auth = {}, body, init, options }: Answered): Promise<TokenSet> {
  const fetch = async (): Promise<Response> =>
    typeof body === 'string' || body instanceof Uint8Array
      ? new Response(bytesOf(body), init)
      : Response.json(body, init);
  const { kind, context } = await provider({ entry: entryWith({ auth: authWith(auth) }), fetch, ...options });
  return await kind.renew(context, stored);
}

const lasting = { refresh: { issued: 'always', accessTokenSeconds: 1000 } };

describe('the life of a token', () => {
  it.each([
    [{ expires_in: 60 }, 60],
    [{ expires_in: '60' }, 60],
    [{ expires_in: 60, expires_at: '2040-01-01T00:00:00Z' }, 60],
    [{ expires_at: '2030-01-01T01:00:00Z' }, 3600],
    [{ expires_at: NOW / 1000 + 7200 }, 7200],
    [{ expires_at: '2029-01-01T00:00:00Z' }, 0],
    // The catalog knows it where the answer does not say it, or says it in a way that nobody can read.
    [{}, 1000],
    [{ expires_in: null }, 1000],
    [{ expires_in: 0 }, 1000],
    [{ expires_in: -5 }, 1000],
    [{ expires_in: 'soon' }, 1000],
    [{ expires_in: {} }, 1000],
    [{ expires_at: 'never' }, 1000],
  ])('of %o is %i s', async (fields, seconds) => {
    const tokens = await renewed({ auth: lasting, body: { access_token: 'a', ...fields } });
    expect(tokens.expiresAt).toBe(NOW + seconds * 1000);
  });

  it.each([[{}], [{ expires_in: 0 }], [{ expires_in: 1e300 }], [{ expires_at: '9999-12-31T23:59:59Z' }]])(
    'of %o has no end',
    async (fields) => {
      expect((await renewed({ body: { access_token: 'a', ...fields } })).expiresAt).toBeUndefined();
    },
  );
});

describe('a token answer', () => {
  it('is read in a dialect of its own', async () => {
    const tokens = await renewed({
      auth: {
        tokenPath: 'authed_user',
        tokenFields: { access_token: 'token', refresh_token: 'next.token', scope: 'scopes' },
        facts: { team_id: 'team.id', user_id: 'authed_user.id', has_all: 'all' },
      },
      body: {
        ok: true,
        all: true,
        team: { id: 'T1' },
        authed_user: { id: 'U1', token: 'xoxp-1', next: { token: 'xoxe-1' }, scopes: ['a', 'b'] },
      },
    });
    expect(tokens).toMatchObject({
      secrets: { access_token: 'xoxp-1', refresh_token: 'xoxe-1' },
      scopes: ['a', 'b'],
      facts: { team_id: 'T1', user_id: 'U1', has_all: 'true' },
    });
  });

  it.each([undefined, null, '', 'bot', 'Bearer', 'user', 7])('may have the token type %o', async (type) => {
    const tokens = await renewed({ body: { access_token: 'a', token_type: type } });
    expect(tokens.tokenType).toBe('Bearer');
  });

  it.each(['DPoP', 'mac'])('is refused with the token type %s, which a bearer cannot use', async (type) => {
    const error = await errorOf(renewed({ body: { access_token: 'a', token_type: type } }));
    expect(error.code).toBe('ProviderRejected');
  });

  it.each([
    [',', 'a,b c', ['a', 'b', 'c']],
    [' ', 'a,b c', ['a,b', 'c']],
    [' ', '', undefined],
    [' ', 7, undefined],
  ])('has its scopes apart by "%s"', async (separator, scope, scopes) => {
    const tokens = await renewed({ auth: { scopes: { separator } }, body: { access_token: 'a', scope } });
    expect(tokens.scopes).toEqual(scopes);
  });

  it('may be a form, as GitHub sends it to who does not ask for JSON', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const tokens = await renewed({
      body: 'access_token=a&expires_in=60&scope=&token_type=bearer',
      init: { headers },
    });
    expect(tokens).toMatchObject({
      secrets: { access_token: 'a' },
      expiresAt: NOW + 60_000,
      scopes: undefined,
    });
  });

  it('is not checked as OpenID Connect where an ID token comes along', async () => {
    const tokens = await renewed({ body: { access_token: 'a', id_token: 'x.y.z' } });
    expect(tokens.secrets).toEqual({ access_token: 'a', refresh_token: 'refresh-0' });
  });

  it.each([
    { access_token: '' },
    { access_token: null },
    { access_token: 7 },
    { access_token: ['a'] },
    { access_token: 'a\r\nX-Evil: 1' },
    { access_token: ' ' },
    { access_token: 'naïve' },
    { access_token: 'a', refresh_token: { b: 1 } },
    { access_token: 'a', refresh_token: 'b\nc' },
    [],
    null,
    7,
    {},
  ])('that is no token set is refused: %o', async (body) => {
    expect((await errorOf(renewed({ body }))).code).toBe('ProviderRejected');
  });
});

/** As long as tokens are, so that none occurs in innocent text. */
const token = fc.stringMatching(/^[A-Za-z0-9_.~-]{16,40}$/);
const odd = fc.oneof(
  token,
  fc.string(),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 2 }),
);
const jsonAnswer = fc.record(
  {
    access_token: odd,
    refresh_token: odd,
    token_type: odd,
    expires_in: odd,
    expires_at: odd,
    scope: odd,
    error: odd,
    ok: odd,
    status: odd,
    message: odd,
    team: fc.oneof(odd, fc.record({ id: odd })),
  },
  { requiredKeys: [] },
);

describe('whatever a token endpoint answers', () => {
  const NAMED = ['NeedsReauthorization', 'ProviderRejected', 'ProviderUnavailable'];

  async function outcome(
    body: string | Uint8Array,
    status: number,
    sent: string,
  ): Promise<{ tokens?: TokenSet; error?: TenantryError }> {
    const isEmpty = status === 204 || status === 304;
    const fetch = async (): Promise<Response> => new Response(isEmpty ? null : bytesOf(body), { status });
    const auth = authWith({ facts: { team_id: 'team.id' }, okField: 'ok', ...lasting });
    const { kind, context } = await provider({ entry: entryWith({ auth }), fetch });
    const secrets = { access_token: sent, refresh_token: sent };
    return await kind.renew(context, { secrets, facts: {} }).then(
      (tokens) => ({ tokens }),
      (error: TenantryError) => ({ error }),
    );
  }

  function check({ tokens, error }: Awaited<ReturnType<typeof outcome>>, secrets: readonly string[]): void {
    if (error !== undefined) {
      expect(NAMED).toContain(error.code);
      const said = `${error.message} ${error.hint} ${String(error.cause)}`;
      for (const secret of secrets) expect(said).not.toContain(secret);
      return;
    }
    for (const value of Object.values(tokens?.secrets ?? {})) expect(value).toMatch(/^[\x20-\x7e]+$/);
    expect(tokens?.secrets['access_token']?.trim()).toBeTruthy();
    const ends = tokens?.expiresAt;
    if (ends !== undefined) expect(new Date(ends).toISOString()).toBeTruthy();
    if (ends !== undefined) expect(ends).toBeGreaterThanOrEqual(NOW);
    for (const fact of Object.values(tokens?.facts ?? {})) expect(typeof fact).toBe('string');
  }

  const status = fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503);

  it('in bytes, there is a token set or a named error, and no error repeats a token', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, status, token, async (body, code, sent) => {
        check(await outcome(body, code, sent), [sent]);
      }),
      { numRuns: 300 },
    );
  });

  it('in JSON that looks like a token answer, the same holds for tokens that came', async () => {
    await fc.assert(
      fc.asyncProperty(jsonAnswer, status, token, async (body, code, sent) => {
        const received = [body.access_token, body.refresh_token].filter(
          (value): value is string => typeof value === 'string' && value.length >= 16,
        );
        check(await outcome(JSON.stringify(body), code, sent), [sent, ...received]);
      }),
      { numRuns: 500 },
    );
  });

  it('as the echo of a token in the place of the error code, no error repeats it', async () => {
    const letters = fc.stringMatching(/^[a-z]{8,20}(_[a-z]{3,8})?$/);
    await fc.assert(
      fc.asyncProperty(letters, letters, status, async (sent, received, code) => {
        const echo = JSON.stringify({ error: sent });
        check(await outcome(echo, code, sent), [sent]);
        const own = JSON.stringify({ error: received, refresh_token: received });
        check(await outcome(own, code, sent), [sent, received]);
      }),
      { numRuns: 200 },
    );
  });
});
