/** One replica of refresh-hour: token custody and its queue, in a process of its own. */
import { connect } from '../../src/clients/connect.ts';
import type { PostgresOptions } from '../../src/clients/postgres.ts';
import { resolveSettings } from '../../src/clients/settings.ts';
import { createAccessLog } from '../../src/sidecar/audit/database-log.ts';
import { createDatabase } from '../../src/sidecar/database/pooled-database.ts';
import { createMetrics } from '../../src/sidecar/metrics.ts';
import { createProviders } from '../../src/sidecar/providers/providers.ts';
import { createQueue } from '../../src/sidecar/queue/worker-queue.ts';
import { createTokenService } from '../../src/sidecar/tokens/create.ts';
import { registerTokenJobs } from '../../src/sidecar/tokens/jobs.ts';
import { sidecarSettingsOf, testContext } from '../../test/support/sidecar-context.ts';
import { type FastClock, ORIGIN, stackOf, timeOf } from './refresh-hour-stack.ts';

export interface ReplicaStart {
  readonly credentials: number;
  readonly clock: FastClock;
  readonly variables: Readonly<Record<string, string>>;
  readonly postgres: PostgresOptions;
  readonly provider: string;
}

export interface ReplicaEnd {
  readonly cpuMs: number;
  readonly transactions: number;
  readonly vaultCalls: number;
  readonly mostMemoryMb: number;
}

process.once('message', (start: ReplicaStart) => {
  run(start).catch((error: unknown) => {
    process.stderr.write(`refresh-hour: a replica failed: ${String(error)}\n`);
    process.exit(1);
  });
});

async function run({ credentials, clock, variables, postgres, provider }: ReplicaStart): Promise<void> {
  const view = await stackOf(credentials);
  const now = (): number => timeOf(clock);
  const env = { ...variables, SECRET: 'secret-of-the-app' };
  let transactions = 0;
  let vaultCalls = 0;
  const backends = await connect(resolveSettings(view.platform, env), {
    env,
    onCall: ({ backend }) => {
      if (backend === 'vault') vaultCalls++;
    },
  });
  const { vault, secrets, redactor } = backends;
  const database = createDatabase({ ...postgres, concurrency: 10, onCall: () => transactions++ });
  const settings = sidecarSettingsOf(
    { tokens: { concurrency: 32 } },
    { providerOrigins: { [ORIGIN]: provider } },
  );
  const { log } = testContext({ redactor });
  const queue = createQueue({
    connection: postgres,
    concurrency: 32,
    // A look at the queue costs the same at any speed; a quarter of a second late is no matter at any, too.
    pollMs: 250,
    now,
  });
  const accessLog = createAccessLog({ database, log, now });
  const tokens = createTokenService({
    vault,
    database,
    queue,
    providers: createProviders({ secrets, redactor, settings, env, now }),
    stack: { current: () => view },
    redactor,
    metrics: createMetrics(),
    accessLog,
    settings,
    log,
    now,
    env,
  });
  registerTokenJobs(queue, { ...tokens, reconcile: async () => undefined });
  await tokens.start();
  process.send?.('ready');
  process.once('message', () => {
    void queue.start();
  });
  process.once('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    if (message !== 'stop') return;
    const stop = async (): Promise<void> => {
      await queue.stop();
      await tokens.close();
      await accessLog.flush();
      await database.close();
      await backends.close();
      const { user, system } = process.cpuUsage();
      const end: ReplicaEnd = {
        cpuMs: (user + system) / 1000,
        transactions,
        vaultCalls,
        mostMemoryMb: process.resourceUsage().maxRSS / 1024,
      };
      process.send?.(end);
      process.disconnect();
    };
    void stop();
  });
}
