/** What the sidecar offers about syncs: the contract between runner, API, CLI and status. */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { ErrorCode } from '../../errors.ts';

export type Trigger = 'schedule' | 'manual' | 'retry' | 'first';

/**
 * - `waiting`: due or asked for, not yet begun (a token is renewed, Airbyte is away, another run of it is under way);
 * - `running`: Airbyte has a job for it;
 * - `succeeded`, `failed`, `cancelled`: ended;
 * - `skipped`: not begun, because a quota is used up or the integration is suspended or not connected.
 */
export type RunStatus = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

/** Classes of failures: what is done about them depends on it alone. */
export type FailureClass =
  /** The provider refuses the token: one forced refresh, then one more try; else a person has to connect again. */
  | 'token'
  /** The provider's rate limit: again when it says so (capped), else with back-off. */
  | 'rate_limit'
  /** Airbyte or what it stands on fails: again with back-off. */
  | 'airbyte'
  /** The provider fails or cannot be reached: again with back-off. */
  | 'provider'
  /** A setting is wrong or a right is missing at the provider: not tried again before the next due time. */
  | 'configuration'
  /** The source's schema changed in a way that the connection's policy stops at. */
  | 'schema'
  /** No progress for too long: cancelled and tried again. */
  | 'stuck'
  /** The connector itself fails: few tries. */
  | 'connector';

export interface SyncRun {
  readonly id: string;
  readonly tenant: string;
  readonly integration: string;
  readonly trigger: Trigger;
  readonly status: RunStatus;
  /** 1 for the first try of what was due. */
  readonly attempt: number;
  /** RFC 3339; when it was to begin. */
  readonly dueAt: string | undefined;
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly rows: number | undefined;
  readonly bytes: number | undefined;
  /** Code and plain words for the tenant, without internal names and secrets. */
  readonly error:
    | {
        readonly code: ErrorCode;
        readonly class: FailureClass;
        readonly message: string;
        readonly nextStep?: string;
      }
    | undefined;
  /** When a failed one is tried again; RFC 3339. */
  readonly retryAt: string | undefined;
}

export interface SyncState {
  readonly tenant: string;
  readonly integration: string;
  /** The document's schedule. */
  readonly schedule: string;
  /** RFC 3339; undefined: by hand only, suspended, or not connected. */
  readonly nextAt: string | undefined;
  readonly last: SyncRun | undefined;
  readonly consecutiveFailures: number;
  /** Why nothing is started although it is due, e.g. a quota. */
  readonly held: { readonly code: ErrorCode; readonly message: string } | undefined;
}

export interface RunPage {
  readonly runs: readonly SyncRun[];
  /** Pass it to get older ones. */
  readonly next: string | undefined;
}

export interface Syncs {
  /**
   * Asks for a run now. A run that waits or is under way is given back instead of a second one.
   * @throws NotFound, QuotaExceeded, NeedsReauthorization, CredentialNotFoundError, NotSupported (no Airbyte source)
   */
  start(
    place: CredentialPlace,
    options: CallOptions & { readonly actor: string; readonly trigger?: 'manual' | 'first' },
  ): Promise<SyncRun>;
  /** @throws NotFound; a run that has ended is given back as it is */
  cancel(place: CredentialPlace, id: string, options?: CallOptions): Promise<SyncRun>;
  run(place: CredentialPlace, id: string, options?: CallOptions): Promise<SyncRun>;
  /** Newest first; of a whole tenant where `integration` is absent. */
  runs(
    of: { readonly tenant: string; readonly integration?: string },
    page: { readonly limit: number; readonly before?: string },
    options?: CallOptions,
  ): Promise<RunPage>;
  states(tenant: string, options?: CallOptions): Promise<readonly SyncState[]>;
  /** Lines for the tenant: what happened when, in plain words. */
  log(
    place: CredentialPlace,
    id: string,
    options?: CallOptions,
  ): Promise<readonly { readonly at: string; readonly text: string }[]>;
}
