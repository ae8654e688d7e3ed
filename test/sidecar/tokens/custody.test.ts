/** Storing, reading and ending credentials, and what replicas remember of them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TenantryError } from '../../../src/errors.ts';
import { tellChanged } from '../../../src/sidecar/tokens/notices.ts';
import { ACTOR, LIFE, type Replica, startTokenWorld, type TokenWorld, tokensOf } from './world.ts';

let world: TokenWorld;
let replica: Replica;
beforeAll(async () => {
  world = await startTokenWorld();
  replica = await world.replica();
});
afterEach(() => {
  world.vaultProxy.fault = undefined;
  world.vaultProxy.clear();
});
afterAll(async () => {
  await world.close();
});

async function errorOf(work: Promise<unknown>): Promise<TenantryError> {
  return await work.then(
    () => {
      throw new Error('there was no error');
    },
    (error: TenantryError) => error,
  );
}

function key(place: { tenant: string; integration: string }): string {
  return `refresh:${place.tenant}/${place.integration}`;
}

describe('a credential that is stored', () => {
  it('stands in Vault as the layout says, with a row, a job, a record and a push to Airbyte', async () => {
    const place = await world.place();
    const grant = world.provider.grant();
    const stored = await replica.tokens.put(place, tokensOf(grant, { organization_id: 'org-1' }), ACTOR);
    expect(stored).toMatchObject({ version: 1, expiresAt: new Date(grant.expiresAt).toISOString() });
    expect(await world.stored(place)).toEqual({
      access_token: expect.stringMatching(/^vault:v1:/),
      refresh_token: expect.stringMatching(/^vault:v1:/),
      token_type: 'Bearer',
      expires_at: new Date(grant.expiresAt).toISOString(),
      issued_at: new Date(world.clock.now).toISOString(),
      created_at: new Date(world.clock.now).toISOString(),
      scopes: ['read'],
      organization_id: 'org-1',
    });
    expect(await world.row(place)).toMatchObject({
      status: 'active',
      credential_state: 'active',
      credential_version: 1,
      external_org_id: 'org-1',
      installed_by: ACTOR.id,
      expires_at: new Date(grant.expiresAt),
    });
    expect(world.queue.jobs.get(key(place))?.task).toBe('tokens.refresh');
    expect(world.queue.jobs.get(`push:${place.tenant}/${place.integration}`)?.task).toBe('tokens.push');
    expect(world.accesses.at(-1)).toEqual({
      ...place,
      action: 'token.store',
      actor: ACTOR.id,
      requestId: 'r1',
      outcome: 'ok',
    });
    expect(await replica.tokens.get(place)).toEqual({
      value: grant.accessToken,
      fields: {},
      tokenType: 'Bearer',
      expiresAt: grant.expiresAt,
      version: 1,
      scopes: ['read'],
      facts: { organization_id: 'org-1' },
    });
  });

  it('keeps when the tenant first connected, and nothing of the account before', async () => {
    const place = await world.place();
    const first = world.clock.now;
    await replica.tokens.put(place, tokensOf(world.provider.grant(), { organization_name: 'Old' }), ACTOR);
    world.clock.now += 1000;
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    const stored = await world.stored(place);
    expect(stored).toMatchObject({ created_at: new Date(first).toISOString() });
    expect(stored).not.toHaveProperty('organization_name');
  });

  it('is refused, and nothing is stored, where the account belongs to another tenant', async () => {
    const [own, foreign] = [await world.place(), await world.place()];
    const facts = { installation_id: 'i-1' };
    await replica.tokens.put(own, tokensOf(world.provider.grant(), facts), ACTOR);
    const error = await errorOf(replica.tokens.put(foreign, tokensOf(world.provider.grant(), facts), ACTOR));
    expect(error.code).toBe('AccountMismatch');
    expect(await world.stored(foreign)).toBeUndefined();
    expect(await world.row(foreign)).toBeUndefined();
  });

  it('is not half there where Vault takes nothing', async () => {
    const place = await world.place();
    world.vaultProxy.fault = ({ method, path }) =>
      method === 'POST' && path.startsWith('/v1/secret/data/') ? 'before' : 'pass';
    world.vaultProxy.status = 503;
    const error = await errorOf(replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR));
    expect(error).toMatchObject({ code: 'VaultUnavailable', retryAfterSeconds: expect.any(Number) });
    world.vaultProxy.fault = undefined;
    expect(await world.row(place)).toBeUndefined();
    expect((await replica.tokens.status(place)).state).toBe('missing');
  });

  it('counts as the newest of several that are stored at the same time', async () => {
    const place = await world.place();
    const grants = Array.from({ length: 6 }, () => world.provider.grant());
    const stored = await Promise.all(
      grants.map((grant) => replica.tokens.put(place, tokensOf(grant), ACTOR)),
    );
    expect(stored.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    const last = grants[stored.findIndex(({ version }) => version === 6)];
    expect((await replica.tokens.get(place)).value).toBe(last?.accessToken);
    expect(await world.row(place)).toMatchObject({ credential_version: 6 });
  });

  it('of a place that no document names is refused', async () => {
    const error = await errorOf(replica.tokens.get({ tenant: 'tenant-0', integration: 'slack' }));
    expect(error.code).toBe('NotFound');
  });
});

describe('a credential that is revoked', () => {
  it('is gone here with all its versions, ended at the provider, and can be connected again', async () => {
    const place = await world.place();
    const first = world.provider.grant();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    await replica.tokens.put(place, tokensOf(first), ACTOR);
    await world.root.write(`secret/metadata/${place.tenant}/${place.integration}`, {
      custom_metadata: { tenantry_owner: 'cli:dev' },
    });
    const revoked = await replica.tokens.revoke(place, ACTOR);
    expect(revoked).toEqual({ revokedAt: expect.any(String), atProvider: 'done' });
    expect(world.provider.accepts(first.accessToken)).toBe(false);
    expect(await world.stored(place)).toBeUndefined();
    const metadata = await world.root.read<{
      current_version: number;
      custom_metadata: object;
      versions: Record<string, { deletion_time: string }>;
    }>(`secret/metadata/${place.tenant}/${place.integration}`);
    expect(metadata?.custom_metadata).toMatchObject({ tenantry_owner: 'cli:dev' });
    expect(metadata?.current_version).toBe(3);
    expect(metadata?.versions['3']?.deletion_time).not.toBe('');
    expect(await world.row(place)).toMatchObject({ status: 'revoked', revoked_at: expect.any(Date) });
    expect(world.queue.jobs.has(key(place))).toBe(false);
    expect((await errorOf(replica.tokens.get(place))).code).toBe('CredentialNotFoundError');
    expect((await errorOf(replica.tokens.revoke(place, ACTOR))).code).toBe('CredentialNotFoundError');
    expect(await replica.tokens.status(place)).toMatchObject({ state: 'revoked', hasCredentials: false });
    const again = await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    expect(again.version).toBe(4);
    expect((await replica.tokens.status(place)).state).toBe('active');
  });

  it('leaves no older version that could be brought back, where its login may destroy them', async () => {
    const place = await world.place();
    const mighty = await world.replica({ parts: { vault: world.root } });
    for (let version = 1; version <= 3; version++) {
      await mighty.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    }
    await mighty.tokens.revoke(place, ACTOR);
    const metadata = await world.root.read<{ versions: Record<string, { destroyed: boolean }> }>(
      `secret/metadata/${place.tenant}/${place.integration}`,
    );
    const destroyed = Object.entries(metadata?.versions ?? {}).filter(([, version]) => version.destroyed);
    expect(destroyed.map(([version]) => version)).toEqual(['1', '2', '3']);
    await mighty.close();
  });

  it('is gone for the other replicas as soon as the revocation is answered', async () => {
    const other = await world.replica();
    for (let round = 0; round < 5; round++) {
      const place = await world.place();
      await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
      await other.tokens.get(place);
      await replica.tokens.revoke(place, ACTOR);
      await expect
        .poll(async () => (await errorOf(other.tokens.get(place))).code)
        .toBe('CredentialNotFoundError');
    }
    await other.close();
  });

  it('is gone although the provider cannot be told, and says so', async () => {
    const place = await world.place();
    const lonely = await world.replica({
      parts: { providers: { of: () => Promise.reject(new Error('no app')) } },
    });
    await lonely.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    expect((await lonely.tokens.revoke(place, ACTOR)).atProvider).toBe('failed');
    expect(await world.stored(place)).toBeUndefined();
    await lonely.close();
  });

  it('that was cut off after its tombstone is brought to its end', async () => {
    const place = await world.place();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    world.vaultProxy.fault = ({ method }) => (method === 'DELETE' ? 'before' : 'pass');
    await errorOf(replica.tokens.revoke(place, ACTOR));
    world.vaultProxy.fault = undefined;
    await tellChanged(replica.database, place);
    await expect
      .poll(async () => (await errorOf(replica.tokens.get(place))).code)
      .toBe('CredentialNotFoundError');
    await replica.tokens.revoke(place, ACTOR);
    expect(await world.stored(place)).toBeUndefined();
    expect((await replica.tokens.status(place)).state).toBe('revoked');
  });
});

describe('what a replica remembers', () => {
  const dataReads = (): number =>
    world.vaultProxy.seen.filter(
      ({ method, path }) => method === 'GET' && path.startsWith('/v1/secret/data/'),
    ).length;

  it('saves calls to Vault, for the time that is set', async () => {
    const place = await world.place();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    // The notice of the store itself comes back, too.
    await expect
      .poll(async () => {
        await replica.tokens.get(place);
        return replica.tokens.cached;
      })
      .toBeGreaterThan(0);
    await replica.tokens.get(place);
    world.vaultProxy.clear();
    for (let call = 0; call < 20; call++) await replica.tokens.get(place);
    expect(dataReads()).toBe(0);
    world.clock.now += 301_000;
    await replica.tokens.get(place);
    expect(dataReads()).toBe(1);
  });

  it('is nothing before notices arrive, and nothing where the cache is turned off', async () => {
    const place = await world.place();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    const deaf = await world.replica({ started: false });
    const without = await world.replica({ spec: { tokens: { cacheSeconds: 0 } } });
    for (const each of [deaf, without]) {
      world.vaultProxy.clear();
      await each.tokens.get(place);
      await each.tokens.get(place);
      expect(dataReads()).toBe(2);
      expect(each.tokens.cached).toBe(0);
      await each.close();
    }
  });

  it('does not outlive a notice that comes while it is read', async () => {
    const place = await world.place();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    const slow = await world.replica();
    const gate = Promise.withResolvers<'pass'>();
    const reading = Promise.withResolvers<void>();
    world.vaultProxy.fault = ({ path, body }) => {
      if (!path.endsWith(`/decrypt/${place.tenant}`) || body === '') return 'pass';
      reading.resolve();
      return gate.promise;
    };
    const early = slow.tokens.get(place);
    await reading.promise;
    // By another way than the proxy, so that only the reading replica waits.
    await world.root.delete(`secret/data/${place.tenant}/${place.integration}`);
    await tellChanged(world.db.database, place);
    world.vaultProxy.fault = undefined;
    // Until the notice is there, who asks shares the read that waits.
    const answer = (): Promise<string> =>
      errorOf(slow.tokens.get(place, { signal: AbortSignal.timeout(50) })).then(({ code }) => code);
    await expect.poll(answer).toBe('CredentialNotFoundError');
    gate.resolve('pass');
    await early;
    expect((await errorOf(slow.tokens.get(place))).code).toBe('CredentialNotFoundError');
    expect(slow.tokens.cached).toBe(0);
    await slow.close();
  });

  it('shares one read of Vault among those who ask at once', async () => {
    const place = await world.place();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    const fresh = await world.replica();
    world.vaultProxy.clear();
    await Promise.all(Array.from({ length: 200 }, () => fresh.tokens.get(place)));
    expect(dataReads()).toBe(1);
    await fresh.close();
  });
});

describe('a credential written by hand', () => {
  it('is encrypted in place, counted, and taken into the books', async () => {
    const place = await world.place();
    const grant = world.provider.grant();
    await world.root.write(`secret/data/${place.tenant}/${place.integration}`, {
      data: {
        access_token: grant.accessToken,
        refresh_token: grant.refreshToken,
        expires_at: new Date(grant.expiresAt).toISOString(),
        organization_id: 'org-by-hand',
      },
    });
    expect((await replica.tokens.get(place)).value).toBe(grant.accessToken);
    expect(await world.stored(place)).toMatchObject({
      access_token: expect.stringMatching(/^vault:v1:/),
      refresh_token: expect.stringMatching(/^vault:v1:/),
    });
    const counted = await replica.metrics.encryptedInPlace.get();
    expect(counted.values).toContainEqual({ labels: { tenant: place.tenant }, value: 1 });
    await expect
      .poll(() => world.row(place))
      .toMatchObject({
        credential_version: 2,
        external_org_id: 'org-by-hand',
      });
    await expect.poll(() => world.queue.jobs.has(key(place))).toBe(true);
    world.clock.now += (LIFE + 1) * 1000;
    expect((await replica.tokens.get(place)).version).toBe(3);
  });

  it('over one that needed a person counts at once', async () => {
    const place = await world.place();
    const ended = world.provider.grant();
    await replica.tokens.put(place, tokensOf(ended), ACTOR);
    world.provider.end(ended.accessToken);
    world.clock.now += (LIFE + 1) * 1000;
    expect((await errorOf(replica.tokens.get(place))).code).toBe('NeedsReauthorization');
    await expect.poll(() => world.row(place)).toMatchObject({ credential_state: 'needs_reauthorization' });
    const grant = world.provider.grant();
    await world.root.write(`secret/data/${place.tenant}/${place.integration}`, {
      data: { access_token: grant.accessToken, refresh_token: grant.refreshToken },
    });
    expect((await replica.tokens.get(place)).value).toBe(grant.accessToken);
    await expect.poll(() => world.row(place)).toMatchObject({ credential_state: 'active' });
  });

  it('is found by the reconciliation, which also makes lost jobs again and ends rows without a credential', async () => {
    const [byHand, lost, vanished] = [await world.place(), await world.place(), await world.place()];
    const grant = world.provider.grant();
    await world.root.write(`secret/data/${byHand.tenant}/${byHand.integration}`, {
      data: {
        access_token: grant.accessToken,
        refresh_token: grant.refreshToken,
        expires_at: grant.expiresAt,
      },
    });
    await replica.tokens.put(lost, tokensOf(world.provider.grant()), ACTOR);
    await replica.tokens.put(vanished, tokensOf(world.provider.grant()), ACTOR);
    const runAt = world.queue.jobs.get(key(lost))?.runAt;
    world.queue.jobs.clear();
    await world.root.delete(`secret/metadata/${vanished.tenant}/${vanished.integration}`);
    await replica.tokens.reconcile();
    expect(world.queue.jobs.get(key(byHand))?.runAt).toBeGreaterThan(world.clock.now);
    expect(world.queue.jobs.get(key(lost))?.runAt).toBe(runAt);
    expect(world.queue.jobs.has(key(vanished))).toBe(false);
    expect(await world.row(byHand)).toMatchObject({ credential_version: 2, credential_state: 'active' });
    expect(await world.row(vanished)).toMatchObject({ status: 'revoked' });
  });
});

describe('a token of the environment', () => {
  it('is nobody’s where there are several tenants', async () => {
    const place = await world.place('notion');
    const parts = { env: { NOTION_TOKEN: 'token-of-the-environment' } };
    const several = await world.replica({
      parts,
      spec: { tokens: { environment: { notion: 'NOTION_TOKEN' } } },
    });
    expect((await errorOf(several.tokens.get(place))).code).toBe('CredentialNotFoundError');
    await several.close();
  });

  it('serves the only tenant while Vault holds none', async () => {
    const place = await world.place('notion');
    const view = world.stack.current();
    const only = { ...view, documents: { ...view.documents, tenants: view.documents.tenants.slice(0, 1) } };
    const alone = await world.replica({
      parts: { env: { NOTION_TOKEN: 'token-of-the-environment' }, stack: { current: () => only } },
      spec: { tokens: { environment: { notion: 'NOTION_TOKEN' } } },
    });
    expect(await alone.tokens.get(place)).toMatchObject({ value: 'token-of-the-environment', version: 0 });
    expect((await alone.tokens.status(place)).state).toBe('active');
    await alone.tokens.put(place, { ...tokensOf(world.provider.grant()), expiresAt: undefined }, ACTOR);
    expect((await alone.tokens.get(place)).version).toBe(1);
    await alone.close();
  });
});

describe('a suspended installation', () => {
  it('gives its token to nobody and is not refreshed', async () => {
    const place = await world.place();
    await replica.tokens.put(place, tokensOf(world.provider.grant()), ACTOR);
    await world.db.admin.query("update tenantry.installations set status = 'suspended' where tenant = $1", [
      place.tenant,
    ]);
    await tellChanged(replica.database, place);
    await expect.poll(async () => (await errorOf(replica.tokens.get(place))).code).toBe('Forbidden');
    world.clock.now += (LIFE + 1) * 1000;
    const before = world.provider.calls;
    await replica.tokens.refreshDue(place);
    expect(world.provider.calls).toBe(before);
    expect((await replica.tokens.status(place)).state).toBe('suspended');
  });
});

describe('secrets', () => {
  it('stand in no line of the log and in no error', async () => {
    const place = await world.place();
    const grant = world.provider.grant();
    await replica.tokens.put(place, tokensOf(grant), ACTOR);
    world.clock.now += (LIFE + 1) * 1000;
    world.provider.onCall = () => ({ status: 400, body: { error: grant.refreshToken } });
    const error = await errorOf(replica.tokens.get(place));
    world.provider.onCall = undefined;
    const row = await world.row(place);
    const text = `${error.message} ${replica.lines.join('\n')} ${JSON.stringify(row)}`;
    expect(text).not.toContain(grant.refreshToken);
    expect(text).not.toContain(grant.accessToken);
  });
});
