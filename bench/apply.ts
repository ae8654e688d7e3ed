/** Benchmark: `tenantry apply` from nothing, against the same calls in a plain loop. */
import { type Bench, cleanEnvironment, withFreshEnvironment } from './bench.ts';
import { RAW_CLIENTS, type RawClient } from './http-loop.ts';
import { type MeasuredRun, measuredRun } from './measured-run.ts';
import { median, perSecond, rounded } from './measures.ts';
import { type RecordedRun, recordedRun } from './recorded-run.ts';
import { callsOf, type ReplayResult, replay } from './replay.ts';

/** Rate of the apply's calls by rate of the plain loop, at least. */
export const APPLY_LIMIT = { ratio: 0.7 } as const;

const TIMEOUT_MS = 15 * 60_000;

export interface ApplyReport {
  readonly limits: typeof APPLY_LIMIT;
  readonly resources: number;
  /** API calls of one apply, the observation before it included. */
  readonly calls: number;
  /** Whole process, start-up, documents and plan included, in milliseconds: the median. */
  readonly wallMs: number;
  /** From the first call to the last answer, planning included: the median. */
  readonly callingMs: number;
  /** While it makes calls. */
  readonly callsPerSecond: number;
  /** While it makes calls. */
  readonly resourcesPerSecond: number;
  readonly peakRssMb: number;
  readonly floors: Readonly<Record<RawClient, ApplyFloorReport>>;
  readonly rounds: readonly {
    readonly wallMs: number;
    readonly callingMs: number;
    readonly floorMs: Readonly<Record<RawClient, number>>;
  }[];
}

export interface ApplyFloorReport {
  readonly wallMs: number;
  readonly callsPerSecond: number;
  /** Rate of the apply from its first call to its last, by rate of the loop: the median of the rounds. */
  readonly ratio: number;
  /** The same with the start-up of the process and the reading of the documents counted against the apply. */
  readonly ratioWholeProcess: number;
  /** Each reading of the limit is judged by itself: which loop is "plain", and whether start-up counts, is open. */
  readonly met: boolean;
  readonly metWholeProcess: boolean;
  readonly mismatches: number;
}

interface Round {
  readonly run: MeasuredRun;
  readonly floors: Record<RawClient, ReplayResult>;
}

export async function benchApply(bench: Bench): Promise<ApplyReport> {
  bench.progress('apply: recording the calls of one run');
  const recorded = await withFreshEnvironment(bench, ({ variables }) =>
    recordedRun('apply', bench.dir, variables),
  );
  const failed = recorded.results.find((result) => result.problem !== undefined);
  if (failed) throw new Error(`the apply failed at ${failed.id}: ${failed.problem?.message}`);
  const rounds: Round[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    rounds.push(await oneRound(bench, recorded, round));
  }
  return report(rounds, recorded);
}

/** Each run gets an environment of its own, and so do the floors: a server that has run for long is a faster one. */
async function oneRound(bench: Bench, recorded: RecordedRun, round: number): Promise<Round> {
  const run = await withFreshEnvironment(bench, (_environment, envFile) =>
    measuredRun(
      ['apply', '--yes', '--stack', bench.dir, '--env-file', envFile],
      cleanEnvironment(),
      TIMEOUT_MS,
    ),
  );
  if (run.exitCode !== 0) throw new Error(`tenantry apply ended with ${run.exitCode}:\n${run.stdout}`);
  const floors = {} as Record<RawClient, ReplayResult>;
  for (const client of RAW_CLIENTS) {
    floors[client] = await withFreshEnvironment(bench, ({ variables }) =>
      replay(recorded.recording, variables, client),
    );
  }
  const loops = RAW_CLIENTS.map((client) => `${client} ${rounded(floors[client].wallMs)} ms`);
  bench.progress(
    `apply ${round}: ${rounded(run.wallMs)} ms, ${rounded(run.callingMs)} ms of it with calls; plain loop: ${loops.join(', ')}`,
  );
  return { run, floors };
}

function report(rounds: readonly Round[], { recording, resources }: RecordedRun): ApplyReport {
  const calls = callsOf(recording);
  const callingMs = median(rounds.map(({ run }) => run.callingMs));
  const floorOf = (client: RawClient): ApplyFloorReport => {
    const floorMs = median(rounds.map(({ floors }) => floors[client].wallMs));
    const ratioTo = (time: (run: MeasuredRun) => number): number =>
      rounded(median(rounds.map(({ run, floors }) => floors[client].wallMs / time(run))), 2);
    const ratio = ratioTo((run) => run.callingMs);
    const ratioWholeProcess = ratioTo((run) => run.wallMs);
    return {
      wallMs: rounded(floorMs),
      callsPerSecond: perSecond(calls, floorMs),
      ratio,
      ratioWholeProcess,
      met: ratio >= APPLY_LIMIT.ratio,
      metWholeProcess: ratioWholeProcess >= APPLY_LIMIT.ratio,
      mismatches: rounds.reduce((sum, { floors }) => sum + floors[client].mismatches, 0),
    };
  };
  const floors = { fetch: floorOf('fetch'), 'node:http': floorOf('node:http') };
  return {
    limits: APPLY_LIMIT,
    resources,
    calls,
    wallMs: rounded(median(rounds.map(({ run }) => run.wallMs))),
    callingMs: rounded(callingMs),
    callsPerSecond: perSecond(calls, callingMs),
    resourcesPerSecond: perSecond(resources, callingMs),
    peakRssMb: rounded(Math.max(...rounds.map(({ run }) => run.peakRssMb))),
    floors,
    rounds: rounds.map(({ run, floors: measured }) => ({
      wallMs: rounded(run.wallMs),
      callingMs: rounded(run.callingMs),
      floorMs: {
        fetch: rounded(measured.fetch.wallMs),
        'node:http': rounded(measured['node:http'].wallMs),
      },
    })),
  };
}
