/** Refresh exactly once: over callers, replicas, and whatever the provider does. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialPlace } from '../../../src/credentials/store.ts';
import type { TenantryError } from '../../../src/errors.ts';
import { ACTOR, LIFE, type Replica, startTokenWorld, type TokenWorld, tokensOf } from './world.ts';

let world: TokenWorld;
let replica: Replica;
beforeAll(async () => {
  world = await startTokenWorld();
  replica = await world.replica();
});
afterEach(() => {
  world.provider.onCall = undefined;
  world.provider.beforeAnswer = undefined;
});
afterAll(async () => {
  await world.close();
});

/** A tenant that has connected just now. */
async function connected(seconds = LIFE): Promise<CredentialPlace & { accessToken: string }> {
  const place = await world.place();
  const grant = world.provider.grant(seconds);
  await replica.tokens.put(place, tokensOf(grant), ACTOR);
  return { ...place, accessToken: grant.accessToken };
}

function pass(seconds: number): void {
  world.clock.now += seconds * 1000;
}

async function errorOf(work: Promise<unknown>): Promise<TenantryError> {
  return await work.then(
    () => {
      throw new Error('there was no error');
    },
    (error: TenantryError) => error,
  );
}

describe('a token that has ended', () => {
  it('is refreshed by one call for 200 callers on each of 10 replicas', async () => {
    const place = await connected();
    const replicas = await Promise.all(Array.from({ length: 10 }, () => world.replica()));
    await Promise.all(replicas.map((each) => each.tokens.get(place)));
    pass(LIFE + 1);
    const before = world.provider.calls;
    const tokens = await Promise.all(
      replicas.flatMap((each) => Array.from({ length: 200 }, () => each.tokens.get(place))),
    );
    expect(world.provider.calls - before).toBe(1);
    expect(tokens).toHaveLength(2000);
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1);
    expect(world.provider.accepts(tokens[0]?.value ?? '')).toBe(true);
    expect(world.provider.reused).toBe(0);
    await Promise.all(replicas.map((each) => each.close()));
  }, 60_000);

  it('is waited for by who asks, and the answer is in Vault before anybody has it', async () => {
    const place = await connected();
    pass(LIFE + 1);
    const { value, version } = await replica.tokens.get(place);
    expect(value).not.toBe(place.accessToken);
    expect(version).toBe(2);
    expect(await world.stored(place)).toMatchObject({
      access_token: expect.stringMatching(/^vault:v1:/),
      refresh_token: expect.stringMatching(/^vault:v1:/),
      scopes: ['read'],
      created_at: expect.any(String),
    });
  });
});

describe('a token that is due', () => {
  it('serves at once while one refresh goes on behind it', async () => {
    const place = await connected();
    pass(LIFE - 600);
    const gate = Promise.withResolvers<undefined>();
    world.provider.onCall = () => gate.promise;
    const other = await world.replica();
    const calls = world.provider.calls;
    const early = await Promise.all([replica.tokens.get(place), other.tokens.get(place)]);
    expect(early.map(({ value }) => value)).toEqual([place.accessToken, place.accessToken]);
    gate.resolve(undefined);
    await expect.poll(async () => (await replica.tokens.get(place)).version).toBe(2);
    await expect.poll(async () => (await other.tokens.get(place)).version).toBe(2);
    expect(world.provider.calls - calls).toBe(1);
    await other.close();
  });

  it('is waited for when it has less than a minute left', async () => {
    const place = await connected();
    pass(LIFE - 30);
    expect((await replica.tokens.get(place)).version).toBe(2);
  });

  it('makes one waiting job, which is for the next token after the refresh', async () => {
    const place = await connected();
    const key = `refresh:${place.tenant}/${place.integration}`;
    const first = world.queue.jobs.get(key)?.runAt ?? 0;
    expect(first).toBeGreaterThan(world.clock.now + (LIFE - 901) * 1000);
    expect(first).toBeLessThan(world.clock.now + LIFE * 1000 - 60_000);
    world.clock.now = first;
    await replica.tokens.refreshDue(place);
    expect((await replica.tokens.get(place)).version).toBe(2);
    const second = world.queue.jobs.get(key)?.runAt ?? 0;
    expect(second - first).toBeGreaterThan((LIFE - 901) * 1000);
  });

  it('is not refreshed by a job that comes a second time', async () => {
    const place = await connected();
    pass(LIFE - 100);
    const before = world.provider.calls;
    await Promise.all([replica.tokens.refreshDue(place), replica.tokens.refreshDue(place)]);
    await replica.tokens.refreshDue(place);
    expect(world.provider.calls - before).toBe(1);
  });
});

