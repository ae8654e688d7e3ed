/** Looks at many tenants within one bulk observation, so that one of them can fail without the others. */
import { forEachItem } from '../clients/limit.ts';
import { asTenantryError, type TenantryError } from '../errors.ts';
import type { BackendName, Scope, TenantFailures, World } from './kind.ts';
import { startTimeLimit, type TimeLimit, within } from './time-limit.ts';

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
  const all = [...tenants];
  const late = lateLooks(failures, all.length);
  let succeeded = 0;
  let passing = 0;
  const failed = (tenant: string, failure: TenantryError, { isCut }: TimeLimit): void => {
    if (failure.retryable) passing++;
    const isSystem = passing >= FAILURES_OF_A_SYSTEM && passing > succeeded;
    if (isGeneral(failure) || isSystem) throw failure;
    if (isCut() && !failures.found.has(tenant)) failures.late?.add(tenant);
    noteFailure(failures.found, tenant, failure);
  };
  const lookAtOne = async (tenant: string): Promise<void> => {
    const limit = late.begin();
    try {
      if (failures.found.has(tenant)) return;
      const looked = { backend, what: `what ${backend} holds of ${tenant}` };
      await within(limit, looked, world, (limited) => look(tenant, limited));
      succeeded++;
    } catch (error) {
      failed(tenant, asTenantryError(error), limit);
    } finally {
      late.end(limit, succeeded);
    }
  };
  await forEachItem(all, lookAtOne, LIMITED_AT_ONCE);
}

interface LateLooks {
  begin(): TimeLimit;
  /** @param succeeded looks that have gone well so far */
  end(limit: TimeLimit, succeeded: number): void;
}

/**
 * When all others have ended, what is still under way holds them up. Once at least as many have gone well, it gets as
 * long again as all of them took, at least `lateMs`.
 */
function lateLooks({ timeoutMs, lateMs }: TenantFailures, count: number): LateLooks {
  const began = performance.now();
  const running = new Set<TimeLimit>();
  let left = count;
  return {
    begin() {
      left -= 1;
      const limit = startTimeLimit(timeoutMs);
      running.add(limit);
      return limit;
    },
    end(limit, succeeded) {
      running.delete(limit);
      limit.stop();
      if (lateMs === undefined || left > 0 || running.size > succeeded) return;
      const rest = Math.max(lateMs, performance.now() - began);
      for (const each of running) each.shorten(rest);
    },
  };
}

/** The first failure of a tenant is the one that is told. */
export function noteFailure(found: Map<string, TenantryError>, tenant: string, failure: TenantryError): void {
  if (!found.has(tenant)) found.set(tenant, failure);
}

/** True for a failure that cannot be one tenant's: the run was stopped, the system is sealed, the login is refused. */
export function isGeneral(failure: TenantryError): boolean {
  return failure.code === 'Cancelled' || /(Sealed|Unauthorized)$/.test(failure.code);
}
