/** Moving a tenant: wherever it is cut off, no two drivers own it, and the next run goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResourceResult } from '../../src/reconcile/events.ts';
import { carryOutMove, planMove } from '../../src/reconcile/move.ts';
import { limitsOf } from '../../src/reconcile/run.ts';
import type { World } from '../../src/resources/kind.ts';
import { sql } from '../support/sql.ts';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type RunOptions,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems;
beforeAll(async () => {
  systems = await startSystems();
  await mustApply(systems, platformYaml('first') + tenantYaml('first'));
});
afterAll(() => systems.close());

const OLD = 'cli:old';
const NEW = 'operator:new';
const forth = { from: OLD, to: NEW };

function yamlOf(tenant: string, owner = 'old'): string {
  const sync = { streams: [{ name: 'pages' }], schedule: '5 4 * * *' };
  return platformYaml(owner) + tenantYaml(tenant) + integrationYaml(tenant, 'notion', { sync });
}

/** A tenant of the old driver with an object of every kind. */
async function settle(tenant: string): Promise<void> {
  const stack = await documentsOf(yamlOf(tenant));
  const only = new Set([tenant]);
  await mustApply(systems, stack, { only });
  await withWorld(systems, stack, {}, (world) => connectTenant(world, { tenant, integration: 'notion' }));
  await mustApply(systems, stack, { only });
}

async function move(tenant: string, options: RunOptions = {}): Promise<readonly ResourceResult[]> {
  const stack = await documentsOf(yamlOf(tenant));
  return withWorld(systems, stack, options, async (world, { settings }) => {
    const tenants = new Set([tenant]);
    const targets = await planMove(tenants, forth, world);
    const limits = limitsOf(settings);
    return carryOutMove({ tenants, move: forth, targets }, world, { limits, delayMs: 1, ...options });
  });
}

const planAs = (tenant: string, owner: string) =>
  planOnce(systems, yamlOf(tenant), { owner, only: new Set([tenant]) });

async function expectMoved(tenant: string): Promise<void> {
  expect((await planAs(tenant, NEW)).steps.filter((step) => step.action !== 'none')).toEqual([]);
  const old = await planAs(tenant, OLD);
  expect(old.changes).toEqual([]);
  expect(old.steps.find((step) => step.id === `vault:claim/${tenant}`)).toMatchObject({
    action: 'refuse',
    problem: {
      code: 'OwnedByAnother',
      message: `vault:claim ${tenant} belongs to ${NEW}, and this is ${OLD}`,
      hint: `use another name, or move the tenant: \`tenantry claim ${tenant} --from ${NEW} --to ${OLD}\``,
    },
  });
}

test('a move changes owners and nothing else, and nothing differs for the new driver', async () => {
  await settle('plain');
  const streams = async (): Promise<unknown> =>
    withWorld(systems, await documentsOf(yamlOf('plain')), {}, async ({ airbyte }) =>
      (await airbyte.listAll<{ name: string; configurations: unknown; schedule: unknown }>('/connections'))
        .filter(({ name }) => name.startsWith('plain-'))
        .map(({ configurations, schedule }) => ({ configurations, schedule })),
    );
  const before = await streams();
  const results = await move('plain');
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['updated']));
  expect(results.map(({ kind }) => kind).toSorted()).toEqual([
    'airbyte:connection',
    'airbyte:destination',
    'airbyte:source',
    'airbyte:workspace',
    'postgres:role',
    'postgres:role',
    'postgres:schema',
    'vault:claim',
    'vault:credential',
    'vault:generated-secret',
    'vault:policy',
  ]);
  expect(await streams()).toEqual(before);
  await expectMoved('plain');
  expect((await move('plain')).every(({ outcome }) => outcome === 'unchanged')).toBe(true);
});

test('what no document names any more moves along', async () => {
  await settle('left');
  await mustApply(systems, platformYaml('old') + tenantYaml('left', { deletionPolicy: 'Retain' }), {
    only: new Set(['left']),
    leaving: new Set(['left']),
  });
  await move('left');
  expect(
    await sql(
      systems,
      `SELECT 1 FROM pg_roles r WHERE rolname LIKE 'tenant_left%'
    AND shobj_description(r.oid, 'pg_authid') NOT LIKE 'tenantry: owner=${NEW} %'`,
    ),
  ).toEqual([]);
});

/** Cuts the run off when the n-th write of any system is about to be made, or was. */
function cutAt(nth: number, when: 'before' | 'after'): { options: RunOptions; reached: () => boolean } {
  const abort = new AbortController();
  let writes = 0;
  const counted = async <T>(write: () => Promise<T>): Promise<T> => {
    writes += 1;
    if (writes !== nth) return write();
    if (when === 'after') await write();
    abort.abort();
    abort.signal.throwIfAborted();
    throw new Error('unreachable');
  };
  const wrap = (world: World): World => ({
    ...world,
    vault: {
      ...world.vault,
      write: (...args) => counted(() => world.vault.write(...args)),
      patch: (...args) => counted(() => world.vault.patch(...args)),
    } as World['vault'],
    postgres: { ...world.postgres, script: (...args) => counted(() => world.postgres.script(...args)) },
    airbyte: {
      ...world.airbyte,
      patch: (...args) => counted(() => world.airbyte.patch(...args)),
    } as World['airbyte'],
  });
  return { options: { signal: abort.signal, wrap }, reached: () => writes >= nth };
}

const CUTS = Array.from({ length: 11 }, (_, index) => index + 1);