describe('a provider that is away', () => {
  it('leaves the old token in use, and is asked again after a pause', async () => {
    const place = await connected();
    pass(LIFE - 30);
    world.provider.onCall = () => ({ status: 503 });
    const before = world.provider.calls;
    expect((await replica.tokens.get(place)).value).toBe(place.accessToken);
    await expect
      .poll(() => world.row(place))
      .toMatchObject({
        credential_state: 'active',
        refresh_failures: 1,
        reason_code: 'ProviderUnavailable',
      });
    const next = world.queue.jobs.get(`refresh:${place.tenant}/${place.integration}`)?.runAt ?? 0;
    expect(next).toBeGreaterThan(world.clock.now);
    expect(next).toBeLessThanOrEqual(world.clock.now + 5_000);
    // Whoever asks within the pause, here or elsewhere, does not ask the provider.
    const other = await world.replica();
    await replica.tokens.get(place);
    await other.tokens.get(place);
    expect(world.provider.calls - before).toBe(1);
    await other.close();
  });

  it('is told with a time to come back once the old token has ended, and everything heals by itself', async () => {
    const place = await connected();
    pass(LIFE + 1);
    world.provider.onCall = () => 'cut';
    const error = await errorOf(replica.tokens.get(place));
    expect(error.code).toBe('ProviderUnavailable');
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    expect((await replica.tokens.status(place)).state).toBe('expired');
    const other = await world.replica();
    const elsewhere = await errorOf(other.tokens.get(place));
    expect(elsewhere).toMatchObject({ code: 'ProviderUnavailable', retryAfterSeconds: expect.any(Number) });
    world.provider.onCall = undefined;
    pass(error.retryAfterSeconds ?? 0);
    expect(world.provider.accepts((await other.tokens.get(place)).value)).toBe(true);
    await expect
      .poll(() => world.row(place))
      .toMatchObject({ credential_state: 'active', refresh_failures: 0 });
    await other.close();
  });

  it('is left alone for as long as Retry-After says', async () => {
    const place = await connected();
    pass(LIFE - 300);
    world.provider.onCall = () => ({ status: 429, headers: { 'retry-after': '120' } });
    await replica.tokens.refreshDue(place);
    const next = world.queue.jobs.get(`refresh:${place.tenant}/${place.integration}`)?.runAt ?? 0;
    expect(next - world.clock.now).toBeGreaterThanOrEqual(120_000);
    const before = world.provider.calls;
    pass(100);
    await replica.tokens.get(place);
    await replica.tokens.refreshDue(place);
    expect(world.provider.calls).toBe(before);
    world.provider.onCall = undefined;
    world.clock.now = next;
    await replica.tokens.refreshDue(place);
    expect((await replica.tokens.get(place)).version).toBe(2);
  });

  it('that loses its answer ends in re-authorization, with the reason', async () => {
    const place = await connected();
    pass(LIFE + 1);
    world.provider.onCall = () => 'lost';
    const first = await errorOf(replica.tokens.get(place));
    expect(first.code).toBe('ProviderUnavailable');
    await expect.poll(() => world.lease(place)).toMatchObject({ calling_version: 1, holder: null });
    world.provider.onCall = undefined;
    pass(60);
    const second = await errorOf(replica.tokens.get(place));
    expect(second.code).toBe('NeedsReauthorization');
    expect(second.message).toContain('an earlier refresh was interrupted');
    expect(await replica.tokens.status(place)).toMatchObject({
      state: 'needs_reauthorization',
      reason: { code: 'NeedsReauthorization', message: expect.stringContaining('interrupted') },
    });
  });

  it('that does not answer in time is a passing trouble', async () => {
    const place = await connected();
    const impatient = await world.replica({ timeoutMs: 50 });
    pass(LIFE + 1);
    const gate = Promise.withResolvers<undefined>();
    world.provider.onCall = () => gate.promise.then(() => 'cut' as const);
    expect(await errorOf(impatient.tokens.get(place))).toMatchObject({
      code: 'ProviderUnavailable',
      message: expect.stringContaining('no answer'),
    });
    gate.resolve(undefined);
    world.provider.onCall = undefined;
    pass(60);
    expect((await impatient.tokens.get(place)).version).toBe(2);
    await impatient.close();
  });

  it('that refuses the app is asked again, and the reason can be read', async () => {
    const place = await connected();
    pass(LIFE + 1);
    world.provider.onCall = () => ({ status: 401, body: { error: 'invalid_client' } });
    expect(await errorOf(replica.tokens.get(place))).toMatchObject({ code: 'ProviderRejected' });
    expect((await replica.tokens.status(place)).reason?.code).toBe('ProviderRejected');
    world.provider.onCall = undefined;
    pass(60);
    await replica.tokens.refreshDue(place);
    expect((await replica.tokens.status(place)).state).toBe('active');
  });
});

