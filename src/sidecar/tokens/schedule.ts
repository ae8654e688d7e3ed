/** The jobs of credentials: one waiting refresh for each, and a push to Airbyte after a new token. */

import type { CatalogEntry } from '../../catalog/entry.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import type { AddOptions } from '../queue/queue.ts';
import { type Lifetime, refreshAt } from './lifetime.ts';
import type { TokenParts } from './parts.ts';

export const REFRESH_TASK = 'tokens.refresh';
export const PUSH_TASK = 'tokens.push';
export const RECONCILE_TASK = 'tokens.reconcile';

/** A job may fail a few times for reasons that have nothing to do with the provider, e.g. Vault is away for hours. */
const MOST_TRIES = 100;

export interface Schedule {
  /** When the job of this token runs; undefined: never. One that cannot be renewed is looked at when it ends. */
  at(place: CredentialPlace, token: Lifetime, renewable: boolean): number | undefined;
  /** One waiting job per credential: a new one takes the place of the old. Undefined takes it back. */
  set(place: CredentialPlace, at: number | undefined): Promise<void>;
  job(
    place: CredentialPlace,
    at: number,
  ): { readonly payload: CredentialPlace; readonly options: AddOptions };
  /** Brings Airbyte's source in step, where Tenantry owns its token. */
  push(place: CredentialPlace, entry: CatalogEntry): Promise<void>;
}

export function createSchedule({ queue, settings }: Pick<TokenParts, 'queue' | 'settings'>): Schedule {
  const beforeMs = settings.spec.tokens.refreshBeforeSeconds * 1000;
  const keyOf = (place: CredentialPlace): string =>
    `refresh:${credentialPath(place.tenant, place.integration)}`;
  const job: Schedule['job'] = ({ tenant, integration }, at) => ({
    payload: { tenant, integration },
    options: { key: keyOf({ tenant, integration }), runAt: at, maxAttempts: MOST_TRIES },
  });
  return {
    at(place, token, renewable) {
      if (!renewable) return token.expiresAt;
      return refreshAt(credentialPath(place.tenant, place.integration), token, beforeMs);
    },
    job,
    async set(place, at) {
      if (at === undefined) return await queue.remove(keyOf(place));
      const { payload, options } = job(place, at);
      await queue.add(REFRESH_TASK, payload, options);
    },
    async push({ tenant, integration }, entry) {
      if (entry.airbyte?.credentialOwner !== 'tenantry') return;
      const key = `push:${credentialPath(tenant, integration)}`;
      await queue.add(PUSH_TASK, { tenant, integration }, { key });
    },
  };
}
