/** Ends a look at a system after its time, which may become shorter on the way. */
import { TenantryError } from '../errors.ts';
import type { BackendName, World } from './kind.ts';

const UNAVAILABLE = {
  vault: 'VaultUnavailable',
  postgres: 'PostgresUnavailable',
  airbyte: 'AirbyteUnavailable',
} as const;

/** What is looked at, for the message of the error. */
export interface Looked {
  readonly backend: BackendName;
  readonly what: string;
}

/**
 * Looks with a signal that is aborted after `timeoutMs` milliseconds.
 * @throws VaultUnavailable and the like then
 */
export async function withinTime<T>(
  { timeoutMs, ...looked }: Looked & { readonly timeoutMs: number },
  world: World,
  look: (world: World) => Promise<T>,
): Promise<T> {
  const limit = startTimeLimit(timeoutMs);
  try {
    return await within(limit, looked, world, look);
  } finally {
    limit.stop();
  }
}

export interface TimeLimit {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** Milliseconds from the beginning to the end of the time. */
  readonly ms: () => number;
  /** Is it over, and sooner than at first? */
  readonly isCut: () => boolean;
  /** So many milliseconds from now, where that is sooner. */
  shorten(ms: number): void;
  stop(): void;
}

export function startTimeLimit(timeoutMs: number): TimeLimit {
  const began = performance.now();
  const over = new AbortController();
  const end = (): void => over.abort();
  let ms = timeoutMs;
  let timer = setTimeout(end, ms);
  return {
    signal: over.signal,
    ms: () => ms,
    isCut: () => over.signal.aborted && ms < timeoutMs,
    shorten(rest) {
      const sooner = performance.now() - began + rest;
      if (sooner >= ms) return;
      ms = sooner;
      clearTimeout(timer);
      timer = setTimeout(end, rest);
    },
    stop: () => clearTimeout(timer),
  };
}

/** @throws VaultUnavailable and the like when the time of the limit is over */
export async function within<T>(
  limit: TimeLimit,
  { backend, what }: Looked,
  world: World,
  look: (world: World) => Promise<T>,
): Promise<T> {
  const signal = world.signal ? AbortSignal.any([world.signal, limit.signal]) : limit.signal;
  try {
    return await look({ ...world, signal });
  } catch (error) {
    if (!limit.signal.aborted || world.signal?.aborted) throw error;
    const message = `${what} could not be read in ${Math.round(limit.ms() / 100) / 10} s`;
    throw new TenantryError(UNAVAILABLE[backend], message, { cause: error });
  }
}
