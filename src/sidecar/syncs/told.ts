/** A reason as a tenant is told it, and as it is kept. */
import type { ErrorCode } from '../../errors.ts';

export interface Told {
  readonly code: ErrorCode;
  /** A FailureClass. Default: none, nothing has failed. */
  readonly class?: string;
  /** Without internal names and secrets. */
  readonly message: string;
  readonly nextStep?: string | undefined;
}

/** For error_code, error_class, error_message and next_step. */
export function toldValues(told: Told | undefined): readonly (string | null)[] {
  if (!told) return [null, null, null, null];
  return [told.code, told.class ?? null, told.message, told.nextStep ?? null];
}
