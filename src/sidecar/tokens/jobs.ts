/** The queue's tasks of custody. */
import { z } from 'zod';
import type { CredentialPlace } from '../../credentials/store.ts';
import { documentName } from '../../spec/names.ts';
import type { Queue } from '../queue/queue.ts';
import { PUSH_TASK, RECONCILE_TASK, REFRESH_TASK } from './schedule.ts';

const place = z.object({ tenant: documentName, integration: documentName });

export interface TokenJobs {
  /** Refreshes what is due, and makes the next job. */
  refreshDue(place: CredentialPlace): Promise<void>;
  reconcile(signal?: AbortSignal): Promise<unknown>;
}

/** Brings Airbyte's source in step with the credential. */
export type SourcePush = (place: CredentialPlace, signal: AbortSignal) => Promise<unknown>;

/**
 * Must be called before the queue starts.
 * @param push where there is an Airbyte; default: pushes are passed over
 */
export function registerTokenJobs(queue: Pick<Queue, 'handle'>, tokens: TokenJobs, push?: SourcePush): void {
  queue.handle(REFRESH_TASK, async (payload) => {
    await tokens.refreshDue(place.parse(payload));
  });
  queue.handle(RECONCILE_TASK, async (_payload, { signal }) => {
    await tokens.reconcile(signal);
  });
  queue.handle(PUSH_TASK, async (payload, { signal }) => {
    await push?.(place.parse(payload), signal);
  });
}
