/** Who is told of failures in a row and of recovery: once, whatever dies in between. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlerts } from '../../../src/sidecar/syncs/alerts.ts';
import { runOf } from '../../../src/sidecar/syncs/rows.ts';
import type { TellEnd } from '../../../src/sidecar/syncs/runner.ts';
import type { SyncRun } from '../../../src/sidecar/syncs/syncs.ts';
import { startWebhookWorld, type WebhookWorld } from '../webhooks/world.ts';
import { insertRun, insertState } from './run-rows.ts';

let world: WebhookWorld;
let tell: TellEnd;
beforeAll(async () => {
  world = await startWebhookWorld();
  tell = createAlerts(world.context);
});
afterAll(() => world.close());

const place = { tenant: 'acme', integration: 'notion' };
const signal = new AbortController().signal;
beforeEach(async () => {
  await world.db.admin.script(
    'truncate tenantry.sync_runs, tenantry.sync_states, tenantry.webhook_events cascade',
  );
  await insertState(world.db.admin, place);
});

/** The next run, an hour after the one before. */
async function ended(status: 'succeeded' | 'failed' | 'cancelled', more: object = {}): Promise<SyncRun> {
  world.clock.now += 3_600_000;
  const row = await insertRun(world.db.admin, {
    ...place,
    status,
    started_at: new Date(world.clock.now - 60_000),
    ended_at: new Date(world.clock.now),
    ...(status === 'failed' && {
      error_code: 'ProviderUnavailable',
      error_class: 'provider',
      error_message: 'Notion does not answer',
      next_step: 'nothing to do',
    }),
    ...more,
  });
  return runOf(row);
}

async function failures(from: number, to: number): Promise<void> {
  for (let count = from; count <= to; count += 1) await tell(await ended('failed'), count, signal);
}

async function told(): Promise<string[]> {
  const rows = await world.db.admin.query<{ event_type: string }>(
    'select event_type from tenantry.webhook_events order by received_at, event_type',
  );
  return rows.map(({ event_type }) => event_type);
}

async function bodies(): Promise<Record<string, unknown>[]> {
  const rows = await world.db.admin.query<{ body: string }>(
    'select body from tenantry.webhook_events order by received_at',
  );
  const plain = rows.map(async ({ body }) => {
    const answer = await world.vault.write<{ plaintext: string }>('transit/decrypt/acme', {
      ciphertext: body,
    });
    return JSON.parse(Buffer.from(answer?.plaintext ?? '', 'base64').toString('utf8')) as Record<
      string,
      unknown
    >;
  });
  return await Promise.all(plain);
}

const alerted = async (): Promise<unknown> =>
  (await world.db.admin.query('select alerted from tenantry.sync_states'))[0]?.['alerted'];

describe('failures in a row', () => {
  it('are told at the third, once, and recovery once', async () => {
    await tell(await ended('succeeded'), 0, signal);
    await failures(1, 2);
    expect(await told()).toEqual([]);
    await failures(3, 6);
    expect(await told()).toEqual(['sync.failed']);
    await tell(await ended('cancelled'), 6, signal);
    await tell(await ended('succeeded', { rows: 5 }), 0, signal);
    await tell(await ended('succeeded'), 0, signal);
    expect(await told()).toEqual(['sync.failed', 'sync.recovered']);
    await failures(1, 3);
    expect(await told()).toEqual(['sync.failed', 'sync.recovered', 'sync.failed']);
  });

  it('are told in the words of an e-mail, with the cause, since when and what to do', async () => {
    const good = await ended('succeeded');
    await failures(1, 3);
    const [event] = await bodies();
    expect(event).toMatchObject({
      failures: 3,
      lastSuccessAt: good.endedAt,
      error: { code: 'ProviderUnavailable', class: 'provider', message: 'Notion does not answer' },
      subject: 'The sync of Notion for acme fails',
    });
    expect(event?.['text']).toContain('What happened: Notion does not answer.\nWhat to do: nothing to do.');
    await tell(await ended('succeeded', { rows: 1 }), 0, signal);
    expect((await bodies())[1]).toMatchObject({
      subject: 'The sync of Notion for acme works again',
      rows: 1,
    });
  });

  it('that never worked are told as such', async () => {
    await failures(1, 3);
    expect((await bodies())[0]).toMatchObject({ lastSuccessAt: null });
  });

  it('are told once by replicas that do so at the same time, and by one that is killed and begins again', async () => {
    await failures(1, 2);
    const third = await ended('failed');
    await Promise.all([tell(third, 3, signal), tell(third, 3, signal), tell(third, 3, signal)]);
    expect(await told()).toEqual(['sync.failed']);
    // Killed between the event and the mark.
    await world.db.admin.script('update tenantry.sync_states set alerted = false');
    await tell(third, 3, signal);
    await tell(await ended('failed'), 4, signal);
    expect(await told()).toEqual(['sync.failed']);
    expect(await alerted()).toBe(true);
  });

  it('that are over before they are told are not told', async () => {
    await failures(1, 2);
    const third = await ended('failed');
    const good = await ended('succeeded');
    await tell(good, 0, signal);
    await tell(third, 3, signal);
    expect(await told()).toEqual([]);
  });

  it('are told later where they cannot be told now', async () => {
    const broken = createAlerts({
      ...world.context,
      vault: { write: () => Promise.reject(new Error('Vault is away')) } as never,
    });
    await failures(1, 2);
    const third = await ended('failed');
    await expect(broken(third, 3, signal)).rejects.toThrow();
    expect(await alerted()).toBe(false);
    await tell(third, 3, signal);
    expect(await told()).toEqual(['sync.failed']);
  });

  it('are counted and logged once', async () => {
    const count = async (): Promise<number> => {
      const metric = await world.context.metrics.registry
        .getSingleMetric('tenantry_sync_alerts_total')
        ?.get();
      return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
    };
    const before = await count();
    const lines = world.context.lines.length;
    await failures(1, 5);
    expect(await count()).toBe(before + 1);
    const logged = world.context.lines.slice(lines).filter((line) => line.includes('fails again and again'));
    expect(logged).toHaveLength(1);
  });

  it('of one tenant are not another’s', async () => {
    await insertState(world.db.admin, { tenant: 'globex', integration: 'notion' });
    await failures(1, 3);
    const rows = await world.db.admin.query('select tenant from tenantry.sync_states where alerted');
    expect(rows).toEqual([{ tenant: 'acme' }]);
  });
});
