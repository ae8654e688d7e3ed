/** Makes a call again that changes nothing, while it fails in passing. */
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { SidecarError } from './error.ts';

export interface RetryOptions {
  /** How often a call is made at most. */
  readonly tries: number;
  /** A longer wait is the caller's to decide: the error is given at once. */
  readonly mostSeconds: number;
}

/** Bound of the first wait where nobody says how long; it doubles. */
const USUAL_MS = 200;

/** When every try fails, the last error is thrown. */
export async function retrying<T>(
  once: () => Promise<T>,
  { tries, mostSeconds }: RetryOptions,
  signal: AbortSignal,
): Promise<T> {
  let last: SidecarError | undefined;
  // No signal ends the library's own wait, so we wait at the start of a try.
  const policy = retry(
    handleWhen((error) => error instanceof SidecarError && isPassing(error, mostSeconds)),
    { maxAttempts: tries - 1, backoff: new ConstantBackoff(0) },
  );
  return await policy.execute(async ({ attempt }) => {
    if (last !== undefined) await wait(waitMs(last, attempt), signal);
    return await once().catch((error: unknown) => {
      if (error instanceof SidecarError) last = error;
      throw error;
    });
  });
}

function isPassing({ retryable, retryAfterSeconds = 0 }: SidecarError, mostSeconds: number): boolean {
  return retryable && retryAfterSeconds <= mostSeconds;
}

/** Full jitter on top of what the sidecar asks for, so that not all callers come back in the same moment. */
function waitMs({ retryAfterSeconds = 0 }: SidecarError, attempt: number): number {
  return retryAfterSeconds * 1000 + Math.random() * USUAL_MS * 2 ** (attempt - 1);
}

/** @throws the reason of the signal */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
