/** Which class a failure belongs to, and that nothing of a foreign text gets into what tenants read. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type ErrorCode, errorCodes, TenantryError } from '../../../../src/errors.ts';
import { type ClassifyInput, classify, isTold } from '../../../../src/sidecar/syncs/failures/classify.ts';
import type { ProviderSays } from '../../../../src/sidecar/syncs/failures/provider-says.ts';
import { MOST_WAIT_SECONDS } from '../../../../src/sidecar/syncs/failures/retry.ts';
import type { JobFacts } from '../../../../src/sidecar/syncs/runner.ts';

const job = (message?: string): JobFacts => ({
  jobId: '4711',
  status: 'failed',
  rows: 0,
  bytes: 0,
  updatedAt: undefined,
  message,
});

const known = { integration: 'notion', name: 'Notion' };
const ofText = (message: string, more: Partial<ClassifyInput> = {}) =>
  classify({ ...known, job: job(message), ...more });
const ofError = (code: ErrorCode, message = 'x', more: Partial<ClassifyInput> = {}) =>
  classify({ ...known, error: new TenantryError(code, message), ...more });

describe('a text of Airbyte or a connector', () => {
  test.each([
    ['401 Client Error: Unauthorized for url: https://api.notion.com/v1/users', 'token'],
    ['HTTP Status Code: 401. Error: API token is invalid.', 'token'],
    ['invalid_grant: Token has been expired or revoked.', 'token'],
    ['Slack API Error: account_inactive', 'token'],
    ['Your access token has expired, please re-authenticate', 'token'],
    ['429 Client Error: Too Many Requests', 'rate_limit'],
    ['Rate limit exceeded, retry after 120 seconds', 'rate_limit'],
    ["Quota for metric 'Read requests' exceeded", 'rate_limit'],
    ['403 Client Error: Forbidden for url', 'configuration'],
    ['missing_scope: channels:history', 'configuration'],
    ['Config validation error: start_date is required', 'configuration'],
    ['404 Client Error: Not Found: repository acme/shop', 'configuration'],
    ['The connection has a breaking schema change', 'schema'],
    ['the source has no stream pages any more', 'schema'],
    ["The stream 'issues' no longer exists in the source", 'schema'],
    ['The primary key id was removed from stream pages', 'schema'],
    ['Airbyte detected that the Source has not sent a heartbeat in the last hour', 'airbyte'],
    ['Workload failed, source: replication-orchestrator, pod oomkilled', 'airbyte'],
    ['notion: password authentication failed for user "tenant_acme"', 'airbyte'],
    ['Destination postgres: connection refused', 'airbyte'],
    ['503 Server Error: Service Unavailable', 'provider'],
    ['HTTPSConnectionPool(host=api.notion.com): Read timed out', 'provider'],
    ['getaddrinfo ENOTFOUND api.notion.com', 'provider'],
    ["KeyError: 'results'", 'connector'],
    ['', 'connector'],
  ] as const)('%j is %s', (text, expected) => {
    expect(ofText(text).class).toBe(expected);
  });

  it('names only settings and streams that are known', () => {
    const settings = ['start_date', 'domain'];
    const found = ofText('422 validation: start_date of host secret-host.internal is no date', { settings });
    expect(found).toMatchObject({ class: 'configuration' });
    expect(found.error.message).toBe('Notion cannot be read with the setting start_date as given');
    expect(found.error.hint).toBe('correct the setting start_date');
    const stream = ofText('the source has no stream pages any more', { streams: ['pages', 'users'] });
    expect(stream.error.message).toContain('pages');
    expect(stream.error.message).not.toContain('users');
  });

  it('tells for how long a rate limit lasts, within bounds', () => {
    expect(ofText('429, retry after 120 seconds')).toMatchObject({ retryAfterSeconds: 120 });
    expect(ofText('429, Retry-After: 120').error.message).toContain('for 2 minutes');
    expect(ofText('429, retry after 999999 seconds').retryAfterSeconds).toBe(MOST_WAIT_SECONDS);
    expect(ofText('429').retryAfterSeconds).toBeUndefined();
    expect(ofText('429, Retry-After: 2026-03-01').retryAfterSeconds).toBeUndefined();
  });

  it('is kept as the cause, for the log of who runs the platform', () => {
    expect(ofText('KeyError in pod-17').error.cause).toMatchObject({ message: 'KeyError in pod-17' });
  });
});

describe('an error of ours', () => {
  test.each([
    ['NeedsReauthorization', 'token'],
    ['CredentialNotFoundError', 'token'],
    ['RateLimited', 'rate_limit'],
    ['ProviderUnavailable', 'provider'],
    ['UpstreamTimeout', 'provider'],
    ['ProviderRejected', 'configuration'],
    ['ScopesMissing', 'configuration'],
    ['AirbyteRejected', 'configuration'],
    ['SecretNotFound', 'configuration'],
    ['AirbyteUnreachable', 'airbyte'],
    ['AirbyteUnavailable', 'airbyte'],
    ['VaultSealed', 'airbyte'],
    ['PostgresUnavailable', 'airbyte'],
    ['Internal', 'airbyte'],
  ] as const)('%s is %s and keeps its code', (code, expected) => {
    const found = ofError(code);
    expect(found.class).toBe(expected);
    expect(found.error.code).toBe(code);
  });

  it('of every code has words', () => {
    for (const { code } of errorCodes()) {
      const { error } = ofError(code);
      expect(error.message.length).toBeGreaterThan(10);
      expect(error.hint.length).toBeGreaterThan(5);
    }
  });

  it('is a rate limit where the provider said so', () => {
    const error = new TenantryError('ProviderUnavailable', 'Notion is not available now (status 429)', {
      retryAfterSeconds: 90,
    });
    const found = classify({ ...known, error });
    expect(found).toMatchObject({ class: 'rate_limit', retryAfterSeconds: 90 });
    expect(found.error.code).toBe('RateLimited');
  });

  it('counts more than what a job says, and a stuck job more than both', () => {
    const given = { job: job('429'), error: new TenantryError('NeedsReauthorization', 'x') };
    expect(classify({ ...known, ...given }).class).toBe('token');
    expect(classify({ ...known, ...given, isStuck: true }).class).toBe('stuck');
  });
});

describe('what the provider says', () => {
  test.each([
    [{ says: 'refuses', status: 401, word: 'unauthorized' }, 'token', '(unauthorized, status 401)'],
    [{ says: 'limits', status: 429, retryAfterSeconds: 1200 }, 'rate_limit', 'for 20 minutes'],
    [{ says: 'fails', status: 503 }, 'provider', 'status 503'],
    [{ says: 'fails' }, 'provider', 'Notion does not answer'],
    [{ says: 'forbids', status: 403 }, 'configuration', 'may not read'],
    [{ says: 'accepts', status: 200 }, 'connector', 'takes the credential'],
    [{ says: 'nothing' }, 'connector', 'the sync of Notion failed'],
  ] as const)('%j is %s', (provider: ProviderSays, expected, words) => {
    const found = classify({ ...known, job: job(), provider });
    expect(found.class).toBe(expected);
    expect(found.error.message).toContain(words);
  });

  it('is asked only where nothing else tells', () => {
    expect(isTold({ ...known, job: job() })).toBe(false);
    expect(isTold({ ...known, job: job("KeyError: 'results'") })).toBe(false);
    expect(isTold({ ...known, job: job('401 Unauthorized') })).toBe(true);
    expect(isTold({ ...known, error: new TenantryError('Internal', 'x') })).toBe(true);
    expect(isTold({ ...known, isStuck: true })).toBe(true);
  });
});

it('the words are whole sentences whatever is known', () => {
  const says = fc.constantFrom('accepts', 'refuses', 'forbids', 'limits', 'fails', 'nothing');
  const provider = fc.record(
    {
      says,
      status: fc.integer({ min: 100, max: 599 }),
      word: fc.constantFrom('invalid_auth', 'internal_error'),
      retryAfterSeconds: fc.integer({ min: 0, max: 10 ** 7 }),
    },
    { requiredKeys: ['says'] },
  );
  fc.assert(
    fc.property(provider as fc.Arbitrary<ProviderSays>, (given) => {
      const { error } = classify({ ...known, job: job(), provider: given });
      for (const text of [error.message, error.hint]) {
        expect(text).toMatch(/^[A-Za-z].*[a-z0-9)]$/);
        expect(text).not.toMatch(/undefined|null|NaN| {2}|\(\)/);
      }
    }),
  );
});

/** Everything that may stand in a message, with what is variable taken out. */
function skeleton(text: string): string {
  return text.replace(/\d+/g, '#').replace(/\b(?:start_date|domain|pages|users)\b/g, 'name');
}

