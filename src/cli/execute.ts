/** Carries a plan out for the CLI: with the stack's lock, progress on stderr and graceful stopping. */
import { apply } from '../reconcile/apply.ts';
import type { ResourceResult } from '../reconcile/events.ts';
import { limitsOf, type Prepared } from '../reconcile/run.ts';
import { isChange } from '../reconcile/step.ts';
import { type ExitCode, writeJson } from './command.ts';
import { allSteps, formatPlan, planJson } from './format/plan.ts';
import { formatResults, resultsJson, succeeded } from './format/results.ts';
import type { Io } from './io.ts';
import { createProgress } from './progress.ts';
import type { Session, StackOptions } from './session.ts';

/** How long to wait for another apply of the same stack, in milliseconds. */
const LOCK_WAIT_MS = 10 * 60_000;

/**
 * Only one run at a time changes a stack: names in Airbyte are not unique, and two runs could make an object twice.
 * The lock is a Postgres advisory lock, so a killed run leaves none behind.
 */
export function withStackLock<T>(
  session: Session,
  io: Io,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  // A lost lock stops the run as a person would: what is under way ends, nothing more is begun.
  const guarded = (lost: AbortSignal): Promise<T> => work(AbortSignal.any([io.stop, lost]));
  return session.backends.postgres.withLock(`tenantry ${session.owner}`, guarded, {
    waitMs: LOCK_WAIT_MS,
    signal: io.stop,
    onWait: () => io.err('another apply of this stack is running; waiting for it\n'),
  });
}

export interface Execution {
  readonly session: Session;
  readonly prepared: Prepared;
  readonly stop: AbortSignal;
  readonly output: StackOptions['output'];
  /** Asks a person before anything is changed; not called when nothing would be. */
  readonly ask: (changes: number) => Promise<void>;
}

/** Shows the plan, asks, carries it out and shows what came of it. */
export async function carryOut(execution: Execution, io: Io): Promise<ExitCode> {
  const { prepared, output, ask } = execution;
  const changes = allSteps(prepared.plan).filter(isChange).length;
  if (output === 'text') io.out(formatPlan(prepared.plan, io));
  if (changes > 0) await ask(changes);
  const results = await execute(execution, io);
  if (output === 'json') writeJson(io, { plan: planJson(prepared.plan), ...resultsJson(results) });
  else if (changes > 0 || !succeeded(results)) io.out(formatResults(results, io));
  return succeeded(results) ? 0 : 1;
}

async function execute({ session, prepared, stop }: Execution, io: Io): Promise<ResourceResult[]> {
  const progress = createProgress(io);
  try {
    return await apply(prepared, session.world, {
      limits: limitsOf(session.backends.settings),
      onEvent: progress.onEvent,
      stop,
    });
  } finally {
    progress.end();
  }
}
