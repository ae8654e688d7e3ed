/** A wait that ends early, and without an error, when there is nothing to be waited for any more. */
import { setTimeout as timer } from 'node:timers/promises';

export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await timer(ms, undefined, signal && { signal }).catch(() => undefined);
}
