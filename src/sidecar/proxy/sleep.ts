/** Waits for a Retry-After by the clock of the system. */
import { setTimeout as timer } from 'node:timers/promises';

export async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  await timer(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}
