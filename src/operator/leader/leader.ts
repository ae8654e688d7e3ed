/** One replica works at a time: the contract of leader/election.ts. */
import type { KubeClient } from '../kube/client.ts';
import type { SetTimer } from '../queue/create.ts';

export interface ElectionOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Unique per process, e.g. pod name and a random part. */
  readonly identity: string;
  /**
   * Stops: the Lease is released so that the next replica need not wait. A leader's Lease is kept until `lead` has
   * settled: `lead` has to watch this signal itself, `lost` does not abort because of it.
   */
  readonly signal: AbortSignal;
  /**
   * Called each time this replica becomes leader; `lost` aborts when the Lease could not be renewed in time or was taken.
   * The election goes on when the promise has settled. Where it settles although the Lease is held, the Lease is released.
   */
  readonly lead: (lost: AbortSignal) => Promise<void>;
  readonly onChange?: (state: { readonly leading: boolean; readonly holder: string | undefined }) => void;
  /** The Lease was read or written: this replica leads, or follows who does. */
  readonly onContact?: () => void;
  /** What hinders (the API server is away, a right is missing, `lead` threw), once until it changes or passes. */
  readonly onFault?: (error: Error) => void;
  /** Seconds that a Lease lasts. Default 15. */
  readonly leaseSeconds?: number;
  /** Seconds after which a leader that could not renew stops. Less than leaseSeconds. Default 10. */
  readonly renewDeadlineSeconds?: number;
  /** Seconds between tries. Less than renewDeadlineSeconds. Default 2. */
  readonly retrySeconds?: number;
  /** Milliseconds of a clock that never goes back. Default: that of the process. */
  readonly now?: () => number;
  /** Milliseconds since 1970, for people who read the Lease; nothing is decided by it. */
  readonly wallClock?: () => number;
  readonly random?: () => number;
  /** Default: setTimeout. */
  readonly setTimer?: SetTimer;
}
