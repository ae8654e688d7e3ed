/** `tenantry dev`: everything on this machine, with the stack's tenants connected and synced. */
import { once } from 'node:events';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { DevOutcome, DevSession } from '../dev/session.ts';
import { resolveStack } from '../spec/load.ts';
import { schemaOf } from '../spec/names.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { formatError } from './format/error.ts';
import { appliedCount, formatResults, succeeded } from './format/results.ts';
import { count, type Show, showFor } from './format/show.ts';
import { formatTable } from './format/table.ts';
import { completeHints } from './hints.ts';
import type { Io } from './io.ts';
import { createProgress } from './progress.ts';
import { environment, type StackOptions } from './session.ts';

interface DevOptions extends StackOptions {
  readonly once?: boolean;
  readonly dataDir?: string;
}

export function devCommand(context: CommandContext): Command {
  return stackCommand('dev', {
    summary: 'run everything on this machine, with nothing to install',
    description:
      'Starts Postgres, a development Vault, an Airbyte emulator, an identity provider and sandbox APIs on loopback, applies the stack, connects its tenants, runs the first syncs and shows what came of it. Then stays, and applies again when a document changes. For development only: everything is gone at the end, unless --data-dir is given.\nExit code 0: all went well, or stopped by Ctrl-C; 1: something failed.',
    examples: [
      'tenantry dev --stack dev',
      'tenantry dev --stack ./stacks/prod --data-dir .tenantry/data',
      'tenantry dev --once --output json',
    ],
  })
    .option('--once', 'end after the first syncs; exit code 1 if anything failed')
    .option('-d, --data-dir <folder>', 'keep databases, keys and tokens in this folder')
    .action((options: DevOptions) => report(context, options, () => dev(options, context.io)));
}

async function dev(options: DevOptions, io: Io): Promise<ExitCode> {
  const started = performance.now();
  const env = await environment(options, io);
  const dir = await resolveStack(options.stack ?? env['TENANTRY_STACK'] ?? 'dev', io.cwd);
  const envFile = join(io.cwd, '.tenantry', 'dev.env');
  const progress = createProgress(io);
  // Other commands shall not pay for loading the servers.
  const { startDevSession } = await import('../dev/session.ts');
  const session = await startDevSession({
    dir,
    env,
    ...(options.dataDir === undefined ? {} : { dataDir: resolve(io.cwd, options.dataDir) }),
    envFile,
    signal: io.stop,
    onStep: (text) => {
      progress.end();
      io.err(`• ${text}\n`);
    },
    onEvent: progress.onEvent,
  });
  try {
    const outcome = await session.run();
    progress.end();
    const durationMs = Math.round(performance.now() - started);
    if (options.output === 'json') writeJson(io, outcomeJson(outcome, durationMs));
    else io.out(formatOutcome(outcome, showFor(io, options)));
    const ok = isGood(outcome);
    if (options.once || io.stop.aborted) return ok ? 0 : 1;
    // With JSON, stdout holds the one document of the first run.
    const write = options.output === 'json' ? io.err : io.out;
    write(nextSteps(session, { dir, example: outcome.integrations.find(({ rows }) => rows > 0) }, io));
    await stay({ dir, session, io, progress, write });
    return 0;
  } finally {
    progress.end();
    await session.close();
  }
}

/** A sync that failed counts as a failure; one that waits for its credential does not. */
function isGood(outcome: DevOutcome): boolean {
  return (
    succeeded(latest(outcome.results)) &&
    outcome.integrations.every((item) => item.lastSync?.status !== 'failed')
  );
}

/** A run applies twice, before and after it connects the tenants: what became of each resource in the end. */
function latest(results: DevOutcome['results']): DevOutcome['results'] {
  return [...new Map(results.map((result) => [result.id, result])).values()];
}

