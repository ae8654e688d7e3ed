/** Refreshes in a process that is killed or stopped at any call it makes to Vault, Postgres or the provider. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CredentialPlace } from '../../../src/credentials/store.ts';
import { asTenantryError } from '../../../src/errors.ts';
import { startTcpTap, type TcpTap } from '../../support/tcp-tap.ts';
import type { Ended, Go } from './refresh-process.ts';
import {
  ACTOR,
  LIFE,
  ORIGIN,
  type Replica,
  ROTATING,
  startTokenWorld,
  type TokenWorld,
  tokensOf,
} from './world.ts';

/** A step is a call to Vault, a message to Postgres or the call to the provider. */
export interface Point {
  /** 1 for the first step. */
  readonly at: number;
  /** True: the step is done, and only its answer is lost. */
  readonly done: boolean;
}

/**
 * - `valid`: the provider takes the token, and the refresh token in Vault makes the next one;
 * - `needs_reauthorization`: said so, to callers, in the row and in the status, with a reason;
 * - anything else is a failure, in words.
 */
export type Outcome = 'valid' | 'needs_reauthorization' | (string & {});

export interface KillRun {
  readonly outcome: Outcome;
  /** False: the refresh took fewer steps than the point. */
  readonly hit: boolean;
  /** What the step was. */
  readonly step: string;
}

export interface KillRuns {
  readonly world: TokenWorld;
  /** Steps of a refresh that nobody disturbs. */
  countSteps(): Promise<readonly string[]>;
  kill(point: Point): Promise<KillRun>;
  /** Stops the process at this step until another replica has done what it does, then lets it go on. */
  stop(at: number): Promise<KillRun & { readonly reused: number }>;
  close(): Promise<void>;
}

const PLACE: CredentialPlace = { tenant: 'tenant-0', integration: ROTATING };

/** Long enough that it never ends by itself in a run; the runs end it. */
const LEASE_MS = 60_000;
/** For stopped processes, which must see by their own clocks that it has ended. */
const SHORT_LEASE_MS = 600;

type Step = 'pass' | 'kill-before' | 'kill-after' | 'stop';

