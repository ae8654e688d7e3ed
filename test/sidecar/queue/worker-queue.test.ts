/** The queue: keys, times, tries, stopping, and what becomes of the jobs of a process that dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { Redactor } from '../../../src/redact.ts';
import type { JobContext, Queue } from '../../../src/sidecar/queue/queue.ts';
import { createQueue, type QueueOptions } from '../../../src/sidecar/queue/worker-queue.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
const queues: Queue[] = [];
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
beforeEach(() => systems.admin.script('delete from tenantry_queue._private_jobs'));
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop(1_000)));
});
afterAll(() => systems.close());

function newQueue(options: Partial<QueueOptions> = {}): Queue {
  const queue = createQueue({ connection: systems.settings, pollMs: 20, ...options });
  queues.push(queue);
  return queue;
}

/** A started queue that notes the payloads of its task. */
async function noting(
  task: string,
  options: Partial<QueueOptions> = {},
): Promise<{ queue: Queue; done: unknown[] }> {
  const done: unknown[] = [];
  const queue = newQueue(options);
  queue.handle(task, async (payload) => void done.push(payload));
  await queue.start();
  return { queue, done };
}

test('a job is done once, by one of the replicas', async () => {
  const replicas = await Promise.all([noting('t'), noting('t'), noting('t')]);
  const adds = newQueue();
  await adds.addMany(
    't',
    Array.from({ length: 200 }, (_, n) => ({ payload: n })),
  );
  await vi.waitFor(() => expect(replicas.flatMap(({ done }) => done)).toHaveLength(200));
  const all = replicas.flatMap(({ done }) => done) as number[];
  expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(await adds.waiting()).toEqual({});
});

test.each([[null], ['text'], [[1, 2]], [{ tenant: 'acme' }], [undefined]])(
  'the payload %j arrives as it was',
  async (payload) => {
    const { queue, done } = await noting('t');
    await queue.add('t', payload);
    await vi.waitFor(() => expect(done).toEqual([payload ?? null]));
  },
);

describe('a key', () => {
  test('holds one job: adding again replaces payload and time', async () => {
    const queue = newQueue();
    await queue.add('t', 'first', { key: 'k', runAt: Date.now() + 3_600_000 });
    await queue.add('t', 'second', { key: 'k' });
    expect(await queue.waiting()).toEqual({ t: { ready: 1, later: 0, failed: 0 } });
    const { done } = await noting('t');
    await vi.waitFor(() => expect(done).toEqual(['second']));
  });

  test('of arrays replaces too, and does not join them', async () => {
    const queue = newQueue();
    await queue.add('t', ['first'], { key: 'k' });
    await queue.add('t', ['second'], { key: 'k' });
    const { done } = await noting('t');
    await vi.waitFor(() => expect(done).toEqual([['second']]));
  });

  test('lets the job be taken back while it waits', async () => {
    const queue = newQueue();
    await queue.add('t', 1, { key: 'k', runAt: Date.now() + 3_600_000 });
    await queue.remove('k');
    await queue.remove('nothing has this key');
    expect(await queue.waiting()).toEqual({});
  });

  test('whose job runs already takes a new job, which runs after', async () => {
    const queue = newQueue({ concurrency: 1 });
    const seen: unknown[] = [];
    queue.handle('t', async (payload) => {
      seen.push(payload);
      if (payload === 'first') await queue.add('t', 'second', { key: 'k' });
    });
    await queue.start();
    await queue.add('t', 'first', { key: 'k' });
    await vi.waitFor(() => expect(seen).toEqual(['first', 'second']));
    await vi.waitFor(async () => expect(await queue.waiting()).toEqual({}));
  });

  test('that comes several times in addMany counts with its last job, like the same jobs added one by one', async () => {
    const job = fc.record({
      key: fc.constantFrom('a', 'b', undefined),
      payload: fc.integer({ min: 0, max: 9 }),
    });
    const adds = newQueue();
    const rows = (): Promise<unknown[]> =>
      systems.admin.query(
        "select key, payload ->> 'data' as data from tenantry_queue._private_jobs order by key nulls last, data",
      );
    await fc.assert(
      fc.asyncProperty(fc.array(job, { maxLength: 8 }), async (jobs) => {
        const specs = jobs.map(({ key, payload }) => ({
          payload,
          options: key === undefined ? {} : { key },
        }));
        await systems.admin.script('delete from tenantry_queue._private_jobs');
        await adds.addMany('t', specs);
        const together = await rows();
        await systems.admin.script('delete from tenantry_queue._private_jobs');
        for (const { payload, options } of specs) await adds.add('t', payload, options);
        expect(together).toEqual(await rows());
      }),
      { numRuns: 30 },
    );
  });
});