describe('a grant that has ended', () => {
  it('needs a person, is visible to every replica, and is not tried again', async () => {
    const place = await connected();
    const other = await world.replica();
    await other.tokens.get(place);
    world.provider.end(place.accessToken);
    pass(LIFE - 30);
    expect((await errorOf(replica.tokens.get(place))).code).toBe('NeedsReauthorization');
    const before = world.provider.calls;
    await expect.poll(async () => (await errorOf(other.tokens.get(place))).code).toBe('NeedsReauthorization');
    await other.tokens.refreshDue(place);
    expect((await errorOf(replica.tokens.renew(place, { version: 1 }))).code).toBe('NeedsReauthorization');
    expect(world.provider.calls).toBe(before);
    expect(world.queue.jobs.has(`refresh:${place.tenant}/${place.integration}`)).toBe(false);
    await expect
      .poll(() => world.row(place))
      .toMatchObject({ credential_state: 'needs_reauthorization', next_refresh_at: null });
    // What a person brings then counts at once.
    const grant = world.provider.grant();
    await other.tokens.put(place, tokensOf(grant), ACTOR);
    await expect.poll(async () => (await replica.tokens.get(place)).value).toBe(grant.accessToken);
    expect((await replica.tokens.status(place)).state).toBe('active');
    await other.close();
  });
});

describe('a token that a service refuses', () => {
  it('is renewed once, however many callers saw it refused on however many replicas', async () => {
    const place = await connected();
    const replicas = await Promise.all([world.replica(), world.replica(), world.replica()]);
    pass(60);
    const before = world.provider.calls;
    const tokens = await Promise.all(
      replicas.flatMap(({ tokens: each }) =>
        Array.from({ length: 20 }, () => each.renew(place, { version: 1 })),
      ),
    );
    expect(new Set(tokens.map(({ version }) => version))).toEqual(new Set([2]));
    expect(world.provider.calls - before).toBe(1);
    // Who comes late with the old version gets the newer token.
    expect((await replica.tokens.renew(place, { version: 1 })).version).toBe(2);
    expect(world.provider.calls - before).toBe(1);
    await Promise.all(replicas.map((each) => each.close()));
  });

  it('is not renewed again within half a minute', async () => {
    const place = await connected();
    pass(60);
    const { version } = await replica.tokens.renew(place, { version: 1 });
    const before = world.provider.calls;
    expect((await replica.tokens.renew(place, { version })).version).toBe(version);
    pass(29);
    expect((await replica.tokens.renew(place, { version })).version).toBe(version);
    expect(world.provider.calls).toBe(before);
    pass(2);
    expect((await replica.tokens.renew(place, { version })).version).toBe(version + 1);
  });

  it('is given back as it is where nothing can renew it', async () => {
    const place = await world.place();
    await replica.tokens.put(
      place,
      { ...tokensOf(world.provider.grant()), secrets: { access_token: 'only-an-access-token' } },
      ACTOR,
    );
    pass(60);
    const before = world.provider.calls;
    const token = await replica.tokens.renew(place, { version: 1 });
    expect(token).toMatchObject({ value: 'only-an-access-token', version: 1 });
    pass(LIFE);
    const error = await errorOf(replica.tokens.get(place));
    expect(error).toMatchObject({ code: 'NeedsReauthorization' });
    await replica.tokens.refreshDue(place);
    await expect.poll(() => world.row(place)).toMatchObject({ credential_state: 'expired' });
    expect(world.provider.calls).toBe(before);
  });
});