function statusText(item: DevOutcome['integrations'][number]): string {
  if (item.lastSync && item.status === 'ready') {
    return item.lastSync.status === 'succeeded' ? 'ready' : `sync ${item.lastSync.status}`;
  }
  return item.status;
}

function formatOutcome(outcome: DevOutcome, show: Show): string {
  const rows = outcome.integrations.map((item) => [
    item.tenant,
    item.integration,
    statusText(item),
    String(item.rows),
    item.waitsFor === undefined ? '' : `${item.waitsFor} → ${item.nextStep ?? ''}`,
  ]);
  const table = formatTable(['TENANT', 'INTEGRATION', 'STATUS', 'ROWS', 'WAITS FOR'], rows, show);
  const results = latest(outcome.results);
  const failures = succeeded(results) ? '' : `\n${formatResults(results, show)}`;
  const changes =
    outcome.remaining === 0
      ? 'a second plan is empty'
      : `a second plan has ${count(outcome.remaining, 'change')}`;
  return `\n${table}${failures}\n${count(appliedCount(outcome.results), 'change')} applied; ${changes}.\n`;
}

function outcomeJson(outcome: DevOutcome, durationMs: number): Record<string, unknown> {
  return {
    tenants: outcome.documents.tenants.map((tenant) => ({
      tenant: tenant.metadata.name,
      schema: schemaOf(tenant),
      integrations: outcome.integrations
        .filter((item) => item.tenant === tenant.metadata.name)
        .map((item) => ({ integration: item.integration, status: statusText(item), rows: item.rows })),
    })),
    applied: appliedCount(outcome.results),
    secondPlan: { changes: outcome.remaining },
    durationMs,
  };
}

function nextSteps(
  session: DevSession,
  {
    dir,
    example,
  }: { readonly dir: string; readonly example: DevOutcome['integrations'][number] | undefined },
  io: Io,
): string {
  const { postgres, vault, airbyte } = session.environment;
  const { envFile } = session;
  const hint = completeHints({
    stack: dir,
    ...(envFile === undefined ? {} : { envFile: relative(io.cwd, envFile) }),
  });
  const sync = example ? [`sync ${example.tenant} ${example.integration} --wait`] : [];
  const commands = ['plan', 'status', ...sync, 'credentials list'].map((name) => hint(`tenantry ${name}`));
  const terminal = `\n  in a second terminal:\n${commands.map((line) => `    npx ${line}`).join('\n')}`;
  return `
Open ${session.connectUrl}/ in a browser: the web UI, which needs no key here.

For development only, on this machine only:
  Postgres  ${postgres.host}:${postgres.port}  database ${postgres.database}
  Vault     ${vault.address}
  Airbyte   ${airbyte.url}
  Sidecar   ${session.connectUrl}  its API: ${session.connectUrl}/docs

Try next:
  open a connect link above in a browser; the waiting integration goes on by itself
  change a file under ${dir}; it is applied at once${envFile === undefined ? '' : terminal}

Watching ${dir} … (Ctrl-C ends it all)
`;
}

/** Applies again after each change, one run at a time, until it is stopped. */
async function stay(parts: {
  readonly dir: string;
  readonly session: DevSession;
  readonly io: Io;
  readonly progress: ReturnType<typeof createProgress>;
  readonly write: Io['out'];
}): Promise<void> {
  const { dir, session, io, progress, write } = parts;
  const { watchStack } = await import('../dev/session.ts');
  let running = Promise.resolve();
  const again = (why: string): void => {
    running = running.then(async () => {
      if (io.stop.aborted) return;
      io.err(`\n• ${why}\n`);
      try {
        const outcome = await session.run();
        progress.end();
        write(formatOutcome(outcome, showFor(io, {})));
      } catch (error) {
        progress.end();
        io.err(formatError(error));
      }
    });
  };
  watchStack(dir, io.stop, (file) => again(`${file} changed`));
  session.onConnected(() => again('a tenant connected'));
  if (!io.stop.aborted) await once(io.stop, 'abort');
  await running;
}