describe('time', () => {
  test('a job waits until it is due, by the clock that was given', async () => {
    let now = Date.parse('2030-01-01T00:00:00Z');
    const { queue, done } = await noting('t', { now: () => now });
    await queue.add('t', 'later', { runAt: now + 60_000 });
    await queue.add('t', 'now');
    await vi.waitFor(() => expect(done).toEqual(['now']));
    expect(await queue.waiting()).toEqual({ t: { ready: 0, later: 1, failed: 0 } });
    now += 60_000;
    await vi.waitFor(() => expect(done).toEqual(['now', 'later']));
  });

  test('a job that is due is found without being announced', async () => {
    const { queue, done } = await noting('t');
    await queue.add('t', 'soon', { runAt: Date.now() + 50 });
    await vi.waitFor(() => expect(done).toEqual(['soon']));
  });
});

describe('a job that fails', () => {
  test('is tried again later, and later each time', async () => {
    const queue = newQueue({ concurrency: 1 });
    const tries: JobContext[] = [];
    queue.handle('t', async (_payload, job) => {
      tries.push(job);
      if (tries.length < 3) throw new Error('on purpose');
    });
    await queue.start();
    await queue.add('t', 1, { maxAttempts: 5, key: 'k' });
    const waits: number[] = [];
    for (const attempt of [1, 2]) {
      await vi.waitFor(() => expect(tries).toHaveLength(attempt));
      await vi.waitFor(async () => expect(await queue.waiting()).toMatchObject({ t: { later: 1 } }));
      const [row] = await systems.admin.query<{ wait: number }>(
        'select extract(epoch from run_at - now())::float8 as wait from tenantry_queue._private_jobs',
      );
      waits.push(row?.wait ?? 0);
      await systems.admin.script("update tenantry_queue._private_jobs set run_at = now() - interval '1 s'");
    }
    await vi.waitFor(() => expect(tries.map((job) => job.attempt)).toEqual([1, 2, 3]));
    expect(tries[0]?.maxAttempts).toBe(5);
    expect(waits[0]).toBeGreaterThan(1);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    await vi.waitFor(async () => expect(await queue.waiting()).toEqual({}));
  });

  test('for the last time counts as failed and is not tried again', async () => {
    const queue = newQueue();
    const handler = vi.fn(() => Promise.reject(new Error('on purpose')));
    queue.handle('t', handler);
    await queue.start();
    await queue.add('t', 1, { maxAttempts: 1 });
    await vi.waitFor(async () =>
      expect(await queue.waiting()).toEqual({ t: { ready: 0, later: 0, failed: 1 } }),
    );
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('for good is forgotten after a month', async () => {
    const adds = newQueue();
    await adds.addMany('t', [
      { payload: 'old', options: { key: 'old', maxAttempts: 1 } },
      { payload: 'new', options: { key: 'new', maxAttempts: 1 } },
      { payload: 'waits', options: { key: 'waits' } },
    ]);
    await systems.admin.script(
      `update tenantry_queue._private_jobs set attempts = max_attempts where key <> 'waits';
       update tenantry_queue._private_jobs set updated_at = now() - interval '31 days' where key <> 'new'`,
    );
    await newQueue().start();
    await vi.waitFor(async () =>
      expect(await systems.admin.query('select key from tenantry_queue._private_jobs order by 1')).toEqual([
        { key: 'new' },
        { key: 'waits' },
      ]),
    );
  });

  test('leaves its code in its row, and no secret there or in the log', async () => {
    const redactor = new Redactor();
    redactor.add('canary-of-the-token');
    const log = { warn: vi.fn(), error: vi.fn() };
    const queue = newQueue({ redactor, log });
    queue.handle('t', () =>
      Promise.reject(new TenantryError('ProviderRejected', 'not with canary-of-the-token')),
    );
    await queue.start();
    await queue.add('t', 1, { maxAttempts: 1 });
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalled());
    await vi.waitFor(async () =>
      expect(await systems.admin.query('select last_error from tenantry_queue._private_jobs')).toEqual([
        { last_error: 'ProviderRejected: not with [redacted]' },
      ]),
    );
    expect(JSON.stringify([log.warn.mock.calls, log.error.mock.calls])).not.toContain('canary');
  });
});

describe('stopping', () => {
  test('lets a running job come to its end and takes no new one', async () => {
    const queue = newQueue({ concurrency: 1 });
    const [started, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const seen: unknown[] = [];
    queue.handle('t', async (payload, { signal }) => {
      started.resolve();
      await release.promise;
      seen.push([payload, signal.aborted]);
    });
    await queue.start();
    await queue.add('t', 'running', { runAt: Date.now() - 1_000 });
    await started.promise;
    const adds = newQueue();
    await adds.add('t', 'waiting');
    const stopped = queue.stop();
    release.resolve();
    await stopped;
    expect(seen).toEqual([['running', false]]);
    expect(await adds.waiting()).toEqual({ t: { ready: 1, later: 0, failed: 0 } });
  });

  test('tells a job that takes too long by its signal, and the job is tried again elsewhere', async () => {
    const queue = newQueue();
    const started = Promise.withResolvers<void>();
    queue.handle('t', async (_payload, { signal }) => {
      started.resolve();
      await once(signal, 'abort');
      throw new Error('stopped');
    });
    await queue.start();
    await queue.add('t', 1);
    await started.promise;
    await queue.stop(50);
    expect(await newQueue().waiting()).toEqual({ t: { ready: 0, later: 1, failed: 0 } });
  });

  test('gives back a job that does not listen, without waiting for it', async () => {
    const queue = newQueue();
    const started = Promise.withResolvers<void>();
    queue.handle('t', () => {
      started.resolve();
      return new Promise(() => undefined);
    });
    await queue.start();
    await queue.add('t', 1);
    await started.promise;
    await queue.stop(50);
    expect(await newQueue().waiting()).toMatchObject({ t: { failed: 0 } });
  });

  test('a stopped queue takes nothing, and says so', async () => {
    const queue = newQueue();
    await queue.stop();
    await queue.stop();
    await expect(queue.add('t', 1)).rejects.toMatchObject({ code: 'ShuttingDown' });
  });
});

describe('a process that is killed', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  test('gives its jobs to another, after the time without a sign of life and not before', async () => {
    await newQueue().add('hangs', 'job');
    child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'worker-process.ts'), JSON.stringify(systems.settings)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout ?? child, 'data');
    const log = { warn: vi.fn(), error: vi.fn() };
    const { done } = await noting('hangs', { heartbeatMs: 50, deadAfterMs: 1_000, log });
    const signs = (): Promise<{ n: string }[]> =>
      systems.admin.query(
        "select count(*) as n from tenantry.queue_workers where seen_at > now() - interval '500 ms'",
      );
    await vi.waitFor(async () => expect((await signs())[0]?.n).toBe('2'));
    // For longer than a dead one is given.
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      expect(done).toEqual([]);
      await systems.admin.query('select pg_sleep(0.1)');
    }
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(done).toEqual(['job']), { timeout: 10_000 });
    expect(log.warn).toHaveBeenCalledWith(
      expect.objectContaining({ pools: [expect.any(String)] }),
      expect.any(String),
    );
  });
});

test('after all connections were lost at the end of a job, the queue goes on and no job is lost', async () => {
  const queue = newQueue({ concurrency: 2 });
  const done: unknown[] = [];
  queue.handle('t', async (payload) => {
    if (payload === 'cut' && !done.includes('cut')) await systems.cutConnections();
    done.push(payload);
  });
  await queue.start();
  await queue.add('t', 'cut');
  await vi.waitFor(() => expect(done).toContain('cut'));
  const adds = newQueue();
  await adds.add('t', 'after');
  await vi.waitFor(() => expect(done).toContain('after'), { timeout: 15_000 });
  await vi.waitFor(async () => expect(await adds.waiting()).toEqual({}), { timeout: 15_000 });
  await vi.waitFor(
    async () => expect(await systems.admin.query('select 1 from tenantry_queue._private_jobs')).toEqual([]),
    { timeout: 15_000 },
  );
});
