/** Finds out why a sync failed: from what Airbyte says, and where that is nothing, from the provider itself. */
import type { CredentialPlace } from '../../../credentials/store.ts';
import { asTenantryError, type TenantryError } from '../../../errors.ts';
import type { SidecarContext } from '../../context.ts';
import type { StackView } from '../../stack/view.ts';
import type { Diagnose, Failure } from '../runner.ts';
import { type ClassifyInput, classify, isTold } from './classify.ts';
import { failuresBefore } from './earlier-tries.ts';
import { createProviderCheck, type ProviderCheck, type ProviderCheckParts } from './provider-check.ts';

export type { Diagnose } from '../runner.ts';

export interface DiagnosisParts extends ProviderCheckParts, Pick<SidecarContext, 'log' | 'database'> {
  /** Default: a call to the provider. */
  readonly check?: ProviderCheck;
}

export function createDiagnosis(parts: DiagnosisParts): Diagnose {
  const { stack, log, check = createProviderCheck(parts) } = parts;

  async function found(known: ClassifyInput, place: CredentialPlace, signal: AbortSignal): Promise<Failure> {
    if (isTold(known)) return classify(known);
    try {
      return classify({ ...known, provider: await check(place, signal) });
    } catch (thrown) {
      const error = asTenantryError(thrown);
      if (error.code === 'Cancelled' && signal.aborted) throw error;
      if (isOfCredential(error)) return classify({ ...known, error });
      // It says something of the check, not of the sync.
      log.warn({ ...place, err: error }, 'the provider could not be asked why a sync failed');
      return classify(known);
    }
  }

  return async ({ place, job, error, isStuck }, signal) => {
    const known: ClassifyInput = {
      integration: place.integration,
      ...namesOf(stack.current(), place),
      ...(job && { job }),
      ...(error !== undefined && { error: asTenantryError(error) }),
      ...(isStuck !== undefined && { isStuck }),
    };
    const failure = await found(known, place, signal);
    // Without it all tries count, which is fewer of them, and no reason not to say what happened.
    const before = await failuresBefore(parts.database, { place, of: failure.class, signal }).catch(
      () => undefined,
    );
    return before === undefined ? failure : { ...failure, failuresOfClass: before + 1 };
  };
}

function isOfCredential({ code }: TenantryError): boolean {
  return (
    code === 'NeedsReauthorization' ||
    code === 'CredentialNotFoundError' ||
    code === 'Forbidden' ||
    code === 'ProviderUnavailable' ||
    code === 'ProviderRejected'
  );
}

function namesOf(
  view: StackView,
  { tenant, integration }: CredentialPlace,
): Pick<ClassifyInput, 'name' | 'settings' | 'streams'> {
  const entry = view.catalog.get(integration);
  const document = view.integration(tenant, integration);
  const own = document?.spec.sync.streams?.map((stream) =>
    typeof stream === 'string' ? stream : stream.name,
  );
  return {
    ...(entry && { name: entry.name }),
    settings: Object.keys(entry?.airbyte?.config ?? {}),
    streams: own ?? entry?.airbyte?.streams.map(({ name }) => name) ?? [],
  };
}
