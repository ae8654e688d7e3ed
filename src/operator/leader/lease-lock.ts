/** The Lease as a lock: one look or write at a time, judged by our own clock alone. */
import { TenantryError } from '../../errors.ts';
import type { KubeClient, KubeOptions } from '../kube/client.ts';
import {
  claimed,
  durationMsOf,
  holderOf,
  type Lease,
  leasePath,
  newLease,
  recordOf,
  released,
} from './lease.ts';

export interface LeaseLockOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Whole seconds. */
  readonly seconds: number;
  /** Limit of one call, in milliseconds. */
  readonly callMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

/** Refusals of a write that what we remember may be the cause of. */
const LOOK_AGAIN: readonly string[] = ['Conflict', 'NotFound', 'KubernetesRejected'];

export class LeaseLock {
  readonly #options: LeaseLockOptions;
  /** As it was last read or written. */
  #lease: Lease | undefined;
  /** Nothing tells that somebody else has written it since. */
  #isCurrent = false;
  /** A write was cut off: the API server may have carried it out. */
  #isUnsettled = false;
  /** The record of a holder that was seen last, kept when the Lease is deleted under it. */
  #seen: { readonly record: string; readonly holder: string | undefined; readonly until: number } | undefined;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  /** Undefined when nobody held the Lease at the last look. */
  get holder(): string | undefined {
    return holderOf(this.#lease);
  }

  /** What we know does not exclude that we hold it. */
  get mayBeOurs(): boolean {
    return this.#isUnsettled || this.holder === this.#options.identity;
  }

  /** When the holder that was seen last may be replaced, unless it renews; undefined when nobody else holds it. */
  get heldUntil(): number | undefined {
    const { identity } = this.#options;
    return this.#seen?.holder === undefined || this.#seen.holder === identity ? undefined : this.#seen.until;
  }

  /**
   * Takes the Lease, or renews it.
   * @returns false while another holds it
   * @throws TenantryError of a call that failed: whether it was written is then not known
   */
  async acquire(signal: AbortSignal): Promise<boolean> {
    // Who holds it need not look first: the resourceVersion tells when somebody else has written.
    if (this.#isCurrent && this.#lease !== undefined && this.holder === this.#options.identity) {
      if (await this.#write(claimed(this.#lease, this.#claim()), signal)) return true;
    }
    await this.#look(signal);
    if (this.#isHeldByAnother()) return false;
    const { namespace, name } = this.#options;
    const next = this.#lease ? claimed(this.#lease, this.#claim()) : newLease(namespace, name, this.#claim());
    return await this.#write(next, signal);
  }

  /** Lets the next one in at once. Nothing happens when the Lease is not ours any more. */
  async release(signal: AbortSignal): Promise<void> {
    const { identity, wallClock } = this.#options;
    for (let tries = 0; tries < 2; tries++) {
      if (!this.#isCurrent || this.#isUnsettled) await this.#look(signal);
      if (this.#lease === undefined || this.holder !== identity) return;
      if (await this.#write(released(this.#lease, wallClock()), signal)) return;
    }
  }

  /** A holder whose Lease was deleted may still believe that it leads, for as long as its last record said. */
  #isHeldByAnother(): boolean {
    const until = this.heldUntil;
    return until !== undefined && this.#options.now() < until;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { kube, namespace, name } = this.#options;
    const lease = await kube.get<Lease>(leasePath(namespace, name), this.#call(signal));
    this.#observe(lease);
  }

  /** False when somebody else wrote it, made it or deleted it meanwhile. */
  async #write(lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { kube, namespace, name } = this.#options;
    const isNew = lease.metadata.resourceVersion === undefined;
    this.#isUnsettled = true;
    try {
      const written = isNew
        ? await kube.create<Lease>(leasePath(namespace), lease, this.#call(signal))
        : await kube.replace<Lease>(leasePath(namespace, name), lease, this.#call(signal));
      this.#observe(written);
      return true;
    } catch (error) {
      const code = error instanceof TenantryError ? error.code : '';
      if (LOOK_AGAIN.includes(code)) {
        this.#isCurrent = false;
        this.#isUnsettled = false;
      }
      // A namespace that is not there is told as NotFound too: to the one who wants to make the Lease in it.
      if (code === 'Conflict' || (code === 'NotFound' && !isNew)) return false;
      throw error;
    }
  }

  /** The time counts from the answer on: whoever wrote the record did so earlier, so we never take it too soon. */
  #observe(lease: Lease | undefined): void {
    this.#lease = lease;
    this.#isCurrent = true;
    this.#isUnsettled = false;
    if (lease === undefined) return;
    const record = recordOf(lease);
    if (record === this.#seen?.record) return;
    const { now, seconds } = this.#options;
    this.#seen = { record, holder: holderOf(lease), until: now() + durationMsOf(lease, seconds) };
  }

  #claim(): Parameters<typeof claimed>[1] {
    const { identity, seconds, wallClock } = this.#options;
    return { identity, seconds, wallNow: wallClock() };
  }

  #call(signal: AbortSignal): KubeOptions {
    return { signal, timeoutMs: this.#options.callMs };
  }
}
