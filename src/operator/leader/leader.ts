/** One replica works at a time: the contract of leader/election.ts. */
import type { KubeClient } from '../kube/client.ts';

export interface ElectionOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Unique per process, e.g. pod name and a random part. */
  readonly identity: string;
  /** Stops: the Lease is released so that the next replica need not wait. */
  readonly signal: AbortSignal;
  /**
   * Called each time this replica becomes leader; `lost` aborts when the Lease could not be renewed in time or was taken.
   * The election goes on when the promise has settled.
   */
  readonly lead: (lost: AbortSignal) => Promise<void>;
  readonly onChange?: (state: { readonly leading: boolean; readonly holder: string | undefined }) => void;
  /** Seconds that a Lease lasts. Default 15. */
  readonly leaseSeconds?: number;
  /** Seconds after which a leader that could not renew stops. Default 10. */
  readonly renewDeadlineSeconds?: number;
  /** Seconds between tries. Default 2. */
  readonly retrySeconds?: number;
}
