/** How long a watch waits after a fault: exponential with full jitter, and as long as the API server asks. */
import type { TenantryError } from '../../errors.ts';

export interface BackOff {
  /** Wait after one more fault in a row, in milliseconds. */
  next(fault: TenantryError): number;
  /** It works again. */
  reset(): void;
}

export interface BackOffOptions {
  /** Upper bound of the first wait in milliseconds; it doubles. */
  readonly firstMs: number;
  /** Longest wait in milliseconds, whatever the server asks for. */
  readonly mostMs: number;
  readonly random: () => number;
}

export function createBackOff({ firstMs, mostMs, random }: BackOffOptions): BackOff {
  let faults = 0;
  return {
    next({ code, retryAfterSeconds = 0 }) {
      faults += 1;
      // Nothing is wrong with the server: the list can be made anew at once. A second time in a row something is.
      if (code === 'KubernetesGone' && faults === 1) return 0;
      const bound = Math.min(firstMs * 2 ** Math.min(faults - 1, 30), mostMs);
      // On top of what the server asks for, so that not all come back in the same moment.
      return Math.round(Math.min(retryAfterSeconds * 1000 + random() * bound, mostMs));
    },
    reset() {
      faults = 0;
    },
  };
}
