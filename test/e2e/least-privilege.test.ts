/** The policy that docs/vault.md gives for Tenantry's own login is enough, and no more than a few paths. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVaultClient, type VaultClient } from '../../src/clients/vault.ts';
import { rotate } from '../../src/credentials/rotate.ts';
import {
  applyOnce,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems;
let root: VaultClient & { close(): Promise<void> };
let token: string;

beforeAll(async () => {
  systems = await startSystems();
  root = createVaultClient({
    address: systems.vault.address,
    auth: { method: 'token', token: systems.vault.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 4,
  });
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'vault.md'), 'utf8');
  const policy = /```hcl\n([\s\S]*?)```/.exec(page)?.[1];
  if (!policy) throw new Error('docs/vault.md holds no policy');
  await root.write('sys/policies/acl/tenantry', { policy });
  const login = await root.write<{ client_token: string }>('auth/token/create', {
    policies: ['tenantry'],
    ttl: '1h',
  });
  token = login?.client_token ?? '';
});

afterAll(async () => {
  await root.close();
  await systems.close();
});

const YAML =
  platformYaml('dev', { vault: { audit: [{ type: 'file', filePath: '/dev/null' }] } }) +
  tenantYaml('acme', { deletionPolicy: 'Delete' }) +
  integrationYaml('acme', 'notion');

describe('a login with the documented policy and no more', () => {
  it('applies from nothing, encrypts what was written by hand, plans empty, and takes a tenant away', async () => {
    await root.write('secret/data/acme/notion', { data: { access_token: 'written-by-hand' } });
    const env = { VAULT_TOKEN: token };
    await mustApply(systems, YAML, { env });
    const stored = await root.read<{ data: { access_token: string } }>('secret/data/acme/notion');
    expect(stored?.data.access_token).toMatch(/^vault:v1:/);
    expect((await planOnce(systems, YAML, { env })).changes).toEqual([]);
    await withWorld(systems, await documentsOf(YAML), { env }, async (world) => {
      expect(await rotate(world.vault, 'acme', { raiseMinimum: true })).toMatchObject({ rewrapped: 1 });
    });
    const acme = new Set(['acme']);
    const gone = await applyOnce(systems, YAML, { env, only: acme, leaving: acme, confirmed: acme });
    expect(gone.ids('failed')).toEqual([]);
    expect(gone.ids('deleted')).toContain('vault:transit-key/acme');
  });

  it('may not read what is not Tenantry’s to read', async () => {
    const limited = createVaultClient({
      address: systems.vault.address,
      auth: { method: 'token', token },
      kvMount: 'secret',
      transitMount: 'transit',
      concurrency: 1,
    });
    for (const path of [
      'sys/policies/acl/root',
      'sys/mounts/secret/tune',
      'auth/approle/role/other/role-id',
    ]) {
      await expect(limited.read(path), path).rejects.toMatchObject({ code: 'VaultForbidden' });
    }
    await limited.close();
  });
});
