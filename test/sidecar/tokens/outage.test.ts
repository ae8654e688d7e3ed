/** Vault or Postgres away: who has a good token gets it, the others are told when to come back, and all heals. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialPlace } from '../../../src/credentials/store.ts';
import type { TenantryError } from '../../../src/errors.ts';
import { startTcpTap, type TcpTap } from '../../support/tcp-tap.ts';
import { ACTOR, LIFE, type Replica, startTokenWorld, type TokenWorld, tokensOf } from './world.ts';

let world: TokenWorld;
let tap: TcpTap;
let isUp = true;
/** Reaches Postgres through the tap. */
let replica: Replica;
let other: Replica;
beforeAll(async () => {
  world = await startTokenWorld();
  tap = await startTcpTap(world.db.settings, () => isUp);
  const database = world.db.newDatabase({ host: '127.0.0.1', port: tap.port, concurrency: 4 });
  replica = await world.replica({ parts: { database } });
  other = await world.replica();
});
afterEach(() => {
  isUp = true;
  world.vaultProxy.fault = undefined;
});
afterAll(async () => {
  await world.close();
  await tap.close();
});

async function connected(): Promise<CredentialPlace & { accessToken: string }> {
  const place = await world.place();
  const grant = world.provider.grant();
  await other.tokens.put(place, tokensOf(grant), ACTOR);
  return { ...place, accessToken: grant.accessToken };
}

async function errorOf(work: Promise<unknown>): Promise<TenantryError> {
  return await work.then(
    () => {
      throw new Error('there was no error');
    },
    (error: TenantryError) => error,
  );
}

/** Reads until the token comes out of memory. */
async function cached(place: CredentialPlace): Promise<void> {
  await expect
    .poll(async () => {
      const before = world.vaultProxy.seen.length;
      await replica.tokens.get(place);
      return world.vaultProxy.seen.length - before;
    })
    .toBe(0);
}

describe('Postgres away', () => {
  it('leaves good tokens in use, straight from Vault: without notices nothing in memory is trusted', async () => {
    const place = await connected();
    await cached(place);
    isUp = false;
    // The connection for notices is dropped by the next that is said on it.
    await world.db.admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'",
    );
    await expect.poll(() => replica.tokens.cached).toBe(0);
    expect((await replica.tokens.get(place)).value).toBe(place.accessToken);
    await other.tokens.revoke(place, ACTOR);
    expect((await errorOf(replica.tokens.get(place))).code).toBe('CredentialNotFoundError');
    isUp = true;
    const again = await connected();
    await cached(again);
  }, 30_000);

  it('leaves a token that is due in use, and is told when it has ended, until Postgres is back', async () => {
    const place = await connected();
    world.clock.now += (LIFE - 300) * 1000;
    isUp = false;
    expect((await replica.tokens.get(place)).value).toBe(place.accessToken);
    world.clock.now += 301_000;
    const error = await errorOf(replica.tokens.get(place));
    expect(error.code).toMatch(/^Postgres(Unreachable|Unavailable)$/);
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: expect.any(Number) });
    isUp = true;
    expect((await replica.tokens.get(place)).version).toBe(2);
  }, 30_000);

  it('stores nothing of what a person brings, and says so', async () => {
    const place = await world.place();
    isUp = false;
    const error = await errorOf(replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR));
    expect(error.code).toMatch(/^Postgres/);
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    isUp = true;
    expect(await world.stored(place)).toBeUndefined();
  }, 30_000);

  it('after a refresh was stored keeps nobody from the token; the next one to look writes the row', async () => {
    const place = await connected();
    world.clock.now += (LIFE + 1) * 1000;
    world.vaultProxy.fault = ({ method, path }) => {
      if (method === 'PATCH' && path.includes(place.tenant)) isUp = false;
      return 'pass';
    };
    const { value, version } = await replica.tokens.get(place);
    expect(world.provider.accepts(value)).toBe(true);
    expect(version).toBe(2);
    expect(await world.row(place)).toMatchObject({ credential_version: 1 });
    world.vaultProxy.fault = undefined;
    isUp = true;
    expect((await other.tokens.get(place)).version).toBe(2);
    await expect.poll(() => world.row(place)).toMatchObject({ credential_version: 2 });
    const key = `refresh:${place.tenant}/${place.integration}`;
    await expect.poll(() => world.queue.jobs.get(key)?.runAt ?? 0).toBeGreaterThan(world.clock.now);
  }, 30_000);
});

describe('Vault away', () => {
  it('leaves what is in memory in use, tells the others when to come back, and heals', async () => {
    const [known, unknown] = [await connected(), await connected()];
    await cached(known);
    world.vaultProxy.fault = () => 'cut';
    expect((await replica.tokens.get(known)).value).toBe(known.accessToken);
    const error = await errorOf(replica.tokens.get(unknown));
    expect(error).toMatchObject({
      code: 'VaultUnreachable',
      status: 503,
      retryAfterSeconds: expect.any(Number),
    });
    world.vaultProxy.fault = undefined;
    expect((await replica.tokens.get(unknown)).value).toBe(unknown.accessToken);
  }, 30_000);

  it('sends no refresh token away', async () => {
    const place = await connected();
    world.clock.now += (LIFE + 1) * 1000;
    const before = world.provider.calls;
    world.vaultProxy.fault = () => 'cut';
    expect((await errorOf(replica.tokens.get(place))).code).toBe('VaultUnreachable');
    await expect(replica.tokens.refreshDue(place)).rejects.toMatchObject({ code: 'VaultUnreachable' });
    expect(world.provider.calls).toBe(before);
    world.vaultProxy.fault = undefined;
    expect((await replica.tokens.get(place)).version).toBe(2);
  }, 30_000);
});
