/** What is known of a failure once nothing in it is free text any more: numbers, names of ours, words of a closed set. */
import type { ErrorCode } from '../../../errors.ts';
import type { FailureClass } from '../syncs.ts';

export interface Cause {
  readonly class: FailureClass;
  readonly code: ErrorCode;
  /** Name of the provider that people see, e.g. `Notion`. */
  readonly name: string;
  /** HTTP status of the provider. */
  readonly status?: number;
  /** The provider's own error code, e.g. `invalid_auth`. */
  readonly word?: string;
  /** Settings of the catalog entry that were named. */
  readonly settings?: readonly string[];
  /** Streams of the document that were named. */
  readonly streams?: readonly string[];
  readonly retryAfterSeconds?: number;
  /** True where the provider answers and takes the credential, so that the reason lies elsewhere. */
  readonly isProviderWell?: boolean;
}
