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
});