export async function startKillRuns(): Promise<KillRuns> {
  const world = await startTokenWorld();
  const survivor = await world.replica({ parts: { leaseMs: SHORT_LEASE_MS } });
  let onStep: (what: string) => Step = () => 'pass';
  /** Waits there until the process goes on. */
  let held: Promise<void> | undefined;
  const tap: TcpTap = await startTcpTap(world.db.settings, () => onStep('postgres') !== 'kill-before');
  let isChild = false;
  world.vaultProxy.fault = async ({ method, path }) => {
    const is = onStep(`vault ${method} ${path.split('/').slice(2, 4).join('/')}`);
    if (is === 'stop') await held;
    return is === 'kill-before' ? 'cut' : is === 'kill-after' ? 'lost' : 'pass';
  };
  world.provider.onCall = async () => {
    if (!isChild) return undefined;
    const is = onStep('provider');
    if (is === 'stop') await held;
    return is === 'kill-before' ? 'cut' : is === 'kill-after' ? 'lost' : undefined;
  };
  /** The next processes start while this one works. */
  const spare = [spawn(), spawn()];

  async function child(): Promise<ChildProcess> {
    spare.push(spawn());
    return (await spare.shift()) ?? (await spawn());
  }

  async function begin(
    leaseMs: number,
  ): Promise<{ process: ChildProcess; ended: Promise<Ended | undefined> }> {
    await survivor.tokens.put(PLACE, tokensOf(world.provider.grant()), ACTOR);
    world.clock.now += (LIFE + 1) * 1000;
    const process = await child();
    const go: Go = {
      tenant: PLACE.tenant,
      now: world.clock.now,
      leaseMs,
      vault: { address: world.vaultProxy.url, token: world.vaultToken },
      postgres: { ...world.db.settings, host: '127.0.0.1', port: tap.port },
      provider: { origin: ORIGIN, url: world.provider.url },
    };
    isChild = true;
    const ended = endOf(process);
    process.send(go);
    return { process, ended };
  }

  function rest(): void {
    isChild = false;
    onStep = () => 'pass';
  }

  async function endLease(): Promise<void> {
    await world.db.admin.query('update tenantry.refresh_leases set held_until = now()');
  }

  return {
    world,
    async countSteps() {
      const steps: string[] = [];
      onStep = (what) => {
        if (isChild) steps.push(what);
        return 'pass';
      };
      const { process, ended } = await begin(LEASE_MS);
      const end = await ended;
      rest();
      process.disconnect();
      if (!end || !('value' in end)) throw new Error(`the quiet run ended with ${JSON.stringify(end)}`);
      return steps;
    },

    async kill({ at, done }) {
      let count = 0;
      let step = '';
      let victim: ChildProcess | undefined;
      onStep = (what) => {
        if (!isChild || ++count !== at) return 'pass';
        step = what;
        victim?.kill('SIGKILL');
        return done ? 'kill-after' : 'kill-before';
      };
      const { process, ended } = await begin(LEASE_MS);
      victim = process;
      await ended;
      rest();
      const hit = count >= at;
      if (!hit) process.disconnect();
      await endLease();
      return { outcome: await verify(world, survivor), hit, step };
    },

    async stop(at) {
      let count = 0;
      let step = '';
      let victim: ChildProcess | undefined;
      const goesOn = Promise.withResolvers<void>();
      const stopped = Promise.withResolvers<void>();
      held = goesOn.promise;
      onStep = (what) => {
        if (!isChild || ++count !== at) return 'pass';
        step = what;
        victim?.kill('SIGSTOP');
        stopped.resolve();
        return 'stop';
      };
      const { process, ended } = await begin(SHORT_LEASE_MS);
      victim = process;
      await Promise.race([stopped.promise, ended]);
      rest();
      const hit = count >= at;
      const { reused } = world.provider;
      // The other replica waits for the lease of the stopped one to end.
      await survivor.tokens.get(PLACE).catch(() => undefined);
      goesOn.resolve();
      process.kill('SIGCONT');
      await ended;
      process.disconnect();
      const outcome = await verify(world, survivor);
      return { outcome, hit, step, reused: world.provider.reused - reused };
    },

    async close() {
      for (const last of await Promise.all(spare)) last.disconnect();
      await tap.close();
      await world.close();
    },
  };
}

async function spawn(): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'refresh-process.ts');
  const child = fork(file, [PLACE.tenant], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  await once(child, 'message');
  return child;
}

/** What it says at its end; undefined when it was killed. */
async function endOf(process: ChildProcess): Promise<Ended | undefined> {
  const said = once(process, 'message').then(([message]) => message as Ended);
  const gone = once(process, 'exit').then(() => undefined);
  return await Promise.race([said, gone]);
}

/** Uses the credential as a caller does: with one renewal after a refused token, and again when it has ended. */
async function verify(world: TokenWorld, { tokens }: Replica): Promise<Outcome> {
  try {
    for (const round of ['after the run', 'at the next refresh']) {
      let token = await tokens.get(PLACE);
      if (!world.provider.accepts(token.value)) {
        world.clock.now += 60_000;
        token = await tokens.renew(PLACE, token);
      }
      if (!world.provider.accepts(token.value)) return `a token that is not good, ${round}`;
      world.clock.now += (LIFE + 1) * 1000;
    }
    return 'valid';
  } catch (thrown) {
    const { code, message } = asTenantryError(thrown);
    if (code !== 'NeedsReauthorization') return `${code}: ${message}`;
    const status = await untilJudged(tokens);
    const isSaid = status.state === 'needs_reauthorization' && status.reason?.code === code;
    return isSaid ? 'needs_reauthorization' : `callers are told ${code}, and the status says ${status.state}`;
  }
}

/** Who waits for a refresh hears of its end before the row is written. */
async function untilJudged(tokens: Replica['tokens']): ReturnType<Replica['tokens']['status']> {
  let status = await tokens.status(PLACE);
  for (let look = 0; look < 50 && status.state !== 'needs_reauthorization'; look++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    status = await tokens.status(PLACE);
  }
  return status;
}
