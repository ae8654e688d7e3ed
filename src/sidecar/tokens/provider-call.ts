/** The one call of a refresh to the provider: within its limit, and never begun when the lease may have passed. */
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { AuthKind, ProviderContext, TokenSet } from '../providers/kind.ts';
import type { Held } from './held.ts';

/** Limit of the whole renewal, above the 15 s of one call: some kinds ask twice. In milliseconds. */
const MOST_CALL_MS = 20_000;

/** Part of the lease in which the call may begin: what is left is for the call and the writes after it. */
const MAY_BEGIN = 0.6;

/** The times when a lease was taken, by two clocks: one stands still while the machine sleeps, the other may be set. */
export interface LeaseClock {
  readonly steadyAt: number;
  readonly wallAt: number;
  readonly leaseMs: number;
}

export function startLeaseClock(leaseMs: number): LeaseClock {
  return { steadyAt: performance.now(), wallAt: Date.now(), leaseMs };
}

export function mayStillCall({ steadyAt, wallAt, leaseMs }: LeaseClock): boolean {
  const passed = Math.max(performance.now() - steadyAt, Date.now() - wallAt);
  return passed < leaseMs * MAY_BEGIN;
}

/** A refresh token that a process stopped for a minute sends after another holder has used it ends the whole grant. */
export class TooLate extends Error {}

/**
 * @throws TooLate when nothing was sent because the lease may have passed; NeedsReauthorization, ProviderUnavailable,
 *   ProviderRejected
 */
export async function callProvider(
  provider: { readonly kind: AuthKind; readonly context: ProviderContext },
  held: Held,
  clock: LeaseClock,
): Promise<TokenSet> {
  let tooLate = false;
  let begun = false;
  const limit = AbortSignal.timeout(MOST_CALL_MS);
  const guarded: typeof fetch = async (input, init) => {
    // Only the first: what was begun is brought to its end, or its answer would be lost.
    if (!begun && !mayStillCall(clock)) {
      tooLate = true;
      throw new TooLate();
    }
    begun = true;
    return await provider.context.fetch(input, init);
  };
  try {
    if (!mayStillCall(clock)) throw new TooLate();
    return await provider.kind.renew({ ...provider.context, fetch: guarded, signal: limit }, held);
  } catch (thrown) {
    if (tooLate || thrown instanceof TooLate) throw new TooLate();
    throw asProviderError(thrown, provider.context.entry.name, limit.aborted);
  }
}

function asProviderError(thrown: unknown, name: string, timedOut: boolean): TenantryError {
  const error = asTenantryError(thrown);
  if (timedOut) {
    return new TenantryError('ProviderUnavailable', `${name} gives no answer in ${MOST_CALL_MS / 1000} s`);
  }
  const known = ['NeedsReauthorization', 'ProviderUnavailable', 'ProviderRejected', 'MissingSetting'];
  if (known.includes(error.code)) return error;
  // What a kind throws beside its contract must not be taken for the end of the grant.
  return new TenantryError('ProviderUnavailable', `the refresh at ${name} failed`, { cause: error });
}
