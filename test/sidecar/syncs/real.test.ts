/** Syncs from end to end: real documents, Vault, Postgres, queue, provider and Airbyte emulator; only time is ours. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Sidecar } from '../../../src/sidecar/start.ts';
import type { SyncRun } from '../../../src/sidecar/syncs/syncs.ts';
import { loadAndCheck } from '../../../src/spec/stack.ts';
import { appsPlatform, type Replicas, startReplicas } from '../../support/sidecar-replicas.ts';
import { integrationYaml, mustApply, planOnce, type Systems, tenantYaml } from '../../support/world.ts';

const PLACE = { tenant: 'acme', integration: 'notion' };
const MINUTE = 60_000;

let world: Replicas;
let sidecars: Sidecar[];
const first = (): Sidecar => sidecars[0] as Sidecar;

const PLATFORM = appsPlatform().replace('"sidecar":', '"syncs":{"runner":"Sidecar"},"sidecar":');

function documents(spec: object): string {
  return PLATFORM + tenantYaml('acme') + integrationYaml('acme', 'notion', spec);
}

beforeAll(async () => {
  world = await startReplicas({
    documents: documents({ sync: { schedule: '*/30 * * * *' } }),
    integrations: ['notion'],
  });
  sidecars = [await world.start(), await world.start()];
}, 120_000);
afterAll(() => world.close());

async function applied(): Promise<void> {
  await mustApply({ env: world.env } as unknown as Systems, await loadAndCheck(world.dir), {
    env: world.env,
  });
}

/** Oldest first. */
async function runs(): Promise<readonly SyncRun[]> {
  return (await first().context.syncs.runs(PLACE, { limit: 50 })).runs.toReversed();
}

/** Moves the clock until it is so. */
async function eventually(check: (runs: readonly SyncRun[]) => void): Promise<void> {
  await vi.waitFor(
    async () => {
      world.clock.now += 3_000;
      check(await runs());
    },
    { timeout: 60_000, interval: 150 },
  );
}

describe('a connected tenant', () => {
  it('gets its first sync by itself as soon as the connection is made, and a plan finds nothing to do', async () => {
    await world.connect('acme', 'notion');
    await applied();
    await eventually((all) => expect(all.at(-1)?.status).toBe('succeeded'));
    const [run] = await runs();
    expect(run).toMatchObject({ trigger: 'first', attempt: 1, error: undefined });
    expect(run?.rows).toBeGreaterThan(0);
    const systems = { env: world.env } as unknown as Systems;
    expect((await planOnce(systems, await loadAndCheck(world.dir))).changes).toEqual([]);
  });

  it('is synced when it is due, once over both replicas, and Airbyte itself starts nothing', async () => {
    const before = (await runs()).length;
    world.clock.now += 30 * MINUTE;
    await eventually((all) => expect(all.length).toBeGreaterThan(before));
    await eventually((all) => expect(all.every(({ status }) => status === 'succeeded')).toBe(true));
    const [count] = await world.sql<{ jobs: number; runs: number }>(
      'select count(distinct job_id)::int as jobs, count(*)::int as runs from tenantry.sync_runs',
    );
    expect(count?.jobs).toBe(count?.runs);
    const [usage] = await world.sql<{ syncs: number; rows: number }>(
      'select sum(syncs)::int as syncs, sum(rows)::int as rows from tenantry.usage_days',
    );
    expect(usage?.syncs).toBe(count?.runs);
    expect(usage?.rows).toBe((await runs()).reduce((sum, { rows = 0 }) => sum + rows, 0));
  });

  it('starts one by hand and is told of it without internal names', async () => {
    const { syncs } = first().context;
    const run = await syncs.start(PLACE, { actor: 'test' });
    await eventually((all) => expect(all.find(({ id }) => id === run.id)?.status).toBe('succeeded'));
    const [ids] = await world.sql<{ connection_id: string; workspace_id: string; source_id: string }>(
      'select connection_id, workspace_id, source_id from tenantry.sync_states',
    );
    const told = JSON.stringify([
      await syncs.states('acme'),
      await syncs.runs(PLACE, { limit: 50 }),
      await syncs.log(PLACE, run.id),
    ]);
    for (const id of Object.values(ids ?? {})) expect(told).not.toContain(id);
    expect(told).toContain('"nextAt":"20');
  });

  it('is not synced without a credential, and says why', async () => {
    const { syncs, tokens } = first().context;
    await tokens.revoke(PLACE, { id: 'test' });
    await expect(syncs.start(PLACE, { actor: 'test' })).rejects.toMatchObject({
      code: 'CredentialNotFoundError',
    });
    world.clock.now += 31 * MINUTE;
    await eventually((all) => expect(all.at(-1)?.status).toBe('skipped'));
    expect((await syncs.states('acme'))[0]?.held?.code).toBe('CredentialNotFoundError');
  });
});
