/** Benchmark: `tenantry plan` of a stack in which nothing is to change. */
import { type Bench, cleanEnvironment, withFreshEnvironment } from './bench.ts';
import { RAW_CLIENTS, type RawClient } from './http-loop.ts';
import { type MeasuredRun, measuredRun } from './measured-run.ts';
import { median, rounded } from './measures.ts';
import { recordedRun } from './recorded-run.ts';
import { callsOf, type ReplayResult, replay } from './replay.ts';

export const PLAN_LIMITS = { wallMs: 3000, peakRssMb: 300 } as const;

const TIMEOUT_MS = 5 * 60_000;

export interface PlanReport {
  readonly limits: typeof PLAN_LIMITS;
  readonly resources: number;
  /** API calls of one plan. */
  readonly calls: number;
  /** Whole process, start-up included, in milliseconds: the median. */
  readonly wallMs: number;
  /** The highest of all rounds, in MB (10^6 bytes). */
  readonly peakRssMb: number;
  /** Processor time, the median. */
  readonly cpuMs: number;
  /** The same calls in a plain loop: median milliseconds by client. */
  readonly floors: Readonly<Record<RawClient, FloorReport>>;
  readonly met: boolean;
  readonly rounds: readonly { readonly wallMs: number; readonly peakRssMb: number; readonly cpuMs: number }[];
}

export interface FloorReport {
  readonly wallMs: number;
  /** How many times as long the plan takes: the median of the rounds. */
  readonly timesAsLong: number;
  readonly mismatches: number;
}

interface Round {
  readonly run: MeasuredRun;
  readonly floors: Record<RawClient, ReplayResult>;
}

export async function benchPlan(bench: Bench): Promise<PlanReport> {
  return withFreshEnvironment(bench, async ({ variables }, envFile) => {
    bench.progress('plan: applying the stack, so that nothing is to change');
    await recordedRun('apply', bench.dir, variables);
    const { recording, resources, changes } = await recordedRun('plan', bench.dir, variables);
    if (changes > 0) throw new Error(`after an apply the plan still shows ${changes} changes`);
    const args = ['plan', '--stack', bench.dir, '--env-file', envFile];
    const rounds: Round[] = [];
    for (let round = 1; round <= bench.rounds; round++) {
      const run = await measuredRun(args, cleanEnvironment(), TIMEOUT_MS);
      if (run.exitCode !== 0) throw new Error(`tenantry plan ended with ${run.exitCode}:\n${run.stdout}`);
      bench.progress(`plan ${round}: ${rounded(run.wallMs)} ms, ${rounded(run.peakRssMb)} MB`);
      const floors = {} as Record<RawClient, ReplayResult>;
      for (const client of RAW_CLIENTS) floors[client] = await replay(recording, variables, client);
      rounds.push({ run, floors });
    }
    return report(rounds, resources, callsOf(recording));
  });
}

function report(rounds: readonly Round[], resources: number, calls: number): PlanReport {
  const wallMs = rounded(median(rounds.map(({ run }) => run.wallMs)));
  const peakRssMb = rounded(Math.max(...rounds.map(({ run }) => run.peakRssMb)));
  const floorOf = (client: RawClient): FloorReport => ({
    wallMs: rounded(median(rounds.map(({ floors }) => floors[client].wallMs))),
    timesAsLong: rounded(median(rounds.map(({ run, floors }) => run.wallMs / floors[client].wallMs)), 2),
    mismatches: rounds.reduce((sum, { floors }) => sum + floors[client].mismatches, 0),
  });
  return {
    limits: PLAN_LIMITS,
    resources,
    calls,
    wallMs,
    peakRssMb,
    cpuMs: rounded(median(rounds.map(({ run }) => run.cpuMs))),
    floors: { fetch: floorOf('fetch'), 'node:http': floorOf('node:http') },
    met: wallMs <= PLAN_LIMITS.wallMs && peakRssMb <= PLAN_LIMITS.peakRssMb,
    rounds: rounds.map(({ run }) => ({
      wallMs: rounded(run.wallMs),
      peakRssMb: rounded(run.peakRssMb),
      cpuMs: rounded(run.cpuMs),
    })),
  };
}