const hint = fc.constantFrom(
  ...['401', '403', '429', '503 server error', 'schema changed', 'heartbeat', 'validation', 'retry after 7'],
  ...['start_date', 'pages', 'status 500', 'token expired', 'destination failed', 'is required'],
);
const foreign = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.uuid(),
  fc.webUrl(),
  fc.constantFrom(
    'pod/replication-job-17-attempt-0',
    'at io.airbyte.workers.Foo(Foo.java:17)',
    'xoxb-secret-token',
  ),
);

describe('no text of Airbyte passes', () => {
  const given = { ...known, settings: ['start_date', 'domain'], streams: ['pages', 'users'] };

  it('whatever it is, the words come from a small set', () => {
    const seen = new Set<string>();
    const message = fc.array(fc.oneof(hint, foreign), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(message, fc.constantFrom(...errorCodes().map(({ code }) => code)), (parts, code) => {
        const text = parts.join(' ');
        const ofJob = classify({ ...given, job: job(text) }).error;
        const thrown = classify({ ...given, error: new TenantryError(code, text) }).error;
        for (const { message: said, hint: next } of [ofJob, thrown]) {
          seen.add(skeleton(`${said} ${next}`).replace(/name(?:, name)*/g, 'name'));
        }
      }),
      { numRuns: 2_000 },
    );
    // Texts, times a few for numbers, names and units of time.
    expect(seen.size).toBeLessThan(60);
  });

  it('no part of a foreign text stands in the words', () => {
    fc.assert(
      fc.property(fc.array(foreign, { maxLength: 5 }), (parts) => {
        const { error } = classify({ ...given, job: job(`KeyError ${parts.join(' ')}`) });
        const first = parts.find((part) => part.trim().length > 3);
        if (first !== undefined) expect(`${error.message} ${error.hint}`).not.toContain(first.trim());
      }),
    );
  });
});
