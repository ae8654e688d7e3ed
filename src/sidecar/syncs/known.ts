/** The last and the next sync of each integration, as far as documents and the sidecar's tables tell them. */
import type { KnownSync } from '../../reconcile/status.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import type { Database } from '../database/database.ts';
import type { StackView } from '../stack/view.ts';
import { nextInAirbyte } from './due.ts';
import { readStates } from './every-state.ts';
import type { SyncRun } from './syncs.ts';
import { allWanted } from './wanted.ts';

/** Of the syncs that Airbyte's own scheduler runs: it knows the cron of the document too. By `{tenant}/{integration}`. */
export function scheduledSyncs(view: StackView, now: number): Map<string, KnownSync> {
  return new Map(
    [...allWanted(view)].flatMap(([place, wanted]) => {
      const next = wanted.runner === 'Airbyte' ? nextInAirbyte(wanted, now) : undefined;
      return next === undefined ? [] : [[place, { nextSync: new Date(next).toISOString() }] as const];
    }),
  );
}

/** Of the syncs that the sidecar runs. */
export async function ownSyncs(
  database: Pick<Database, 'asPlatform'>,
  view: StackView,
): Promise<Map<string, KnownSync>> {
  const own = [...allWanted(view)].filter(([, { runner }]) => runner === 'Sidecar');
  if (own.length === 0) return new Map();
  const tenants = [...new Set(own.map(([, { tenant }]) => tenant))];
  const states = await database.asPlatform((query) => readStates(query, tenants));
  const byPlace = new Map(states.map((state) => [credentialPath(state.tenant, state.integration), state]));
  return new Map(
    own.map(([place]) => {
      const state = byPlace.get(place);
      const held = state?.held?.message;
      return [
        place,
        {
          lastSync: state?.last ? lastSyncOf(state.last) : null,
          ...(state?.nextAt !== undefined && { nextSync: state.nextAt }),
          ...(held !== undefined && { held }),
        },
      ];
    }),
  );
}

function lastSyncOf({ status, rows, startedAt, dueAt, error }: SyncRun): KnownSync['lastSync'] {
  return {
    status,
    rows: rows ?? 0,
    startedAt: startedAt ?? dueAt ?? '',
    ...(error && { message: error.message }),
    ...(error?.nextStep !== undefined && { nextStep: error.nextStep }),
  };
}
