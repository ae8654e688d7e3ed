/** What must be there before a sync may begin: room in the quota, a credential that works, and a source that is as it was. */
import { needsCredential } from '../../catalog/source-configuration.ts';
import { asTenantryError, type TenantryError } from '../../errors.ts';
import type { UsableToken } from '../tokens/service.ts';
import type { Runner } from './parts.ts';
import type { Told } from './told.ts';
import { placeOf, type Wanted } from './wanted.ts';

export type Gate =
  | { readonly is: 'open'; readonly token: UsableToken | undefined }
  /** Somebody has to act first, or time has to pass: the run is skipped. */
  | { readonly is: 'held'; readonly error: TenantryError }
  /** It cannot be found out now: the run waits. */
  | { readonly is: 'unknown'; readonly error: TenantryError };

const HOLDS =
  /^(QuotaExceeded|NeedsReauthorization|CredentialNotFoundError|Forbidden|NotFound|ScopesMissing|Blocked)$/;

export async function look(runner: Runner, wanted: Wanted, signal: AbortSignal): Promise<Gate> {
  try {
    const place = placeOf(wanted);
    await runner.checkQuota(place, signal);
    const isNeeded = needsCredential(wanted.entry);
    const token = isNeeded ? await runner.tokens.get(place, { signal }) : undefined;
    await runner.schema?.before(place, { signal });
    return { is: 'open', token };
  } catch (thrown) {
    const error = asTenantryError(thrown);
    return { is: HOLDS.test(error.code) ? 'held' : 'unknown', error };
  }
}

/** A reason in the tenant's words. */
export function toldOf(runner: Pick<Runner, 'classify'>, wanted: Wanted, error: TenantryError): Told {
  // Their own words say which quota and when it ends, or what changed at the source.
  const own = { code: error.code, message: error.message, nextStep: error.hint };
  if (error.code === 'QuotaExceeded') return own;
  if (error.code === 'Blocked') return { ...own, class: 'schema' };
  const { integration, entry } = wanted;
  const failure = runner.classify({ integration, name: entry.name, error });
  const { code, message, hint } = failure.error;
  return { code, class: failure.class, message, nextStep: hint };
}
