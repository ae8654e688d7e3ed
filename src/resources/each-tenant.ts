/** Looks at many tenants within one bulk observation, so that one of them can fail without the others. */
import { forEachItem } from '../clients/limit.ts';
import { asTenantryError, TenantryError } from '../errors.ts';
import type { BackendName, Scope, World } from './kind.ts';

/** So many passing failures, and more of them than successes, are the system's: the rest need not wait for theirs. */
const FAILURES_OF_A_SYSTEM = 5;

/**
 * Several kinds look at the same time and share the calls that a backend takes at once. What waits for its turn runs
 * against its limit: with more of them a system that is only slow would seem to be away.
 */
const LIMITED_AT_ONCE = 16;

export interface TenantLook {
  readonly world: World;
  readonly scope: Pick<Scope, 'failures'>;
  readonly backend: BackendName;
}

/**
 * Does `look` for every tenant. Where the scope keeps failures apart, a tenant whose look fails or takes too long is
 * noted there, and one that was noted already is passed over.
 * @throws what concerns the system or the run, and any failure where the scope does not keep them apart
 */
export async function forEachTenant(
  tenants: Iterable<string>,
  { world, scope, backend }: TenantLook,
  look: (tenant: string, world: World) => Promise<void>,
): Promise<void> {
  const { failures } = scope;
  if (!failures) return forEachItem(tenants, (tenant) => look(tenant, world));
  let succeeded = 0;
  let passing = 0;
  const lookAtOne = async (tenant: string): Promise<void> => {
    if (failures.found.has(tenant)) return;
    try {
      const limit = { backend, timeoutMs: failures.timeoutMs, what: `what ${backend} holds of ${tenant}` };
      await withinTime(limit, world, (limited) => look(tenant, limited));
      succeeded++;
    } catch (error) {
      const failure = asTenantryError(error);
      if (failure.retryable) passing++;
      const isSystem = passing >= FAILURES_OF_A_SYSTEM && passing > succeeded;
      if (isGeneral(failure) || isSystem) throw failure;
      noteFailure(failures.found, tenant, failure);
    }
  };
  await forEachItem(tenants, lookAtOne, LIMITED_AT_ONCE);
}

/** The first failure of a tenant is the one that is told. */
export function noteFailure(found: Map<string, TenantryError>, tenant: string, failure: TenantryError): void {
  if (!found.has(tenant)) found.set(tenant, failure);
}

/** True for a failure that cannot be one tenant's: the run was stopped, the system is sealed, the login is refused. */
export function isGeneral(failure: TenantryError): boolean {
  return failure.code === 'Cancelled' || /(Sealed|Unauthorized)$/.test(failure.code);
}

const UNAVAILABLE = {
  vault: 'VaultUnavailable',
  postgres: 'PostgresUnavailable',
  airbyte: 'AirbyteUnavailable',
} as const;

export interface TimeLimit {
  readonly backend: BackendName;
  readonly timeoutMs: number;
  /** For the message. */
  readonly what: string;
}

/**
 * Looks with a signal that is aborted when the time is over.
 * @throws VaultUnavailable and the like then
 */
export async function withinTime<T>(
  { backend, timeoutMs, what }: TimeLimit,
  world: World,
  look: (world: World) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  const signal = world.signal ? AbortSignal.any([world.signal, limit.signal]) : limit.signal;
  try {
    return await look({ ...world, signal });
  } catch (error) {
    if (!limit.signal.aborted || world.signal?.aborted) throw error;
    const message = `${what} could not be read in ${timeoutMs / 1000} s`;
    throw new TenantryError(UNAVAILABLE[backend], message, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
