/** The tasks of syncs in the queue, and how their jobs are called. */
import { z } from 'zod';
import type { CredentialPlace } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { documentName } from '../../spec/names.ts';
import type { AddOptions, Queue } from '../queue/queue.ts';

export const START_TASK = 'syncs.start';
export const WATCH_TASK = 'syncs.watch';
export const PLAN_TASK = 'syncs.plan';

export const placePayload = z.object({ tenant: documentName, integration: documentName });

/** A job may fail a few times because Postgres is away; what else fails is kept in the run's row. */
const MOST_TRIES = 100;

/** One waiting job per connection: whoever adds another replaces it. */
export function startJob(
  { tenant, integration }: CredentialPlace,
  runAt: number,
): { readonly payload: CredentialPlace; readonly options: AddOptions } {
  return {
    payload: { tenant, integration },
    options: { key: `sync:${credentialPath(tenant, integration)}`, runAt, maxAttempts: MOST_TRIES },
  };
}

export async function addStart(queue: Queue, place: CredentialPlace, runAt: number): Promise<void> {
  const { payload, options } = startJob(place, runAt);
  await queue.add(START_TASK, payload, options);
}
