/** The kinds that live in Vault, against the development Vault. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gatewayPolicyRules, tenantPolicyRules } from '../../../src/plan/policies.ts';
import type { World } from '../../../src/resources/kind.ts';
import { authMount } from '../../../src/resources/vault/auth-mount.ts';
import { type AuthRoleInputs, authRole } from '../../../src/resources/vault/auth-role.ts';
import { type CredentialInputs, credential } from '../../../src/resources/vault/credential.ts';
import {
  type GeneratedSecretInputs,
  generatedSecret,
} from '../../../src/resources/vault/generated-secret.ts';
import { type MountInputs, mount } from '../../../src/resources/vault/mount.ts';
import { type PolicyInputs, policy } from '../../../src/resources/vault/policy.ts';
import { type TransitKeyInputs, transitKey } from '../../../src/resources/vault/transit-key.ts';
import {
  connectTenant,
  documentsOf,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';
import { expectMade, expectQuiet, expectRemoved, expectRepaired } from '../life-cycle.ts';

let systems: Systems;
let open: OpenWorld;
let world: World;
let count = 0;
let tenant: string;

beforeAll(async () => {
  systems = await startSystems();
  open = await openWorld(systems, await documentsOf(tenantYaml('acme')));
  world = open.world;
  for (const inputs of [
    { path: 'secret', type: 'kv' },
    { path: 'transit', type: 'transit' },
  ] as const) {
    const observed = await mount.observe(inputs, world);
    if (mount.diff(inputs, observed).length > 0) await mount.sync(inputs, observed, world);
  }
  await authMount.sync({ path: 'approle', type: 'approle' }, undefined, world);
});
afterAll(async () => {
  await open.close();
  await systems.close();
});
beforeEach(() => {
  count += 1;
  tenant = `t${count}`;
});

describe('vault:mount', () => {
  test.each([
    { path: 'kv-of-ours', type: 'kv' },
    { path: 'deep/transit', type: 'transit' },
  ] as const)('makes $type at $path', async (inputs: MountInputs) => {
    await expectMade(mount, inputs, world);
    // A mount is shared, so that a stack that goes leaves it.
    await mount.remove(inputs.path, {} as never, world);
    await expectQuiet(mount, inputs, world);
  });

  test('refuses a mount of another type or version and names it', async () => {
    const wanted = { path: 'transit', type: 'kv' } as const;
    const observed = (await mount.observe(wanted, world)) as NonNullable<
      Awaited<ReturnType<typeof mount.observe>>
    >;
    expect(mount.unfit?.(wanted, observed)).toMatchObject({
      code: 'NotOwned',
      message: 'Vault has transit mounted at transit/, but KV version 2 is needed',
      hint: 'set spec.vault.kvMount to another path',
    });
    const old = { type: 'kv', version: '1' };
    expect(mount.diff(wanted, old)).toEqual([{ path: 'version', before: '1', after: '2' }]);
    expect(mount.unfit?.(wanted, old)?.message).toBe(
      'Vault has kv version 1 mounted at transit/, but KV version 2 is needed',
    );
    expect(mount.unfit?.({ path: 'transit', type: 'transit' }, observed)).toBeUndefined();
  });

  test('that somebody else makes in the same moment is as good as ours', async () => {
    const wanted = { path: 'raced', type: 'transit' } as const;
    await Promise.all([mount.sync(wanted, undefined, world), mount.sync(wanted, undefined, world)]);
    await expectQuiet(mount, wanted, world);
    await expect(mount.sync({ path: 'raced', type: 'kv' }, undefined, world)).rejects.toMatchObject({
      code: 'VaultError',
    });
  });
});

test('vault:auth-mount is made once, raced, and refuses another method', async () => {
  const wanted = { path: 'apps', type: 'approle' } as const;
  await Promise.all([authMount.sync(wanted, undefined, world), authMount.sync(wanted, undefined, world)]);
  const observed = await expectQuiet(authMount, wanted, world);
  const other = { path: 'apps', type: 'jwt' } as const;
  expect(authMount.diff(other, observed)).toEqual([{ path: 'type', before: 'approle', after: 'jwt' }]);
  expect(authMount.unfit?.(other, observed)).toMatchObject({
    code: 'NotOwned',
    hint: expect.stringContaining('tenantAuth.mount'),
  });
});

describe('vault:transit-key', () => {
  const inputs = (rotationSeconds = 86_400): TransitKeyInputs => ({ name: tenant, rotationSeconds });

  test('is made as V2 says, repaired and removed', async () => {
    await expectMade(transitKey, inputs(), world);
    expect(await world.vault.read(`transit/keys/${tenant}`)).toMatchObject({
      type: 'aes256-gcm96',
      exportable: false,
      deletion_allowed: false,
      auto_rotate_period: 86_400,
    });
    for (const [path, config] of [
      ['rotation', { auto_rotate_period: '1000h' }],
      ['deletionAllowed', { deletion_allowed: true }],
    ] as const) {
      await expectRepaired(transitKey, inputs(), world, {
        path,
        spoil: () => world.vault.write(`transit/keys/${tenant}/config`, config),
      });
    }
    await expectRepaired(transitKey, inputs(3600), world, { path: 'rotation', spoil: async () => undefined });
    await expectRemoved(transitKey, inputs(), world);
  });

  test.each([
    ['exportable', { type: 'aes256-gcm96', exportable: true }],
    ['open to backups in clear', { type: 'aes256-gcm96', allow_plaintext_backup: true }],
  ])('%s is unfit and stays as it is', async (what, body) => {
    await world.vault.write(`transit/keys/${tenant}`, body);
    const observed = await transitKey.observe(inputs(), world);
    expect(transitKey.unfit?.(inputs(), observed as never)).toMatchObject({
      code: 'VaultEncryptionError',
      message: `the Transit key ${tenant} is ${what}; Tenantry needs aes256-gcm96, not exportable`,
    });
  });

  test.each([
    ['of type rsa-4096', { type: 'rsa-4096' }],
    ['derived', { derived: true }],
  ])('%s is unfit', async (what, found) => {
    const fresh = await transitKey.sync(inputs(), undefined, world);
    expect(transitKey.unfit?.(inputs(), fresh)).toBeUndefined();
    expect(transitKey.unfit?.(inputs(), { ...fresh, ...found })?.message).toContain(`is ${what};`);
  });

  test('keeps what it encrypted over every repair', async () => {
    await transitKey.sync(inputs(), undefined, world);
    const plaintext = Buffer.from('token').toString('base64');
    const cipher = await world.vault.write<{ ciphertext: string }>(`transit/encrypt/${tenant}`, {
      plaintext,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3600, max: 90 * 86_400 }), async (seconds) => {
        await transitKey.sync(inputs(seconds), await transitKey.observe(inputs(), world), world);
        await expectQuiet(transitKey, inputs(seconds), world);
        expect(
          await world.vault.write(`transit/decrypt/${tenant}`, { ciphertext: cipher?.ciphertext }),
        ).toMatchObject({ plaintext });
      }),
      { numRuns: 10 },
    );
  });
});

describe('vault:policy', () => {
  test('is made, repaired when its rules were edited, and removed', async () => {
    const mounts = { kvMount: 'secret', transitMount: 'transit' };
    const inputs: PolicyInputs = {
      name: `tenant-${tenant}`,
      rules: tenantPolicyRules(tenant, mounts),
      tenant,
    };
    await expectMade(policy, inputs, world);
    await expectRepaired(policy, inputs, world, {
      path: 'rules',
      spoil: async () => {
        const { policy: text } = (await world.vault.read<{ policy: string }>(
          `sys/policies/acl/${inputs.name}`,
        )) ?? { policy: '' };
        await world.vault.write(`sys/policies/acl/${inputs.name}`, {
          policy: `${text}\npath "secret/*" { capabilities = ["read"] }`,
        });
      },
    });
    await expectRemoved(policy, inputs, world);
  });

  test('written anew by hand has lost its mark', async () => {
    const inputs: PolicyInputs = { name: `tenant-${tenant}`, rules: '# none', tenant };
    await policy.sync(inputs, undefined, world);
    await world.vault.write(`sys/policies/acl/${inputs.name}`, {
      policy: 'path "a" { capabilities = ["read"] }',
    });
    expect((await policy.observe(inputs, world))?.mark).toBeUndefined();
  });

  test('says what the tenant and the sidecar may do, and nothing else', () => {
    const mounts = { kvMount: 'kv', transitMount: 'tr' };
    expect(lines(tenantPolicyRules('acme', mounts))).toEqual([
      'kv/data/acme/+: read',
      'kv/metadata/acme/: list',
      'kv/metadata/acme/+: read',
      'tr/encrypt/acme: update',
      'tr/decrypt/acme: update',
    ]);
    expect(lines(gatewayPolicyRules(mounts))).toEqual([
      'kv/data/+/+: create, read, update, patch, delete',
      'kv/data/+/_tenantry: read',
      'kv/data/_platform/*: deny',
      'kv/data/_platform/apps: read',
      'kv/data/_platform/apps/+: read',
      'kv/data/_platform/airbyte: read',
      'kv/data/_platform/sidecar: read',
      'kv/data/_platform/fingerprint-key: read',
      'kv/destroy/+/+: update',
      'kv/destroy/+/_tenantry: deny',
      'kv/destroy/_platform/*: deny',
      'kv/metadata/: list',
      'kv/metadata/+/: list',
      'kv/metadata/+/+: create, read, update, patch, list',
      'kv/metadata/+/_tenantry: read',
      'kv/metadata/_platform/*: deny',
      'tr/encrypt/+: update',
      'tr/decrypt/+: update',
    ]);
  });
});

function lines(rules: string): string[] {
  return [...rules.matchAll(/path "(.+)" \{\s+capabilities = \[(.+)\]\s+\}/g)].map(
    ([, path, capabilities]) => `${path}: ${capabilities?.replaceAll('"', '')}`,
  );
}

describe('vault:auth-role', () => {
  const inputs = (): AuthRoleInputs => ({
    mount: 'approle',
    name: `tenant-${tenant}`,
    role: { token_policies: [`tenant-${tenant}`], token_ttl: 3600, bind_secret_id: true },
  });

  test.each([
    ['token_policies', { token_policies: ['root', 'default'] }],
    ['token_ttl', { token_ttl: '99h' }],
  ])('drift of %s is repaired', async (path, change) => {
    await expectMade(authRole, inputs(), world);
    await expectRepaired(authRole, inputs(), world, {
      path,
      spoil: () => world.vault.write(`auth/approle/role/tenant-${tenant}`, change),
    });
    await expectRemoved(authRole, inputs(), world);
  });
});

test('a vault:auth-role that asks for no secret id has drifted', () => {
  const role = { token_policies: ['tenant-x'], token_ttl: 3600, bind_secret_id: true };
  const inputs = { mount: 'approle', name: 'tenant-x', role };
  expect(
    authRole.diff(inputs, {
      role: { ...role, bind_secret_id: false, secret_id_bound_cidrs: ['10.0.0.0/8'] },
    }),
  ).toEqual([{ path: 'bind_secret_id', before: 'false', after: 'true' }]);
});

describe('vault:generated-secret', () => {
  const inputs = (): GeneratedSecretInputs => ({
    path: `_platform/postgres/${tenant}`,
    field: 'password',
    tenant,
    deletion: 'Retain',
  });
  const value = async (): Promise<string> =>
    (await world.vault.read<{ data: { password: string } }>(`secret/data/${inputs().path}`))?.data.password ??
    '';

  test('is made once and kept', async () => {
    await expectMade(generatedSecret, inputs(), world);
    const first = await value();
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await expectRepaired(generatedSecret, { ...inputs(), deletion: 'Delete' }, world, {
      path: 'deletionPolicy',
      spoil: async () => undefined,
    });
    expect(await value()).toBe(first);
    await expectRemoved(generatedSecret, inputs(), world);
  });

  test.each([
    ['its newest version', (path: string) => world.vault.delete(`secret/data/${path}`)],
    ['every version', (path: string) => world.vault.write(`secret/destroy/${path}`, { versions: [1] })],
    ['everything', (path: string) => world.vault.delete(`secret/metadata/${path}`)],
  ])('that lost %s is made anew, with a version that others notice', async (_what, lose) => {
    const before = await generatedSecret.sync(inputs(), undefined, world);
    const first = await value();
    await lose(inputs().path);
    const observed = await generatedSecret.observe(inputs(), world);
    expect(generatedSecret.diff(inputs(), observed)[0]).toMatchObject({ path: 'password' });
    const after = await generatedSecret.sync(inputs(), observed, world);
    expect(after.version).not.toBe(before.version);
    expect(await value()).not.toBe(first);
    await expectQuiet(generatedSecret, inputs(), world);
  });

  test('written by somebody else at the same moment is not overwritten', async () => {
    await world.vault.write(`secret/data/${inputs().path}`, { data: { password: 'theirs' } });
    await expect(generatedSecret.sync(inputs(), undefined, world)).rejects.toMatchObject({
      code: 'Conflict',
    });
    expect(await value()).toBe('theirs');
  });
});

describe('vault:credential', () => {
  const inputs = (): CredentialInputs => ({ tenant, integration: 'notion', deletion: 'Delete' });
  beforeEach(() => transitKey.sync({ name: tenant, rotationSeconds: 86_400 }, undefined, world));

  test('is a marked place first, then connected, then removed with all versions', async () => {
    expect(await expectMade(credential, inputs(), world)).toMatchObject({ connected: false, version: '0' });
    await connectTenant(world, inputs());
    expect(await expectQuiet(credential, inputs(), world)).toMatchObject({
      connected: true,
      version: '1',
      encryptedVersion: '1',
    });
    await expectRepaired(credential, { ...inputs(), deletion: 'Retain' }, world, {
      path: 'deletionPolicy',
      spoil: async () => undefined,
    });
    await expectRemoved(credential, inputs(), world);
    expect(await world.vault.read(`secret/data/${tenant}/notion`)).toBeUndefined();
  });

  test('whose newest version was deleted waits for a new one', async () => {
    await credential.sync(inputs(), undefined, world);
    await connectTenant(world, inputs());
    await world.vault.delete(`secret/data/${tenant}/notion`);
    expect(await expectQuiet(credential, inputs(), world)).toMatchObject({ connected: false });
  });

  test("keeps what others wrote into the path's metadata", async () => {
    await world.vault.write(`secret/metadata/${tenant}/notion`, {
      custom_metadata: { ticket: 'OPS-1' },
      max_versions: 7,
    });
    const observed = await credential.observe(inputs(), world);
    await credential.sync(inputs(), observed, world);
    expect(await world.vault.read(`secret/metadata/${tenant}/notion`)).toMatchObject({
      max_versions: 7,
      custom_metadata: { ticket: 'OPS-1', tenantry_owner: 'cli:dev' },
    });
  });

  test('agrees with itself for any series of writes by hand', async () => {
    const write = fc.oneof(
      fc.record({ access_token: fc.string({ minLength: 1 }), scopes: fc.string() }),
      fc.constant('delete' as const),
      fc.record({ bot_id: fc.string() }),
    );
    await credential.sync(inputs(), undefined, world);
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 4 }), async (writes) => {
        for (const item of writes) {
          if (item === 'delete') await world.vault.delete(`secret/data/${tenant}/notion`);
          else await world.vault.write(`secret/data/${tenant}/notion`, { data: item });
        }
        await credential.sync(inputs(), await credential.observe(inputs(), world), world);
        await expectQuiet(credential, inputs(), world);
      }),
      { numRuns: 20 },
    );
  });
});
