/** A process that takes a job and never ends it: it is there to be killed. Arguments: JSON of the connection. */
import type { PostgresOptions } from '../../../src/clients/postgres.ts';
import { createQueue } from '../../../src/sidecar/queue/worker-queue.ts';

const connection = JSON.parse(process.argv[2] ?? '') as PostgresOptions;
const queue = createQueue({ connection, heartbeatMs: 50, deadAfterMs: 1_000 });
queue.handle('hangs', async () => {
  process.stdout.write('taken\n');
  await new Promise(() => setInterval(() => undefined, 1_000));
});
await queue.start();