describe.each(['before', 'after'] as const)('a move that is cut off %s a write', (when) => {
  test.each(CUTS)('number %i leaves one owner at most, and is gone on with', async (nth) => {
    const tenant = `cut${when === 'before' ? 'b' : 'a'}${nth}x`;
    await settle(tenant);
    const cut = cutAt(nth, when);
    const results = await move(tenant, cut.options).catch(() => []);
    expect(cut.reached()).toBe(true);
    expect(results.some(({ outcome }) => outcome === 'failed')).toBe(false);
    const may = async (owner: string): Promise<boolean> =>
      (await planAs(tenant, owner)).steps.every(
        (step) => step.tenant === undefined || !['refuse', 'block'].includes(step.action),
      );
    const owners = await Promise.all([OLD, NEW].map(may));
    expect(owners.filter(Boolean).length).toBeLessThanOrEqual(1);
    // The old driver's documents are gone meanwhile: what still carries its mark is not its own any more.
    const pruned = await applyOnce(systems, platformYaml('old'), { only: new Set([tenant]) });
    if (!owners[0]) expect(pruned.results.filter((item) => item.tenant === tenant)).toEqual([]);
    if (owners[0]) await mustApply(systems, yamlOf(tenant), { only: new Set([tenant]) });
    expect((await move(tenant)).every(({ outcome }) => ['updated', 'unchanged'].includes(outcome))).toBe(
      true,
    );
    if (!owners[0]) await expectMoved(tenant);
  });
});

test.each(['after', 'lost'] as const)(
  'every call of a move that fails once %s its work is done',
  async (fault) => {
    const tenant = `fault${fault}`;
    await settle(tenant);
    const seen = new Set<string>();
    const once = ({ method, path }: { method: string; path: string }) => {
      if (method === 'GET' || path.includes('token') || seen.has(path)) return 'pass';
      seen.add(path);
      return fault;
    };
    Object.assign(systems.vaultProxy, { fault: once });
    Object.assign(systems.airbyteProxy, { fault: once });
    const results = await move(tenant).finally(() => {
      systems.vaultProxy.fault = undefined;
      systems.airbyteProxy.fault = undefined;
    });
    expect(seen.size).toBe(8);
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['updated']));
    await expectMoved(tenant);
  },
);

test('a mark that the old driver wrote once more is taken again', async () => {
  await settle('again');
  let spoilt = false;
  const spoil = (world: World): World => ({
    ...world,
    postgres: {
      ...world.postgres,
      async script(text, options) {
        await world.postgres.script(text, options);
        if (spoilt || !text.includes('ON SCHEMA')) return;
        spoilt = true;
        await world.postgres.script(text.replace(NEW, OLD), options);
      },
    },
  });
  await move('again', { wrap: spoil });
  expect(spoilt).toBe(true);
  await expectMoved('again');
});

test('an old driver that goes on writing its mark is told of', async () => {
  await settle('stubborn');
  const spoil = (world: World): World => ({
    ...world,
    postgres: {
      ...world.postgres,
      script: (text, options) => world.postgres.script(text.replace(NEW, OLD), options),
    },
  });
  await expect(move('stubborn', { wrap: spoil })).rejects.toMatchObject({
    code: 'Conflict',
    message: expect.stringContaining('postgres:schema/tenant_stubborn'),
  });
});

test('of two moves at once to different drivers one wins, and the other is refused', async () => {
  await settle('raced');
  const stack = await documentsOf(yamlOf('raced'));
  const tenants = new Set(['raced']);
  await withWorld(systems, stack, {}, async (world, { settings }) => {
    const moves = [forth, { from: OLD, to: 'cli:third' }];
    const plans = await Promise.all(moves.map((one) => planMove(tenants, one, world)));
    const run = (index: number): Promise<readonly ResourceResult[]> =>
      carryOutMove({ tenants, move: moves[index] ?? forth, targets: plans[index] ?? [] }, world, {
        limits: limitsOf(settings),
        delayMs: 1,
        retries: 1,
      });
    const results = await Promise.all([run(0), run(1)]);
    const winners = results.filter((list) => list.every(({ outcome }) => outcome === 'updated'));
    expect(winners).toHaveLength(1);
    const loser = results.find((list) => list !== winners[0]) ?? [];
    expect(loser.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
      {
        kind: 'vault:claim',
        problem: { code: 'OwnedByAnother', message: expect.stringContaining('has taken raced') },
      },
    ]);
    expect(new Set(loser.map(({ outcome }) => outcome))).toEqual(new Set(['failed', 'blocked']));
  });
});

test('what stands in a workspace that all tenants share moves along, and goes with its tenant', async () => {
  const yamlOfShared = async (): Promise<string> => {
    const { workspaceId } = await withWorld(systems, await documentsOf(yamlOf('x')), {}, ({ airbyte }) =>
      airbyte.post<{ workspaceId: string }>('/workspaces', { name: 'for everybody' }),
    );
    const airbyte = { workspace: 'Shared', workspaceId };
    return (
      platformYaml('old', { airbyte }) +
      tenantYaml('shared') +
      integrationYaml('shared', 'notion', { sync: { initialSync: false } })
    );
  };
  const yaml = await yamlOfShared();
  const [stack, only] = [await documentsOf(yaml), new Set(['shared'])];
  await mustApply(systems, stack, { only });
  await withWorld(systems, stack, {}, (world) =>
    connectTenant(world, { tenant: 'shared', integration: 'notion' }),
  );
  await mustApply(systems, stack, { only });
  const results = await move('shared');
  expect(
    results
      .filter(({ kind }) => kind.startsWith('airbyte:'))
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual(['airbyte:connection', 'airbyte:destination', 'airbyte:source']);
  expect((await planOnce(systems, yaml, { owner: NEW, only })).changes).toEqual([]);
  const gone = await mustApply(systems, yaml, { owner: NEW, only, leaving: only });
  expect(gone.ids('deleted').filter((id) => id.startsWith('airbyte:'))).toHaveLength(3);
});
