/** Every call that the product makes to Vault is one that OpenBao has too (V8): both document these endpoints alike. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rotate } from '../../../src/credentials/rotate.ts';
import { checkVault } from '../../../src/doctor/vault.ts';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../../support/world.ts';

/** Method and path; `*` stands for one name, `**` for the path of a secret. */
const SHARED = [
  'GET sys/health',
  'GET sys/mounts',
  'POST sys/mounts/*',
  'GET sys/auth',
  'POST sys/auth/*',
  'GET sys/audit',
  'POST sys/audit/*',
  'GET sys/policies/acl',
  'GET sys/policies/acl/*',
  'POST sys/policies/acl/*',
  'DELETE sys/policies/acl/*',
  'POST sys/capabilities-self',
  'GET auth/token/lookup-self',
  'GET auth/approle/role',
  'GET auth/approle/role/*',
  'POST auth/approle/role/*',
  'DELETE auth/approle/role/*',
  'GET secret/data/**',
  'POST secret/data/**',
  'GET secret/metadata',
  'GET secret/metadata/**',
  'POST secret/metadata/**',
  'PATCH secret/metadata/**',
  'DELETE secret/metadata/**',
  'GET transit/keys',
  'GET transit/keys/*',
  'POST transit/keys/*',
  'DELETE transit/keys/*',
  'POST transit/keys/*/config',
  'POST transit/keys/*/rotate',
  'POST transit/encrypt/*',
  'POST transit/decrypt/*',
  'POST transit/rewrap/*',
];

let systems: Systems;

beforeAll(async () => {
  systems = await startSystems();
});

afterAll(() => systems.close());

/** Matches a call such as `GET secret/data/acme/notion`. */
function patternOf(shared: string): RegExp {
  const source = shared
    .split('**')
    .map((part) => part.replaceAll('*', '[^/]+'))
    .join('.*');
  return new RegExp(`^${source}/?$`);
}

it('calls nothing of Vault that OpenBao does not have, and everything named here', async () => {
  const stack = await documentsOf(
    platformYaml('dev', { vault: { audit: [{ type: 'file', filePath: '/dev/null' }] } }) +
      tenantYaml('acme', { deletionPolicy: 'Delete' }) +
      integrationYaml('acme', 'notion', { sync: { streams: [{ name: 'pages' }], initialSync: false } }),
  );
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, async (world) => {
    await connectTenant(world, { tenant: 'acme', integration: 'notion' });
    await rotate(world.vault, 'acme', { raiseMinimum: true });
    await checkVault(world);
  });
  await mustApply(systems, stack);
  const acme = new Set(['acme']);
  await applyOnce(systems, stack, { only: acme, leaving: acme, confirmed: acme });
  const calls = systems.vaultProxy.seen.map(
    ({ method, path }) => `${method} ${path.replace(/^\/v1\//, '').replace(/\?.*$/, '')}`,
  );
  const patterns = SHARED.map(patternOf);
  expect(calls.filter((call) => !patterns.some((pattern) => pattern.test(call)))).toEqual([]);
  expect(SHARED.filter((_, index) => !calls.some((call) => patterns[index]?.test(call)))).toEqual([]);
});
