/** Leader election on a Lease: who leads stops by its own clock before anybody else may begin. */
import { untilCancelled } from '../../clients/http.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { type SetTimer, setNodeTimer } from '../queue/create.ts';
import type { ElectionOptions } from './leader.ts';
import { LeaseLock } from './lease-lock.ts';

/** client-go's, which suit API servers that are restarted or slow for some seconds. */
const LEASE_SECONDS = 15;
const RENEW_DEADLINE_SECONDS = 10;
const RETRY_SECONDS = 2;

/** Followers do not ask in step: each waits up to a fifth longer than the time between tries. */
const JITTER = 0.2;

/** How much later than the end of a Lease a follower tries at most, so that several do not collide. */
const TAKE_OVER_JITTER_MS = 200;

/**
 * Takes part until the signal aborts; then the Lease is released, and the promise resolves. Whatever the API server does
 * is survived. At most one replica leads at a time as long as their clocks run equally fast, whatever time they show.
 * @throws InvalidUsage where the times do not fit together
 */
export async function runElection(options: ElectionOptions): Promise<void> {
  const election = new Election(options);
  while (!options.signal.aborted) {
    const since = await election.untilTaken();
    if (since !== undefined) await election.leadWhileHeld(since);
  }
  await election.release();
}

class Election {
  readonly #options: ElectionOptions;
  readonly #lock: LeaseLock;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #setTimer: SetTimer;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  readonly #callMs: number;
  #told = '';
  #fault = '';

  constructor(options: ElectionOptions) {
    const lease = options.leaseSeconds ?? LEASE_SECONDS;
    const deadline = options.renewDeadlineSeconds ?? RENEW_DEADLINE_SECONDS;
    const retry = options.retrySeconds ?? RETRY_SECONDS;
    if (!(lease > deadline && deadline > retry * (1 + JITTER) && retry > 0)) {
      const found = `${lease}, ${deadline} and ${retry} s`;
      throw new TenantryError('InvalidUsage', `the times of leader election do not fit together: ${found}`, {
        hint: 'a Lease lasts longer than the deadline to renew it, and that longer than the time between tries',
      });
    }
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
    this.#setTimer = options.setTimer ?? setNodeTimer;
    this.#deadlineMs = deadline * 1000;
    this.#retryMs = retry * 1000;
    // Two calls that hang fit before the deadline.
    this.#callMs = this.#deadlineMs / 2;
    const { kube, namespace, name, identity, wallClock = Date.now } = options;
    const times = { seconds: Math.ceil(lease), callMs: this.#callMs, now: this.#now, wallClock };
    this.#lock = new LeaseLock({ kube, namespace, name, identity, ...times });
  }

  /** @returns the time from which the Lease is ours; undefined when the signal has aborted */
  async untilTaken(): Promise<number | undefined> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      // The answer may come late: others count from when they see the record, which can be as early as we asked.
      const asked = this.#now();
      const taken = await this.#attempt((limit) => this.#lock.acquire(limit), signal);
      if (taken && this.#now() < asked + this.#deadlineMs) return asked;
      this.#tell(false);
      await this.#sleep(this.#followMs(), signal);
    }
    return undefined;
  }

  /** Leads from a Lease taken at that time until `lead` has settled. */
  async leadWhileHeld(since: number): Promise<void> {
    const lost = new AbortController();
    const settled = new AbortController();
    if (this.#options.signal.aborted) return;
    this.#tell(true);
    const work = this.#lead(lost.signal).finally(() => settled.abort());
    await this.#renew(since, lost, AbortSignal.any([lost.signal, settled.signal]));
    await work;
    this.#tell(false);
    if (this.#options.signal.aborted) return;
    // Whoever cannot lead although it holds the Lease lets another one try first.
    if (!lost.signal.aborted) await this.release();
    await this.#sleep(this.#retryMs * (1 + JITTER * this.#random()), this.#options.signal);
  }

  async #lead(lost: AbortSignal): Promise<void> {
    try {
      await this.#options.lead(lost);
    } catch (error) {
      this.#options.onFault?.(asTenantryError(error));
    }
  }

  /** Renews until `end` aborts; aborts `lost` when the Lease is another's, or the time since the last renewal is over. */
  async #renew(since: number, lost: AbortController, end: AbortSignal): Promise<void> {
    const lose = (): void => {
      if (end.aborted) return;
      lost.abort();
      this.#tell(false);
    };
    let renewed = since;
    // A timer of its own: a call that hangs, or hears no signal, must not keep us leading.
    const arm = (): (() => void) => this.#setTimer(lose, renewed + this.#deadlineMs - this.#now());
    let disarm = arm();
    while (!end.aborted) {
      await this.#sleep(this.#retryMs, end);
      if (end.aborted) break;
      const asked = this.#now();
      const held = await this.#attempt((limit) => this.#lock.acquire(limit), end);
      const isTaken = held === false && this.#lock.holder !== this.#options.identity;
      if (isTaken || this.#now() >= renewed + this.#deadlineMs) lose();
      else if (held) {
        renewed = asked;
        disarm();
        disarm = arm();
      }
    }
    disarm();
  }

  /** Lets the next one in, also where a call was cut off that may have taken the Lease for us. */
  async release(): Promise<void> {
    if (!this.#lock.mayBeOurs) return;
    await this.#attempt((limit) => this.#lock.release(limit), new AbortController().signal);
    this.#tell(false);
  }

  /** One try within its time; undefined when it failed, which is told. */
  async #attempt<T>(work: (limit: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const limit = new AbortController();
    const cancel = this.#setTimer(() => limit.abort(), this.#callMs);
    const either = AbortSignal.any([limit.signal, signal]);
    try {
      const result = await untilCancelled(work(either), either);
      this.#fault = '';
      this.#options.onContact?.();
      return result;
    } catch (error) {
      if (!signal.aborted) this.#tellFault(limit.signal.aborted ? this.#noAnswer() : asTenantryError(error));
      return undefined;
    } finally {
      cancel();
    }
  }

  #noAnswer(): TenantryError {
    const { namespace, name } = this.#options;
    const what = `no answer about the Lease ${namespace}/${name} in ${this.#callMs / 1000} s`;
    return new TenantryError('KubernetesUnreachable', what);
  }

  /** To the next look: soon after the end of the holder's time where that comes first. */
  #followMs(): number {
    const retry = this.#retryMs * (1 + JITTER * this.#random());
    const until = this.#lock.heldUntil;
    const left = until === undefined ? 0 : until - this.#now();
    return left > 0 ? Math.min(retry, left + TAKE_OVER_JITTER_MS * this.#random()) : retry;
  }

  #tell(leading: boolean): void {
    const { holder } = this.#lock;
    const state = JSON.stringify([leading, holder]);
    if (state === this.#told) return;
    this.#told = state;
    this.#options.onChange?.({ leading, holder });
  }

  #tellFault(error: TenantryError): void {
    const fault = `${error.code} ${error.message}`;
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#options.onFault?.(error);
  }

  /** Ends early when the signal aborts. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#setTimer(resolve, ms);
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    await promise;
    signal.removeEventListener('abort', stop);
    cancel();
  }
}
