/** What happens to a credential while a refresh of it is under way. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CredentialPlace, readStored, replaceCiphertext } from '../../../src/credentials/store.ts';
import { asTenantryError } from '../../../src/errors.ts';
import type { UsableToken } from '../../../src/sidecar/tokens/service.ts';
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
  world.vaultProxy.fault = undefined;
});
afterAll(async () => {
  await world.close();
});

interface UnderWay {
  readonly place: CredentialPlace;
  /** The refresh, as one caller waits for it. */
  readonly refresh: Promise<UsableToken | string>;
  /** Lets the provider answer; it has made the new tokens already. */
  readonly answer: () => void;
}

/** A refresh whose refresh token is used up at the provider, and whose answer is not there yet. */
async function underWay(): Promise<UnderWay> {
  const place = await world.place();
  await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
  world.clock.now += (LIFE + 1) * 1000;
  const gate = Promise.withResolvers<void>();
  const made = Promise.withResolvers<void>();
  world.provider.beforeAnswer = () => {
    made.resolve();
    return gate.promise;
  };
  const refresh = replica.tokens.get(place).catch((error: unknown) => asTenantryError(error).code);
  await made.promise;
  world.provider.beforeAnswer = undefined;
  return { place, refresh, answer: () => gate.resolve() };
}

const dataPath = ({ tenant, integration }: CredentialPlace): string =>
  `/v1/secret/data/${tenant}/${integration}`;

describe('a refresh under way', () => {
  it('loses against what a person brings meanwhile', async () => {
    const { place, refresh, answer } = await underWay();
    const other = await world.replica();
    const grant = world.provider.grant();
    await other.tokens.put(place, tokensOf(grant), ACTOR);
    answer();
    expect(await refresh).toMatchObject({ value: grant.accessToken, version: 2 });
    expect((await other.tokens.get(place)).value).toBe(grant.accessToken);
    await expect
      .poll(() => world.row(place))
      .toMatchObject({ credential_version: 2, credential_state: 'active' });
    await expect.poll(() => world.lease(place)).toMatchObject({ holder: null, calling_version: null });
    await other.close();
  });

  it('does not bring back what was revoked meanwhile, and ends what it got', async () => {
    const { place, refresh, answer } = await underWay();
    const other = await world.replica();
    await other.tokens.revoke(place, ACTOR);
    const ended = world.provider.revoked.length;
    answer();
    expect(await refresh).toBe('CredentialNotFoundError');
    expect(await world.stored(place)).toBeUndefined();
    expect(world.provider.revoked.length).toBeGreaterThan(ended);
    await expect
      .poll(() => world.row(place))
      .toMatchObject({ status: 'revoked', credential_state: 'revoked' });
    expect((await replica.tokens.status(place)).state).toBe('revoked');
    await other.close();
  });

  it('keeps its answer where the credential was only encrypted anew meanwhile', async () => {
    const { place, refresh, answer } = await underWay();
    const stored = await readStored(world.root, place);
    if (!stored) throw new Error('there is no credential');
    await replaceCiphertext(world.root, place, stored.data, { expectedVersion: stored.version });
    answer();
    const token = (await refresh) as UsableToken;
    expect(token.version).toBe(3);
    expect(world.provider.accepts(token.value)).toBe(true);
  });

  it('keeps its answer while Vault is away, and nobody gets the token before it is stored', async () => {
    const { place, refresh, answer } = await underWay();
    let refused = 0;
    world.vaultProxy.status = 503;
    world.vaultProxy.fault = ({ method, path }) => {
      const isStore = method === 'POST' && path === dataPath(place);
      if (isStore) refused++;
      return isStore ? 'before' : 'pass';
    };
    answer();
    await expect.poll(() => refused, { timeout: 10_000 }).toBeGreaterThan(5);
    expect(await world.stored(place)).toMatchObject({ scopes: ['read'] });
    expect(await Promise.race([refresh, Promise.resolve('waits')])).toBe('waits');
    world.vaultProxy.fault = undefined;
    const token = (await refresh) as UsableToken;
    expect(token.version).toBe(2);
    expect(world.provider.accepts(token.value)).toBe(true);
  }, 30_000);

  it('recognizes its own write whose answer was lost', async () => {
    const { place, refresh, answer } = await underWay();
    let lost = 0;
    world.vaultProxy.fault = ({ method, path }) =>
      method === 'POST' && path === dataPath(place) && lost++ === 0 ? 'lost' : 'pass';
    answer();
    const token = (await refresh) as UsableToken;
    expect(lost).toBeGreaterThan(0);
    expect(token.version).toBe(2);
    expect(world.provider.accepts(token.value)).toBe(true);
    const metadata = await world.root.read<{ custom_metadata: Record<string, string> }>(
      `secret/metadata/${place.tenant}/${place.integration}`,
    );
    expect(metadata?.custom_metadata).toMatchObject({ encrypted_version: '2', content_version: '2' });
  });

  it('stores its answer although its lease has passed, and writes nothing else', async () => {
    const { place, refresh, answer } = await underWay();
    await world.db.admin.query(
      'update tenantry.refresh_leases set fence = fence + 1, holder = $3 where tenant = $1 and integration = $2',
      [place.tenant, place.integration, 'another replica'],
    );
    answer();
    const token = (await refresh) as UsableToken;
    expect(token.version).toBe(2);
    expect(world.provider.accepts(token.value)).toBe(true);
    await expect.poll(() => world.row(place)).toMatchObject({ credential_version: 1 });
    await expect
      .poll(() => world.lease(place))
      .toMatchObject({ holder: 'another replica', calling_version: 1 });
    // Whoever holds the lease then finds it, and writes it down.
    await world.db.admin.query('update tenantry.refresh_leases set held_until = now() where tenant = $1', [
      place.tenant,
    ]);
    await replica.tokens.refreshDue(place);
    await expect.poll(() => world.row(place)).toMatchObject({ credential_version: 2 });
    await expect.poll(() => world.lease(place)).toMatchObject({ holder: null, calling_version: null });
  });

  it('is brought to its end by a replica that is asked to stop', async () => {
    const leaving = await world.replica();
    const place = await world.place();
    await leaving.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    world.clock.now += (LIFE + 1) * 1000;
    const gate = Promise.withResolvers<void>();
    const made = Promise.withResolvers<void>();
    world.provider.beforeAnswer = () => {
      made.resolve();
      return gate.promise;
    };
    const refresh = leaving.tokens.get(place);
    await made.promise;
    const closed = leaving.tokens.close(10_000);
    await expect(leaving.tokens.renew(place, { version: 1 })).rejects.toMatchObject({ code: 'ShuttingDown' });
    gate.resolve();
    await closed;
    expect((await refresh).version).toBe(2);
    await expect.poll(() => world.lease(place)).toMatchObject({ holder: null, calling_version: null });
  });
});
