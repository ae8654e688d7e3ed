import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyVersionOf } from '../../src/credentials/fields.ts';
import { rotate } from '../../src/credentials/rotate.ts';
import type { World } from '../../src/resources/kind.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  type Stack,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems;

beforeAll(async () => {
  systems = await startSystems();
});

afterAll(() => systems.close());

const STREAMS = { sync: { streams: [{ name: 'pages' }], initialSync: false } };

/** A tenant that is connected to Notion and Slack, applied. */
async function connectedTenant(name: string): Promise<Stack> {
  const stack = await documentsOf(
    tenantYaml(name) +
      integrationYaml(name, 'notion', STREAMS) +
      integrationYaml(name, 'linear', { sync: { initialSync: false } }),
  );
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, async (world) => {
    await connectTenant(
      world,
      { tenant: name, integration: 'notion' },
      { access_token: 'first', refresh_token: 'second' },
    );
    await connectTenant(world, { tenant: name, integration: 'linear' }, { access_token: 'third' });
  });
  await mustApply(systems, stack);
  return stack;
}

async function token(world: World, tenant: string, integration: string): Promise<string> {
  return world.secrets.resolve({
    from: 'vault',
    path: `secret/data/${tenant}/${integration}`,
    key: 'access_token',
  });
}

async function versions(world: World, tenant: string): Promise<(number | undefined)[]> {
  const paths = [`secret/data/${tenant}/notion`, `secret/data/${tenant}/linear`];
  const read = await Promise.all(
    paths.map((path) => world.vault.read<{ data: Record<string, unknown> }>(path)),
  );
  return read.map((answer) => keyVersionOf(answer?.data.access_token));
}

describe('rotating a tenant’s key', () => {
  it('rewraps every credential, which stay readable, and leaves nothing to apply', async () => {
    const stack = await connectedTenant('acme');
    await withWorld(systems, stack, {}, async (world) => {
      expect(await versions(world, 'acme')).toEqual([1, 1]);
      expect(await rotate(world.vault, 'acme')).toMatchObject({
        keyVersion: 2,
        resumed: false,
        rewrapped: 2,
        current: 0,
      });
      expect(await versions(world, 'acme')).toEqual([2, 2]);
      expect(await token(world, 'acme', 'notion')).toBe('first');
      expect(await token(world, 'acme', 'linear')).toBe('third');
    });
    expect((await planOnce(systems, stack)).changes).toEqual([]);
  });

  it('raises the minimum only when it is asked to, and then older cipher text is worthless', async () => {
    const stack = await connectedTenant('globex');
    await withWorld(systems, stack, {}, async (world) => {
      const before = await world.vault.read<{ data: Record<string, string> }>('secret/data/globex/notion');
      const old = before?.data.access_token;
      expect(await rotate(world.vault, 'globex')).toMatchObject({ minimumVersion: 1 });
      await expect(world.vault.write('transit/decrypt/globex', { ciphertext: old })).resolves.toBeDefined();
      expect(await rotate(world.vault, 'globex', { raiseMinimum: true })).toMatchObject({
        keyVersion: 3,
        minimumVersion: 3,
      });
      await expect(world.vault.write('transit/decrypt/globex', { ciphertext: old })).rejects.toMatchObject({
        code: 'VaultError',
      });
      expect(await token(world, 'globex', 'notion')).toBe('first');
    });
  });

  it('encrypts on the way what was written by hand', async () => {
    const stack = await connectedTenant('hooli');
    await withWorld(systems, stack, {}, async (world) => {
      await world.vault.write('secret/data/hooli/notion', { data: { access_token: 'by hand' } });
      await rotate(world.vault, 'hooli');
      expect(await versions(world, 'hooli')).toEqual([2, 2]);
      expect(await token(world, 'hooli', 'notion')).toBe('by hand');
    });
  });

  it('converges when it is cut off at any call and repeated, with one new key version and every token readable', async () => {
    const stack = await connectedTenant('initech');
    const calls = await withWorld(systems, stack, {}, async (world) => {
      const { counted } = countingVault(world, Number.POSITIVE_INFINITY);
      await rotate(counted.vault, 'initech');
      return counted.calls();
    });
    expect(calls).toBeGreaterThan(10);
    let keyVersion = 2;
    for (let at = 1; at <= calls; at++) {
      await withWorld(systems, stack, {}, async (world) => {
        const { counted } = countingVault(world, at);
        await rotate(counted.vault, 'initech').catch((error: Error) => expect(error.message).toBe('cut off'));
        expect(await token(world, 'initech', 'notion')).toBe('first');
        expect(await token(world, 'initech', 'linear')).toBe('third');
      });
      await withWorld(systems, stack, {}, async (world) => {
        const { keyVersion: reached } = await rotate(world.vault, 'initech');
        // A run that was cut off after its last write leaves nothing to go on with, and the next is a new rotation.
        expect([keyVersion + 1, keyVersion + 2]).toContain(reached);
        keyVersion = reached;
        expect(await versions(world, 'initech')).toEqual([reached, reached]);
        expect(await token(world, 'initech', 'notion')).toBe('first');
      });
    }
    // A cut between a credential and its record makes the next apply send the same token once more, and no other.
    await mustApply(systems, stack);
    expect((await planOnce(systems, stack)).changes).toEqual([]);
  });

  it('loses no write that comes at the same moment', async () => {
    const stack = await connectedTenant('umbrella');
    await withWorld(systems, stack, {}, async (world) => {
      let raced = false;
      const { counted } = countingVault(world, Number.POSITIVE_INFINITY, async (path) => {
        if (raced || !path.includes('/rewrap/')) return;
        raced = true;
        await connectTenant(
          world,
          { tenant: 'umbrella', integration: 'notion' },
          { access_token: 'refreshed' },
        );
      });
      await rotate(counted.vault, 'umbrella');
      expect(raced).toBe(true);
    });
    await withWorld(systems, stack, {}, async (world) => {
      expect(await token(world, 'umbrella', 'notion')).toBe('refreshed');
      expect(await versions(world, 'umbrella')).toEqual([2, 2]);
    });
  });

  it('says what to do for a tenant that was never applied', async () => {
    const stack = await documentsOf(tenantYaml('nobody'));
    await withWorld(systems, stack, {}, async (world) => {
      await expect(rotate(world.vault, 'nobody')).rejects.toMatchObject({ code: 'VaultEncryptionError' });
    });
  });
});

/** A Vault client that fails at the n-th call, and tells of each. */
function countingVault(
  world: World,
  failAt: number,
  before: (path: string) => Promise<void> = async () => undefined,
) {
  let calls = 0;
  const through =
    <A extends [string, ...unknown[]], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (++calls === failAt) throw new Error('cut off');
      await before(args[0]);
      return call(...args);
    };
  const { vault } = world;
  const counted = {
    vault: {
      ...vault,
      read: through(vault.read),
      list: through(vault.list),
      write: through(vault.write),
      patch: through(vault.patch),
      delete: through(vault.delete),
    } as World['vault'],
    calls: () => calls,
  };
  return { counted };
}
