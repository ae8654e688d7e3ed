import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVaultClient, type VaultClient } from '../../src/clients/vault.ts';
import {
  applyOnce,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
} from '../support/world.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');

/** Capabilities by path, of the policy on a page. */
async function policyOf(page: string): Promise<{ text: string; paths: ReadonlyMap<string, string> }> {
  const text = /```hcl\n([\s\S]*?)```/.exec(await readFile(join(docs, page), 'utf8'))?.[1] ?? '';
  const paths = [...text.matchAll(/^path "([^"]+)"\s*\{ capabilities = \[(.+)\] \}$/gm)];
  expect(paths.length).toBeGreaterThan(10);
  expect(text.match(/^path /gm)).toHaveLength(paths.length);
  return { text, paths: new Map(paths.map(([, path = '', capabilities = '']) => [path, capabilities])) };
}

let systems: Systems;
let root: VaultClient & { close(): Promise<void> };
let token = '';

beforeAll(async () => {
  systems = await startSystems();
  root = createVaultClient({
    address: systems.vault.address,
    auth: { method: 'token', token: systems.vault.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 4,
  });
  const { text } = await policyOf('kubernetes/install.md');
  // The development Vault has no Kubernetes method; the paths are otherwise the same.
  await root.write('sys/policies/acl/operator', { policy: text.replaceAll('kubernetes', 'approle') });
  const login = await root.write<{ client_token: string }>('auth/token/create', {
    policies: ['operator'],
    ttl: '1h',
  });
  token = login?.client_token ?? '';
});
afterAll(async () => {
  await root.close();
  await systems.close();
});

describe('the operator’s policy in the install guide', () => {
  it('is that of the command line without what only people do', async () => {
    const [own, whole] = await Promise.all([policyOf('kubernetes/install.md'), policyOf('vault.md')]);
    const asOfTheCli = new Map(
      [...own.paths].map(([path, capabilities]) => [path.replaceAll('kubernetes', 'approle'), capabilities]),
    );
    for (const [path, capabilities] of asOfTheCli) expect(whole.paths.get(path), path).toBe(capabilities);
    const left = [...whole.paths.keys()].filter((path) => !asOfTheCli.has(path));
    expect(left).toEqual(['transit/rewrap/+', 'secret/destroy/*']);
  });

  it('is enough to make a tenant, keep it, encrypt what was written by hand, and take it away', async () => {
    const yaml =
      platformYaml('dev', {
        vault: { audit: [{ type: 'file', filePath: '/dev/null' }], tenantAuth: { method: 'approle' } },
      }) +
      tenantYaml('acme', { deletionPolicy: 'Delete' }) +
      integrationYaml('acme', 'notion');
    const env = { VAULT_TOKEN: token };
    await root.write('secret/data/acme/notion', { data: { access_token: 'written-by-hand' } });
    await mustApply(systems, yaml, { env });
    const stored = await root.read<{ data: { access_token: string } }>('secret/data/acme/notion');
    expect(stored?.data.access_token).toMatch(/^vault:v1:/);
    expect((await planOnce(systems, yaml, { env })).changes).toEqual([]);
    const acme = new Set(['acme']);
    const gone = await applyOnce(systems, yaml, { env, only: acme, leaving: acme, confirmed: acme });
    expect(gone.ids('failed')).toEqual([]);
    expect(gone.ids('deleted')).toContain('vault:transit-key/acme');
  });
});
