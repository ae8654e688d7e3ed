/** Carries a plan out for the CLI: with the stack's lock, progress on stderr and graceful stopping. */

import { apply } from '../reconcile/apply.ts';
import type { ResourceResult } from '../reconcile/events.ts';
import { allSteps } from '../reconcile/plan.ts';
import { limitsOf, type Prepared, type PrepareInput, prepare } from '../reconcile/run.ts';
import { isChange } from '../reconcile/step.ts';
import type { Owner } from '../resources/mark.ts';
import { type ExitCode, writeJson } from './command.ts';
import { formatPlan, type PlanTextOptions, planJson } from './format/plan.ts';
import { formatResults, resultsJson, succeeded } from './format/results.ts';
import { showFor } from './format/show.ts';
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
  return withLocks(session, [session.owner], io, work);
}

/** The same for the runs of several owners. */
export function withLocks<T>(
  session: Session,
  owners: readonly Owner[],
  io: Io,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  // Always in the same order, so that no two runs wait for each other.
  const take = (left: readonly Owner[], stop: AbortSignal): Promise<T> => {
    const [owner, ...more] = left;
    if (owner === undefined) return work(stop);
    // A lost lock stops the run as a person would: what is under way ends, nothing more is begun.
    const guarded = (lost: AbortSignal): Promise<T> => take(more, AbortSignal.any([stop, lost]));
    const whose = owner === session.owner ? 'this stack' : owner;
    return session.backends.postgres.withLock(`tenantry ${owner}`, guarded, {
      waitMs: LOCK_WAIT_MS,
      signal: io.stop,
      onWait: () => io.err(`another apply of ${whose} is running; waiting for it (Ctrl-C gives up)\n`),
    });
  };
  return take([...new Set(owners)].sort(), io.stop);
}

/** Observes and plans, with a line about it where somebody watches. */
export async function look(input: PrepareInput, io: Io): Promise<Prepared> {
  const progress = createProgress(io);
  try {
    return await prepare({ ...input, onProgress: progress.onProgress });
  } finally {
    progress.end();
  }
}

export interface Execution extends PlanTextOptions {
  readonly session: Session;
  readonly prepared: Prepared;
  readonly stop: AbortSignal;
  readonly options: StackOptions;
  /** Asks a person before anything is changed; not called when nothing would be. */
  readonly ask: (changes: number) => Promise<void>;
}

/** Shows the plan, asks, carries it out and shows what came of it. */
export async function carryOut(execution: Execution, io: Io): Promise<ExitCode> {
  const { prepared, options, ask } = execution;
  const show = showFor(io, options);
  const steps = allSteps(prepared.plan);
  const changes = steps.filter(isChange).length;
  const text = formatPlan(prepared.plan, show, execution);
  if (options.output === 'text') io.out(text);
  // A person who is asked wants to see what for, also where stdout is for a program.
  else if (io.interactive && changes > 0) io.err(text);
  if (changes > 0) await ask(changes);
  const results = await execute(execution, io);
  if (options.output === 'json') {
    writeJson(io, { ...resultsJson(results, show.hint), plan: planJson(prepared.plan, show.hint) });
  } else if (changes > 0 || !succeeded(results)) io.out(formatResults(results, show, steps));
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
