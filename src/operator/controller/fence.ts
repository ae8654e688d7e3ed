/** The right to change the systems: a lock in Postgres that a killed process gives up by itself. */
import { setTimeout as timer } from 'node:timers/promises';
import type { PostgresClient } from '../../clients/postgres.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';

export interface Fence {
  /** Aborts when the lock is lost; undefined while it is not held. */
  current(): AbortSignal | undefined;
  /** Why it is not held. */
  reason(): TenantryError;
}

export interface KeptFence extends Fence {
  /** The lock was taken, or could not be for the first time. */
  readonly tried: Promise<void>;
  /** Settles after the signal has aborted and the lock was given back. */
  readonly ended: Promise<void>;
}

export interface FenceOptions {
  readonly postgres: Pick<PostgresClient, 'withLock'>;
  /** Name of the lock: one per owner, as for `tenantry apply`. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onChange: (state: { readonly held: boolean; readonly error?: TenantryError }) => void;
  readonly random?: () => number;
}

const WAIT_MS = 5_000;
const MOST_PAUSE_MS = 5_000;

/**
 * The Lease alone cannot stop a leader that stood still and goes on: this lock can, since names in Airbyte are not
 * unique and two writers could make an object twice. Postgres frees it when the process ends.
 */
export function keepFence(options: FenceOptions): KeptFence {
  const { postgres, name, signal, onChange, random = Math.random } = options;
  let held: AbortSignal | undefined;
  let attempt = 0;
  let error = new TenantryError('Locked', 'the lock in Postgres is not held yet');
  const tried = Promise.withResolvers<void>();

  async function hold(lost: AbortSignal): Promise<void> {
    held = AbortSignal.any([lost, signal]);
    attempt = 0;
    tried.resolve();
    onChange({ held: true });
    try {
      if (held.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      held.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    } finally {
      held = undefined;
    }
  }

  async function keep(): Promise<void> {
    for (; !signal.aborted; attempt++) {
      try {
        await postgres.withLock(name, hold, { waitMs: WAIT_MS, signal });
      } catch (cause) {
        error = withHint(asTenantryError(cause));
      }
      tried.resolve();
      if (signal.aborted) return;
      onChange({ held: false, error });
      const pause = Math.min(250 * 2 ** Math.min(attempt, 5), MOST_PAUSE_MS) * random();
      await timer(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  return { current: () => held, reason: () => error, tried: tried.promise, ended: keep() };
}

function withHint(error: TenantryError): TenantryError {
  if (error.code !== 'Locked') return error;
  return new TenantryError('Locked', error.message, {
    cause: error,
    hint: 'another operator with the same --cluster works on this Postgres: give each cluster a name of its own',
  });
}
