/** Notices among replicas that a credential has changed. They hold names and versions, never a token. */
import { setTimeout as timer } from 'node:timers/promises';
import { z } from 'zod';
import type { CredentialPlace } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import type { Database, Subscription } from '../database/database.ts';

export const CREDENTIALS_CHANNEL = 'tenantry_credentials';

const notice = z.object({
  tenant: z.string(),
  integration: z.string(),
  /** Version that a refresh has stored. Without one, whatever is remembered of the credential counts no more. */
  version: z.number().optional(),
});

export type Notice = z.output<typeof notice>;

/** Tells every replica to look again, for who changes an installation beside the token service (suspends it). */
export async function tellChanged(database: Pick<Database, 'notify'>, place: CredentialPlace): Promise<void> {
  const { tenant, integration } = place;
  await database.notify(CREDENTIALS_CHANNEL, { tenant, integration });
}

export interface CredentialNotices {
  /** True while every notice arrives. */
  readonly connected: boolean;
  start(): Promise<void>;
  tell(place: CredentialPlace, version?: number): Promise<void>;
  /** True at the next notice of this credential; false after so many milliseconds without one. */
  next(place: CredentialPlace, ms: number, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export interface NoticeListener {
  onNotice(key: string, version: number | undefined): void;
  /** Notices may have been missed. */
  onGap(): void;
}

export function createNotices(database: Database, listener: NoticeListener): CredentialNotices {
  let subscription: Subscription | undefined;
  let closed = false;
  const waiting = new Map<string, Set<() => void>>();

  function heard(payload: unknown): void {
    const { success, data } = notice.safeParse(payload);
    if (!success) return;
    const key = credentialPath(data.tenant, data.integration);
    listener.onNotice(key, data.version);
    for (const wake of waiting.get(key) ?? []) wake();
  }

  return {
    get connected() {
      return subscription?.connected ?? false;
    },
    async start() {
      const made = await database.listen(CREDENTIALS_CHANNEL, {
        onNotice: heard,
        onGap: () => listener.onGap(),
      });
      subscription = made;
      if (closed) await made.close();
    },
    async tell({ tenant, integration }, version) {
      await database.notify(CREDENTIALS_CHANNEL, { tenant, integration, version });
    },
    async next(place, ms, signal) {
      const key = credentialPath(place.tenant, place.integration);
      const done = new AbortController();
      const wake = (): void => done.abort();
      const all = waiting.get(key) ?? new Set();
      waiting.set(key, all.add(wake));
      try {
        await timer(ms, undefined, { signal: AbortSignal.any([done.signal, signal]) }).catch(() => undefined);
        return done.signal.aborted;
      } finally {
        all.delete(wake);
        if (all.size === 0 && waiting.get(key) === all) waiting.delete(key);
      }
    },
    async close() {
      closed = true;
      await subscription?.close();
    },
  };
}
