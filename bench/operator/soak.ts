/** Everything fails for minutes while documents change: at the end the world must be as the last documents say. */
import { setTimeout as timer } from 'node:timers/promises';
import { seedCredentials } from '../environment.ts';
import { rounded } from '../measures.ts';
import { type Churn, createChurn } from './churn.ts';
import { compare } from './compare.ts';
import { type OperatorBench, seededRandom } from './context.ts';
import { type Fault, type FaultWorld, startFaultWorld } from './fault-world.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { seededObjects, untilAllReady } from './small-world.ts';

const REPLICAS = 2;
/** Longest fault and longest pause between two of the same loop, in milliseconds. */
const FAULT_MS = 6_000;
const PAUSE_MS = 6_000;
const CHANGE_EVERY_MS = 1_000;
const OPERATOR_LIFE_MS = 40_000;
/** A credential that comes without the sidecar is seen by the next look. */
const POLL_SECONDS = 30;
const QUIET_WITHIN_MS = 300_000;
/** Longer than the wait after many failures. */
const QUIET_MS = 75_000;

export async function soak(bench: OperatorBench, tenants: number): Promise<object> {
  const random = seededRandom(bench.seed);
  const world = await startFaultWorld(bench.program);
  const replicas: OperatorProcess[] = [];
  try {
    const objects = await seededObjects(world.environment, { ...bench, tenants });
    const churn = createChurn({
      client: world.client,
      objects,
      random,
      connect: (account) => seedCredentials(world.environment, [account]),
    });
    for (let index = 0; index < REPLICAS; index++) replicas.push(await startReplica(world));
    await churn.createAll();
    await untilAllReady(world.client, objects.length, QUIET_WITHIN_MS);
    bench.progress(
      `soak: ${objects.length} objects are ready; faults for ${bench.minutes} min, seed ${bench.seed}`,
    );
    const storm = await raise({ bench, world, replicas, churn, random, crashes: 0 });
    const calmAt = performance.now();
    await untilAllReady(world.client, churn.wanted.size, QUIET_WITHIN_MS);
    const convergedMs = performance.now() - calmAt;
    bench.progress(`soak: converged ${rounded(convergedMs / 1000)} s after the last fault`);
    await timer(QUIET_MS);
    const stays = await untilAllReady(world.client, churn.wanted.size, 1);
    return {
      seed: bench.seed,
      minutes: bench.minutes,
      objects: objects.length,
      ...storm,
      secondsToConverge: rounded(convergedMs / 1000, 1),
      quietSeconds: rounded((QUIET_MS + stays) / 1000),
      ...(await compare(world, churn.wanted)),
    };
  } finally {
    await Promise.all(replicas.map((operator) => operator.kill('SIGKILL')));
    await world.close();
  }
}

function startReplica(world: FaultWorld): Promise<OperatorProcess> {
  return startOperatorProcess(
    { ...world, variables: world.variables },
    { args: ['--poll-interval', String(POLL_SECONDS)] },
  );
}

interface Storm {
  readonly bench: OperatorBench;
  readonly world: FaultWorld;
  readonly replicas: OperatorProcess[];
  readonly churn: Churn;
  readonly random: () => number;
  /** Operators that ended by themselves. */
  crashes: number;
}

/** How long it goes on. */
interface Span {
  isOver(): boolean;
  /** Sleeps, but not past the end. */
  pause(ms: number): Promise<void>;
}

/** Faults of the backends, faults of the API server, deaths of operators and changes of documents, side by side. */
async function raise(storm: Storm): Promise<object> {
  const { bench, world, random } = storm;
  const until = performance.now() + bench.minutes * 60_000;
  const isOver = (): boolean => performance.now() >= until;
  // Nobody sleeps past the end: how soon the world converges is counted from there.
  const pause = (ms: number): Promise<void> => timer(Math.max(0, Math.min(ms, until - performance.now())));
  const happened: Record<string, number> = {};
  const loop = async (faults: readonly Fault[]): Promise<void> => {
    while (!isOver()) {
      await pause(1_000 + random() * PAUSE_MS);
      const fault = faults[Math.floor(random() * faults.length)];
      if (fault === undefined || isOver()) return;
      happened[fault.name] = (happened[fault.name] ?? 0) + 1;
      await fault.happen(500 + random() * FAULT_MS);
    }
  };
  const of = (system: Fault['system']): Fault[] => world.faults.filter((fault) => fault.system === system);
  let changes = 0;
  const change = async (): Promise<void> => {
    while (!isOver()) {
      await storm.churn.next();
      changes += 1;
      await pause(random() * 2 * CHANGE_EVERY_MS);
    }
  };
  await Promise.all([
    loop(of('kubernetes')),
    loop(of('vault')),
    loop(of('postgres')),
    loop(of('airbyte')),
    change(),
    killOperators(storm, { isOver, pause }, happened),
    reviveOperators(storm, { isOver, pause }),
  ]);
  return { faults: happened, operatorCrashes: storm.crashes, changes, changesByKind: storm.churn.counts };
}

async function killOperators(
  { world, replicas, random }: Storm,
  { isOver, pause }: Span,
  happened: Record<string, number>,
): Promise<void> {
  while (!isOver()) {
    await pause((0.5 + random()) * OPERATOR_LIFE_MS);
    if (isOver()) return;
    const index = Math.floor(random() * replicas.length);
    const signal = random() < 0.7 ? 'SIGKILL' : 'SIGTERM';
    happened[`operator ${signal}`] = (happened[`operator ${signal}`] ?? 0) + 1;
    await replicas[index]?.kill(signal);
    replicas[index] = await startReplica(world);
  }
}

/** As a kubelet does it: what has ended by itself is started again, and counted. */
async function reviveOperators(storm: Storm, { isOver, pause }: Span): Promise<void> {
  const { world, replicas } = storm;
  while (!isOver()) {
    await pause(1_000);
    const index = replicas.findIndex((operator) => operator.hasCrashed());
    if (index < 0) continue;
    storm.crashes += 1;
    replicas[index] = await startReplica(world);
  }
}
