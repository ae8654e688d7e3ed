/** Syncs that fail, through a real sidecar: found out why, tried again, told of; and what the tenant reads of it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectByLink } from '../../../src/dev/browser.ts';
import { startDevVault } from '../../../src/dev/vault/server.ts';
import type { Sidecar } from '../../../src/sidecar/start.ts';
import type { SyncRun } from '../../../src/sidecar/syncs/syncs.ts';
import { call, prepare, type SidecarWorld, startSidecarWorld } from '../../support/sidecar-world.ts';
import { sql } from '../../support/sql.ts';

let world: SidecarWorld;
let sidecar: Sidecar;
let key: string;

const SYNCS = '/tenants/acme/integrations/notion/syncs';
const WAIT = { timeout: 30_000, interval: 50 };

beforeAll(async () => {
  world = await startSidecarWorld(() => startDevVault());
  const platform = join(world.dir, 'platform.yaml');
  const text = await readFile(platform, 'utf8');
  await writeFile(platform, text.replace('spec: {', 'spec: {"syncs":{"runner":"Sidecar"},'));
  key = (await prepare(world)).app;
  sidecar = await world.start();
  const { stdout } = await world.run(['connect', 'acme', 'notion']);
  await connectByLink(stdout.trim(), 'acme', AbortSignal.timeout(60_000));
  const { code, stderr } = await world.run(['apply', '--yes']);
  expect(code, stderr).toBe(0);
  await settled();
});
afterAll(() => world?.close());
beforeEach(() => {
  world.saas.faults('notion').reset();
  world.systems.airbyte.faults.reset();
});

async function newest(): Promise<SyncRun | undefined> {
  const { json } = await call<{ runs: SyncRun[] }>(sidecar, `${SYNCS}?limit=1`, { key });
  return json.runs[0];
}

async function reached(
  statuses: readonly string[],
  isNew: (run: SyncRun) => boolean = () => true,
): Promise<SyncRun> {
  return await vi.waitFor(async () => {
    // What is looked at again in a few seconds is looked at now.
    world.clock.now += 1_000;
    const found = await newest();
    if (found && statuses.includes(found.status) && isNew(found)) return found;
    throw new Error(`no run is ${statuses.join(' or ')}: ${JSON.stringify(found)}`);
  }, WAIT);
}

const settled = (): Promise<SyncRun> => reached(['succeeded', 'failed', 'cancelled', 'skipped']);

async function start(): Promise<SyncRun> {
  const { status, json } = await call<SyncRun>(sidecar, SYNCS, { key, method: 'POST' });
  expect(status, JSON.stringify(json)).toBe(202);
  return json;
}

/** The failed run, and the one that tries it again. */
async function failed(): Promise<{ first: SyncRun; retry: SyncRun }> {
  const { id } = await start();
  const retry = await reached(['waiting'], (run) => run.id !== id);
  const { json: first } = await call<SyncRun>(sidecar, `${SYNCS}/${id}`, { key });
  return { first, retry };
}

async function triedAgain({ retry }: { retry: SyncRun }): Promise<SyncRun> {
  world.clock.now = Math.max(world.clock.now, Date.parse(retry.dueAt ?? '')) + 1_000;
  return await reached(['succeeded', 'failed'], (run) => run.id === retry.id);
}

describe('a sync that fails', () => {
  it('by the connector is tried again, and the log says what happened in plain words', async () => {
    const reason = 'canary: KeyError in pod replication-job-17 of host worker.internal';
    world.systems.airbyte.faults.nextJobs(1, { kind: 'fail', reason });
    const run = await failed();
    expect(run.first).toMatchObject({
      status: 'failed',
      error: { class: 'connector', code: 'AirbyteError' },
    });
    expect(run.first.error?.message).toBe(
      'the sync of Notion failed, although Notion answers and takes the credential',
    );
    expect(await triedAgain(run)).toMatchObject({ status: 'succeeded', attempt: 2 });
    const log = await call<{ lines: { text: string }[] }>(sidecar, `${SYNCS}/${run.retry.id}/log`, { key });
    const texts = log.json.lines.map(({ text }) => text);
    expect(texts).toContain('somebody asked for it');
    expect(texts.at(-1)).toMatch(/^it ended well, after .*rows/);
    const ids = await sql<Record<string, string>>(
      world.systems,
      'select connection_id, job_id from tenantry.sync_runs where connection_id is not null',
    );
    const seen = JSON.stringify([run, log.json]);
    for (const internal of ['canary', 'KeyError', ...ids.map(({ connection_id }) => connection_id ?? '?')]) {
      expect(seen).not.toContain(internal);
    }
  });

  it('by a refused token gets another one and is tried again at once', async () => {
    world.saas.faults('notion').failNext(2, 401);
    const run = await failed();
    expect(run.first.error).toMatchObject({ class: 'token', code: 'ProviderRejected' });
    expect(Date.parse(run.retry.dueAt ?? '') - Date.parse(run.first.endedAt ?? '')).toBeLessThan(60_000);
    const before = await world.sourceConfiguration('acme-notion');
    expect(await triedAgain(run)).toMatchObject({ status: 'succeeded' });
    await expect.poll(() => world.sourceConfiguration('acme-notion'), WAIT).not.toEqual(before);
  });

  it('by a rate limit waits as long as the provider asks', async () => {
    world.saas.faults('notion').failNext(2, 429, { 'retry-after': '1200' });
    const run = await failed();
    expect(run.first.error?.message).toBe(
      'Notion takes no more calls for 20 minutes: its rate limit is reached',
    );
    const wait = Date.parse(run.retry.dueAt ?? '') - Date.parse(run.first.endedAt ?? '');
    expect(wait).toBeGreaterThanOrEqual(1_200_000);
    expect(wait).toBeLessThan(1_500_000);
    expect(await triedAgain(run)).toMatchObject({ status: 'succeeded' });
  });

  it('because it is stuck is cancelled in Airbyte and tried again', async () => {
    world.systems.airbyte.faults.nextJobs(1, { kind: 'stuck' });
    const { id } = await start();
    await reached(['running'], (run) => run.id === id);
    world.clock.now += 2 * 3_600_000;
    const retry = await reached(['waiting'], (run) => run.id !== id);
    const { json: first } = await call<SyncRun>(sidecar, `${SYNCS}/${id}`, { key });
    expect(first).toMatchObject({ status: 'failed', error: { class: 'stuck', code: 'TimedOut' } });
    expect(await triedAgain({ retry })).toMatchObject({ status: 'succeeded' });
  });

  it('again and again is told once, and its recovery too', async () => {
    const told = () =>
      sql<{ type: string }>(
        world.systems,
        `select event_type as type from tenantry.webhook_events where event_type like 'sync.%' order by received_at`,
      );
    expect(await told()).toEqual([]);
    world.systems.airbyte.faults.nextJobs(3, { kind: 'fail', reason: 'canary' });
    const first = await failed();
    world.clock.now = Date.parse(first.retry.dueAt ?? '') + 1_000;
    const third = await reached(['waiting'], ({ attempt }) => attempt === 3);
    world.clock.now = Date.parse(third.dueAt ?? '') + 1_000;
    // The connector's tries are used up.
    await reached(['failed'], ({ attempt }) => attempt === 3);
    await expect.poll(told, WAIT).toEqual([{ type: 'sync.failed' }]);
    await start();
    await reached(['succeeded']);
    await expect.poll(told, WAIT).toEqual([{ type: 'sync.failed' }, { type: 'sync.recovered' }]);
    expect(JSON.stringify(await told())).not.toContain('canary');
  });
});
