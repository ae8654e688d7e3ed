/** Kind vault:claim: one tenant, one owner. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../../../src/resources/kind.ts';
import { type ClaimInputs, claim } from '../../../src/resources/vault/claim.ts';
import {
  applyOnce,
  documentsOf,
  mustApply,
  type OpenWorld,
  openWorld,
  planOnce,
  platformYaml,
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
  await mustApply(systems, tenantYaml('first'));
  open = await openWorld(systems, await documentsOf(tenantYaml('acme')));
  world = open.world;
});
afterAll(async () => {
  await open.close();
  await systems.close();
});
beforeEach(() => {
  count += 1;
  tenant = `t${count}`;
});

const inputs = (): ClaimInputs => ({
  tenant,
  deletion: 'Retain',
  transitKey: tenant,
  authRole: `auth/approle/role/tenant-${tenant}`,
});

test('a claim is made, repaired and removed', async () => {
  await expectMade(claim, inputs(), world);
  await expectRepaired(claim, { ...inputs(), deletion: 'Delete' }, world, {
    path: 'deletionPolicy',
    spoil: async () => undefined,
  });
  await expectRepaired(claim, { ...inputs(), authRole: undefined }, world, {
    path: 'authRole',
    spoil: async () => undefined,
  });
  await expectRemoved(claim, inputs(), world);
});

test('a claim whose value was deleted by hand is made again', async () => {
  await claim.sync(inputs(), undefined, world);
  await world.vault.delete(`secret/data/${tenant}/_tenantry`);
  const observed = await claim.observe(inputs(), world);
  expect(observed).toEqual({ version: 1, inTheWay: [] });
  await claim.sync(inputs(), observed, world);
  await expectQuiet(claim, inputs(), world);
});

test('of two owners that race, check-and-set lets one win, and the other is told who', async () => {
  const yaml = tenantYaml(tenant);
  const owners = ['cli:one', 'cli:two'];
  const runs = await Promise.all(owners.map((owner) => applyOnce(systems, yaml, { owner })));
  const winners = runs.filter((run) => run.result(`vault:claim/${tenant}`)?.outcome === 'created');
  expect(winners).toHaveLength(1);
  const loser = runs.find((run) => run !== winners[0]);
  const winner = owners[runs.indexOf(winners[0] as (typeof runs)[0])];
  expect(loser?.result(`vault:claim/${tenant}`)).toMatchObject({
    outcome: 'failed',
    problem: {
      code: 'OwnedByAnother',
      message: expect.stringContaining(`vault:claim ${tenant} belongs to ${winner}`),
    },
  });
  const others = loser?.results.filter((result) => result.tenant === tenant && result.kind !== 'vault:claim');
  expect(new Set(others?.map((result) => result.outcome))).toEqual(new Set(['blocked']));
  expect((await planOnce(systems, yaml, { owner: winner as string })).changes).toEqual([]);
});

test.each([
  ['the Transit key', 'transit/keys/{t}', { type: 'aes256-gcm96' }, 'the Transit key {t}'],
  [
    'the AppRole',
    'auth/approle/role/tenant-{t}',
    { token_policies: ['x'] },
    'the role auth/approle/role/tenant-{t}',
  ],
])(
  '%s of the tenant that is there before any claim is refused, and the claim is not written',
  async (_what, path, body, text) => {
    const at = (pattern: string): string => pattern.replaceAll('{t}', tenant);
    await world.vault.write(at(path), body);
    const before = JSON.stringify(await world.vault.read(at(path)));
    const refused = await applyOnce(systems, tenantYaml(tenant));
    expect(refused.steps.find((step) => step.id === `vault:claim/${tenant}`)).toMatchObject({
      action: 'refuse',
    });
    expect(refused.result(`vault:claim/${tenant}`)).toMatchObject({
      outcome: 'failed',
      problem: {
        code: 'NotOwned',
        message: `${at(text)} is there already, and Tenantry did not make it`,
        hint: expect.stringContaining('adopt: true'),
      },
    });
    expect(await world.vault.list(`secret/metadata/${tenant}/`)).toEqual([]);
    expect(JSON.stringify(await world.vault.read(at(path)))).toBe(before);

    const adopt = tenantYaml(tenant, { adopt: true });
    await mustApply(systems, adopt);
    expect((await planOnce(systems, adopt)).changes).toEqual([]);
  },
);

test('a Transit key of the wrong type is refused by the plan already, adopted or not', async () => {
  await world.vault.write(`transit/keys/${tenant}`, { type: 'aes256-gcm96', exportable: true });
  const yaml = tenantYaml(tenant, { adopt: true });
  const plan = await planOnce(systems, yaml);
  expect(plan.steps.find((step) => step.id === `vault:transit-key/${tenant}`)).toMatchObject({
    action: 'refuse',
    problem: { code: 'VaultEncryptionError' },
  });
  const applied = await applyOnce(systems, yaml);
  expect(applied.result(`vault:transit-key/${tenant}`)).toMatchObject({ outcome: 'failed' });
  expect(await world.vault.read(`transit/keys/${tenant}`)).toMatchObject({ exportable: true });
});

test('stacks that share a Vault share the policy of the sidecar; one that differs is not fought over', async () => {
  const other = platformYaml('second') + tenantYaml(tenant);
  const applied = await mustApply(systems, other);
  expect(applied.result('vault:policy/gateway-service')?.outcome).toBe('unchanged');
  const mark = '# tenantry: owner=cli:dev\n';
  const name = 'sys/policies/acl/gateway-service';
  await world.vault.write(name, { policy: `${mark}path "a" { capabilities = ["read"] }` });
  const differs = await applyOnce(systems, other);
  expect(differs.result('vault:policy/gateway-service')).toMatchObject({
    outcome: 'failed',
    problem: {
      code: 'OwnedByAnother',
      message: 'vault:policy gateway-service belongs to cli:dev, and this is cli:second',
    },
  });
  expect(differs.ids('blocked')).toEqual([]);
  const repaired = await mustApply(systems, tenantYaml('first'));
  expect(repaired.ids('updated')).toContain('vault:policy/gateway-service');
});
