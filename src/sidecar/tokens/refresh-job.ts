/** The job of one credential: refreshes what is due, and sees to it that there is a next job. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, type TenantryError } from '../../errors.ts';
import { requireIntegration, type Stack } from '../stack/view.ts';
import type { ReadCredential } from './custody.ts';
import { endRow, readRow } from './installation-row.ts';
import type { TokenParts } from './parts.ts';
import type { Refresher } from './refresher.ts';
import type { Schedule } from './schedule.ts';

export interface RefreshJobParts extends Pick<TokenParts, 'database' | 'now'> {
  readonly stack: Stack;
  readonly refresher: Refresher;
  readonly schedule: Schedule;
  readonly read: ReadCredential;
}

/**
 * Ends without a next job: a person has to act first, and what a person does makes one. NotFound: no document connects
 * them any more; one that comes back is found by the reconciliation.
 */
const FINAL = /^(NeedsReauthorization|Forbidden|NotFound)$/;

/** What the refresh itself was answered; it has its own pause. All else is left to the queue's back-off. */
const PROVIDER = /^(Provider|MissingSetting)/;

export function createRefreshJob(parts: RefreshJobParts): (place: CredentialPlace) => Promise<void> {
  const { stack, refresher, schedule } = parts;
  return async ({ tenant, integration }) => {
    const place = { tenant, integration };
    try {
      const view = requireIntegration(stack.current(), tenant, integration);
      const { held, how, written } = await refresher.refresh({ view, refused: undefined });
      if ((await written) && how !== 'fresh') return;
      await schedule.set(place, schedule.at(place, held, how !== 'unrenewable'));
    } catch (thrown) {
      await afterFailure(parts, place, asTenantryError(thrown));
    }
  };
}

async function afterFailure(
  parts: RefreshJobParts,
  place: CredentialPlace,
  error: TenantryError,
): Promise<void> {
  if (FINAL.test(error.code)) return;
  if (error.code === 'CredentialNotFoundError') return await endMissing(parts, place);
  if (!PROVIDER.test(error.code)) throw error;
  await parts.schedule.set(place, parts.now() + (error.retryAfterSeconds ?? 60) * 1000);
}

/** Nothing is in Vault: what the row says is over, unless somebody brings a token in this moment. */
async function endMissing({ database, read, now }: RefreshJobParts, place: CredentialPlace): Promise<void> {
  const row = await readRow(database, place);
  const seen = row?.credential_version ?? undefined;
  if (row === undefined || row.status === 'revoked' || seen === undefined || (await read(place))) return;
  await database.asTenant(place.tenant, (query) => endRow(query, place, { now: now(), seen }));
}
