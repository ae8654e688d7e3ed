/** Puts token custody together. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as timer } from 'node:timers/promises';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError } from '../../errors.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { createAdoption } from './adoption.ts';
import { createTokenCache } from './cache.ts';
import { createCustody } from './custody.ts';
import type { TokenJobs } from './jobs.ts';
import { createLeases } from './leases.ts';
import { createNotices } from './notices.ts';
import { LEASE_MS, type TokenParts } from './parts.ts';
import { createPut } from './put.ts';
import { createReader } from './reader.ts';
import { createReconcile } from './reconcile.ts';
import { createRefreshJob } from './refresh-job.ts';
import { createRefresher } from './refresher.ts';
import { createRevoke } from './revoke.ts';
import { createSchedule, RECONCILE_TASK } from './schedule.ts';
import type { TokenService } from './service.ts';
import { createStatus } from './status.ts';

export type { TokenParts } from './parts.ts';

export interface TokenCustody extends TokenService, TokenJobs {
  /** Begins to listen for notices and to reconcile. Before, and while notices do not arrive, nothing is cached. */
  start(): Promise<void>;
  /**
   * Begins no further refresh and lets those under way come to their end: an answer that is not stored yet is tried for
   * so long. Default 10,000.
   */
  close(graceMs?: number): Promise<void>;
  /** Tokens in memory. */
  readonly cached: number;
}

const GRACE_MS = 10_000;
const RECONCILE_EVERY_MS = 3_600_000;
const TELL_TRIES = 5;

export function createTokenService(given: TokenParts): TokenCustody {
  const random = given.random ?? Math.random;
  const { database, settings, queue, log, now } = given;
  const closing = new AbortController();
  const lastCall = new AbortController();
  let reconciling: NodeJS.Timeout | undefined;

  const cache = createTokenCache({
    entries: settings.spec.tokens.cacheEntries,
    maxAgeMs: settings.spec.tokens.cacheSeconds * 1000,
    isTrusted: () => notices.connected,
    now,
  });
  const notices = createNotices(database, {
    onNotice(key, version) {
      cache.drop(key, version);
      refresher.forget(key);
    },
    onGap: () => cache.clear(),
  });
  const parts = {
    ...given,
    random,
    cache,
    notices,
    read: createCustody(given),
    schedule: createSchedule(given),
    leases: createLeases({
      database,
      holder: given.replica ?? `${hostname()} ${randomUUID().slice(0, 8)}`,
      leaseMs: given.leaseMs ?? LEASE_MS,
    }),
    lastCall: lastCall.signal,
    closing: closing.signal,
    onVersion: (key: string, version: number) => cache.drop(key, version),
    changed,
  };
  const refresher = createRefresher(parts);
  const adoption = createAdoption(parts);
  const { get, renew } = createReader({ ...parts, refresher, adoption });
  const reconcile = createReconcile({ ...parts, adoption });

  /** This process at once; the others by a notice, which is worth a few tries: it ends what they remember. */
  async function changed(place: CredentialPlace): Promise<void> {
    const key = credentialPath(place.tenant, place.integration);
    cache.drop(key);
    refresher.forget(key);
    for (let attempt = 1; ; attempt++) {
      try {
        return await notices.tell(place);
      } catch (thrown) {
        const err = asTenantryError(thrown);
        if (attempt === TELL_TRIES) {
          // While Postgres is away, the others get no notices at all, and have emptied their caches.
          log.error({ ...place, err }, 'the other replicas were not told of a change');
          return;
        }
        await timer(random() * 100 * 2 ** attempt);
      }
    }
  }

  /** One waiting job, whoever adds it; a replica that starts makes it at once. */
  function reconcileSoon(): void {
    queue.add(RECONCILE_TASK, {}, { key: RECONCILE_TASK, runAt: now() }).catch((error: unknown) => {
      log.warn({ err: asTenantryError(error) }, 'the reconciliation of credentials was not scheduled');
    });
  }

  return {
    get,
    renew,
    put: createPut(parts),
    revoke: createRevoke(parts),
    status: createStatus(parts),
    refreshDue: createRefreshJob({ ...parts, refresher }),
    reconcile,
    get cached() {
      return cache.size;
    },
    async start() {
      await notices.start();
      reconcileSoon();
      // Replicas that were started together do not all look at the same moment.
      reconciling = setInterval(reconcileSoon, RECONCILE_EVERY_MS * (0.9 + 0.2 * random()));
      reconciling.unref();
    },
    async close(graceMs = GRACE_MS) {
      clearInterval(reconciling);
      closing.abort();
      const deadline = setTimeout(() => lastCall.abort(), graceMs);
      try {
        await refresher.settled();
      } finally {
        clearTimeout(deadline);
        await notices.close();
      }
    },
  };
}
