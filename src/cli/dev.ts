/** `tenantry dev`: everything on this machine, with the stack's tenants connected and synced. */
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { DevOutcome, DevSession } from '../dev/session.ts';
import { resolveStack } from '../spec/load.ts';
import { schemaOf } from '../spec/names.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { formatError } from './format/error.ts';
import { appliedCount, formatResults, succeeded } from './format/results.ts';
import { formatTable } from './format/table.ts';
import type { Io } from './io.ts';
import { createProgress } from './progress.ts';
import type { StackOptions } from './session.ts';

interface DevOptions extends StackOptions {
  readonly once?: boolean;
  readonly dataDir?: string;
}

export function devCommand(context: CommandContext): Command {
  return stackCommand(
    'dev',
    'run everything on this machine, with nothing to install',
    'Starts Postgres, a development Vault, an Airbyte emulator, an identity provider and sandbox APIs on loopback, applies the\nstack, connects its tenants, runs the first syncs and shows what came of it. Then stays, and applies again when a\ndocument changes. For development only: everything is gone at the end, unless --data-dir is given.',
  )
    .option('--once', 'end after the first syncs; exit code 1 if anything failed')
    .option('-d, --data-dir <folder>', 'keep databases, keys and tokens in this folder')
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry dev --stack dev\n  tenantry dev --stack ./stacks/prod --data-dir .tenantry/data\n  tenantry dev --once --output json',
    )
    .action((options: DevOptions) => report(context, options.output, () => dev(options, context.io)));
}

async function dev(options: DevOptions, io: Io): Promise<ExitCode> {
  const started = performance.now();
  const dir = await resolveStack(options.stack ?? io.env['TENANTRY_STACK'] ?? 'dev', io.cwd);
  const envFile = join(io.cwd, '.tenantry', 'dev.env');
  const progress = createProgress(io);
  // Other commands shall not pay for loading the servers.
  const { startDevSession } = await import('../dev/session.ts');
  const session = await startDevSession({
    dir,
    env: io.env,
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
    else io.out(formatOutcome(outcome, io));
    const ok = isGood(outcome);
    if (options.once || io.stop.aborted) return ok ? 0 : 1;
    io.out(nextSteps(session, envFile, dir));
    await stay({ dir, session, io, progress });
    return 0;
  } finally {
    progress.end();
    await session.close();
  }
}

/** A sync that failed counts as a failure; one that waits for its credential does not. */
function isGood(outcome: DevOutcome): boolean {
  return (
    succeeded(outcome.results) && outcome.integrations.every((item) => item.lastSync?.status !== 'failed')
  );
}

function statusText(item: DevOutcome['integrations'][number]): string {
  if (item.lastSync && item.status === 'ready') {
    return item.lastSync.status === 'succeeded' ? 'ready' : `sync ${item.lastSync.status}`;
  }
  return item.status;
}

function formatOutcome(outcome: DevOutcome, io: Io): string {
  const rows = outcome.integrations.map((item) => [
    item.tenant,
    item.integration,
    statusText(item),
    String(item.rows),
    item.waitsFor === undefined ? '' : `${item.waitsFor} → ${item.nextStep ?? ''}`,
  ]);
  const table = formatTable(['TENANT', 'INTEGRATION', 'STATUS', 'ROWS', 'WAITS FOR'], rows, io);
  const failures = succeeded(outcome.results) ? '' : `\n${formatResults(outcome.results, io)}`;
  const changes =
    outcome.remaining === 0 ? 'a second plan is empty' : `a second plan has ${outcome.remaining} changes`;
  return `\n${table}${failures}\n${appliedCount(outcome.results)} changes applied; ${changes}.\n`;
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

function nextSteps(session: DevSession, envFile: string, dir: string): string {
  const { postgres, vault, airbyte } = session.environment;
  return `
For development only, on this machine only:
  Postgres  ${postgres.host}:${postgres.port}  database ${postgres.database}
  Vault     ${vault.address}
  Airbyte   ${airbyte.url}
  Connect   ${session.connectUrl}

Try next:
  open a connect link above in a browser; the waiting integration goes on by itself
  change a file under ${dir}; it is applied at once
  in a second terminal:
    npx tenantry plan --stack ${dir} --env-file ${envFile}
    npx tenantry status --stack ${dir} --env-file ${envFile}

Watching ${dir} … (Ctrl-C ends it all)
`;
}

/** Applies again after each change, one run at a time, until it is stopped. */
async function stay(parts: {
  readonly dir: string;
  readonly session: DevSession;
  readonly io: Io;
  readonly progress: ReturnType<typeof createProgress>;
}): Promise<void> {
  const { dir, session, io, progress } = parts;
  const { watchStack } = await import('../dev/session.ts');
  let running = Promise.resolve();
  const again = (why: string): void => {
    running = running.then(async () => {
      if (io.stop.aborted) return;
      io.err(`\n• ${why}\n`);
      try {
        const outcome = await session.run();
        progress.end();
        io.out(formatOutcome(outcome, io));
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
