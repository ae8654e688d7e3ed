/** One replica of the benchmark of syncs, in a process of its own: the runner with its queue. */
import type { PostgresOptions } from '../../src/clients/postgres.ts';
import { createReplica, placesOf, viewOf } from '../../test/support/sync-replica.ts';
import { type PacedClock, timeOf } from './clock.ts';
import { scheduleOf } from './schedules.ts';

export interface ReplicaStart {
  readonly connections: number;
  readonly mix: 'day' | 'hourly';
  readonly clock: PacedClock;
  readonly postgres: PostgresOptions;
  readonly stub: string;
  readonly concurrency: number;
}

process.once('message', (start: ReplicaStart) => {
  run(start).catch((error: unknown) => {
    process.stderr.write(`syncs: a replica failed: ${String(error)}\n`);
    process.exit(1);
  });
});

async function run(start: ReplicaStart): Promise<void> {
  const { connections, mix, clock, postgres, stub, concurrency } = start;
  const view = await viewOf(placesOf(connections), { schedule: (index) => scheduleOf(mix, index) });
  const replica = createReplica({
    connection: postgres,
    stub,
    now: () => timeOf(clock),
    view: () => view,
    concurrency,
    // The queue's own times are real ones: at 60 times the speed these are 2 seconds, 10 seconds and a minute.
    pollMs: 33,
    heartbeatMs: 167,
    deadAfterMs: 1_000,
  });
  await replica.start();
  process.send?.('ready');
  process.once('disconnect', () => process.exit(0));
}
