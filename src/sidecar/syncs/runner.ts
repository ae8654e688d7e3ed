/** Parts of the runner that have files of their own: each a contract that the runner calls. */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { TenantryError } from '../../errors.ts';
import type { FailureClass, SyncRun } from './syncs.ts';

/** What Airbyte says of a job that ended or is under way. */
export interface JobFacts {
  readonly jobId: string;
  readonly status: 'pending' | 'running' | 'incomplete' | 'succeeded' | 'failed' | 'cancelled';
  readonly rows: number | undefined;
  readonly bytes: number | undefined;
  /** RFC 3339; of the last change that Airbyte tells of. */
  readonly updatedAt: string | undefined;
  /** What the connector or Airbyte said; not yet fit for a tenant. */
  readonly message: string | undefined;
}

export interface Failure {
  readonly class: FailureClass;
  readonly error: TenantryError;
  /** What the provider asked us to wait, in seconds. */
  readonly retryAfterSeconds?: number;
  /** How many tries of the same run have failed with this class, this one included, where that is known. */
  readonly failuresOfClass?: number;
}

/** failures/classify.ts: pure. */
export type Classify = (input: {
  readonly integration: string;
  /** Name of the provider that people see. Default: the integration's id. */
  readonly name?: string;
  readonly job?: JobFacts;
  readonly error?: TenantryError;
  readonly isStuck?: boolean;
}) => Failure;

/**
 * failures/diagnose.ts: what the runner calls when a run fails. Where neither job nor error tells (Airbyte's public API
 * gives no reason for a failed job), the provider is asked before it is classified.
 * @throws Cancelled when the signal aborts; nothing else
 */
export type Diagnose = (
  failed: {
    readonly place: CredentialPlace;
    readonly job?: JobFacts;
    readonly error?: unknown;
    readonly isStuck?: boolean;
  },
  signal: AbortSignal,
) => Promise<Failure>;

/** failures/retry.ts: pure. Milliseconds until the next try, or undefined: not before the next due time. */
export type RetryDelay = (input: {
  readonly failure: Failure;
  readonly attempt: number;
  readonly random: number;
}) => number | undefined;

/** quota.ts: throws QuotaExceeded with the reason and when it ends. */
export type CheckQuota = (place: CredentialPlace, signal: AbortSignal) => Promise<void>;

/** alerts.ts: told of the end of every run; sends `sync.failed` after N failures in a row, `sync.recovered` after that. */
export type TellEnd = (run: SyncRun, consecutiveFailures: number, signal: AbortSignal) => Promise<void>;

/** Outcome of a look at the source's schema before or after a run; schema/changes.ts. */
export interface SchemaChange {
  readonly stream: string;
  readonly kind: 'stream_added' | 'stream_removed' | 'field_added' | 'field_removed' | 'field_type_changed';
  readonly field?: string;
  /** A removed key or cursor, or a changed type: Airbyte stops the connection where its policy says so. */
  readonly isBreaking: boolean;
}
