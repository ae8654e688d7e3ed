/** One time limit over a call with all its tries and waits, joined with the caller's own signal. */
import { TenantryError } from '../../errors.ts';

export interface Limit {
  /** Aborts when the time is over, or when the caller's signal does. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left; Infinity after `lift`. */
  left(): number;
  /** The time is over, and the caller has not stopped before. */
  late(): boolean;
  /** The time does not count any more, the caller's signal does. */
  lift(): void;
  /** Why the signal aborted: the caller's will, or the time; undefined as long as it did not. */
  error(what: string): TenantryError | undefined;
  /** Forgets the timer and the listener. */
  end(): void;
}

export function startLimit(timeoutMs: number, outer: AbortSignal | undefined): Limit {
  const controller = new AbortController();
  const until = performance.now() + timeoutMs;
  let lifted = false;
  const stop = (): void => controller.abort();
  const timer = setTimeout(stop, timeoutMs);
  if (outer?.aborted) stop();
  outer?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    left: () => (lifted ? Number.POSITIVE_INFINITY : until - performance.now()),
    lift() {
      lifted = true;
      clearTimeout(timer);
    },
    late: () => controller.signal.aborted && outer?.aborted !== true,
    error(what) {
      if (outer?.aborted) return new TenantryError('Cancelled', `stopped before the end of ${what}`);
      if (!controller.signal.aborted) return undefined;
      return new TenantryError('KubernetesUnreachable', `${what}: no answer in ${timeoutMs / 1000} s`);
    },
    end() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', stop);
    },
  };
}
