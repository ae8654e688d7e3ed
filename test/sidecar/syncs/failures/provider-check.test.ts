/** What a cheap call to the provider tells, at the fake APIs with the faults that real ones have. */
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { TenantryError } from '../../../../src/errors.ts';
import {
  createProviderCheck,
  type ProviderCheck,
} from '../../../../src/sidecar/syncs/failures/provider-check.ts';
import { saying } from '../../../../src/sidecar/syncs/failures/provider-says.ts';
import { GOOD, type ProviderWorld, startProviderWorld } from './provider-world.ts';

let world: ProviderWorld;
let check: ProviderCheck;
beforeAll(async () => {
  world = await startProviderWorld();
  check = createProviderCheck(world.parts);
});
afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => {
  world.clock.now += 60_000;
  world.token.value = GOOD;
  for (const integration of world.integrations) world.saas.faults(integration).reset();
});

const signal = new AbortController().signal;
const ask = (integration: string) => check({ tenant: 'acme', integration }, signal);
const TELLING = ['notion', 'slack', 'linear', 'hubspot', 'github'];

describe('a provider', () => {
  test.each(TELLING)('%s accepts a good token', async (integration) => {
    expect(await ask(integration)).toMatchObject({ says: 'accepts', status: 200 });
  });

  test.each(TELLING)('%s refuses a token that is not good', async (integration) => {
    world.token.value = 'revoked-token';
    expect(await ask(integration)).toMatchObject({ says: 'refuses' });
  });

  test.each(TELLING)('%s is limited, down or gone, and a single call finds out', async (integration) => {
    const faults = world.saas.faults(integration);
    faults.failNext(1, 429, { 'retry-after': '77' });
    expect(await ask(integration)).toMatchObject({ says: 'limits', status: 429, retryAfterSeconds: 77 });
    faults.failNext(1, 503);
    expect(await ask(integration)).toMatchObject({ says: 'fails', status: 503 });
    expect(faults.calls()).toBe(2);
  });

  it('that is down is asked once in a while, however many syncs fail by it', async () => {
    const faults = world.saas.faults('notion');
    faults.outage(true);
    for (let count = 0; count < 5; count += 1) expect(await ask('notion')).toEqual({ says: 'fails' });
    expect(faults.calls()).toBe(1);
    faults.outage(false);
    world.clock.now += 15_000;
    expect(await ask('notion')).toMatchObject({ says: 'accepts' });
    expect(await ask('notion')).toMatchObject({ says: 'accepts' });
    expect(faults.calls()).toBe(3);
  });

  it('is asked with a record of who used the token, and not without', async () => {
    const before = world.uses.length;
    await ask('notion');
    expect(world.uses.slice(before)).toEqual([
      {
        tenant: 'acme',
        integration: 'notion',
        action: 'sync.check',
        actor: 'system:syncs',
        outcome: 'ok',
        detail: expect.stringMatching(/^GET 127\.0\.0\.1:\d+$/),
      },
    ]);
    const accessLog = { record: () => Promise.reject(new TenantryError('PostgresUnavailable', 'full')) };
    const silent = createProviderCheck({ ...world.parts, accessLog });
    const calls = world.saas.faults('notion').calls();
    await expect(silent({ tenant: 'acme', integration: 'notion' }, signal)).rejects.toMatchObject({
      code: 'PostgresUnavailable',
    });
    expect(world.saas.faults('notion').calls()).toBe(calls);
  });

  it('that limits by a time of its own is understood', async () => {
    const at = String(world.clock.now / 1000 + 600);
    world.saas.faults('github').failNext(1, 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at });
    expect(await ask('github')).toMatchObject({ says: 'limits', status: 403, retryAfterSeconds: 600 });
  });

  it('that forbids takes the token all the same', async () => {
    world.saas.faults('notion').failNext(1, 403);
    expect(await ask('notion')).toMatchObject({ says: 'forbids', status: 403 });
  });

  it('whose sync has a credential of its own tells nothing by refusing another', async () => {
    world.token.value = 'revoked-token';
    expect(await ask('jira')).toEqual({ says: 'nothing' });
    world.saas.faults('jira').failNext(1, 503);
    expect(await ask('jira')).toMatchObject({ says: 'fails' });
  });

  it('at an address that is not public is not called', async () => {
    const inside = createProviderCheck({ ...world.parts, settings: { providerOrigins: {} } });
    const before = world.saas.faults('notion').calls();
    expect(await inside({ tenant: 'acme', integration: 'notion' }, signal)).toEqual({ says: 'fails' });
    expect(world.saas.faults('notion').calls()).toBe(before);
  });

  it('is left when the process ends', async () => {
    await expect(check({ tenant: 'acme', integration: 'notion' }, AbortSignal.abort())).rejects.toMatchObject(
      { code: 'Cancelled' },
    );
  });
});

describe('an answer', () => {
  const says = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    saying({ status, headers: new Headers(headers), text: JSON.stringify(body) }, 0);

  test.each([
    [200, { ok: true }, 'accepts'],
    [200, { ok: false, error: 'invalid_auth' }, 'refuses'],
    [200, { ok: false, error: 'ratelimited' }, 'limits'],
    [200, { ok: false, error: 'missing_scope' }, 'forbids'],
    [200, { ok: false, error: 'something_else' }, 'nothing'],
    [204, undefined, 'accepts'],
    [302, undefined, 'nothing'],
    [400, { code: 'validation_error' }, 'nothing'],
    [404, {}, 'nothing'],
    [408, {}, 'fails'],
    [500, '<html>', 'fails'],
  ] as const)('%i %j %s', (status, body, expected) => {
    expect(says(status, body).says).toBe(expected);
  });

  it('gives no more of its text than a code', () => {
    expect(says(401, { error: 'Token xoxb-1234 is not known here' })).toEqual({
      says: 'refuses',
      status: 401,
    });
    expect(says(401, { error: 'invalid_auth' })).toEqual({
      says: 'refuses',
      status: 401,
      word: 'invalid_auth',
    });
  });
});
