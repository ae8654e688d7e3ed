/** Refreshes once for all who ask: in this process by sharing the work, among replicas by the lease. */
import QuickLRU from 'quick-lru';
import { createLimit } from '../../clients/limit.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import type { InstallationRow } from './installation-row.ts';
import { placeOf } from './parts.ts';
import {
  createRefresh,
  LeaseLost,
  type Refreshed,
  type RefreshParts,
  suits,
  type Wanted,
} from './refresh.ts';
import { paused, shuttingDown, suspended, takesTooLong } from './trouble.ts';

export interface Refresher {
  /** Shared by all who ask for the same; it goes on when they stop waiting. */
  refresh(wanted: Wanted): Promise<Refreshed>;
  /** True for a moment after any failure: who does not need the token refreshed now lets it be. */
  isResting(place: CredentialPlace): boolean;
  /** What the last refresh was answered, while its pause goes on. */
  pause(place: CredentialPlace): TenantryError | undefined;
  /** True when it was found that nothing can renew this version. */
  isUnrenewable(place: CredentialPlace, version: number): boolean;
  /** Forgets what is known of a credential: it has changed. */
  forget(key: string): void;
  /** Resolves when what was under way has ended. */
  settled(): Promise<void>;
}

export interface RefresherParts extends RefreshParts {
  /** Aborts when nothing new may begin. */
  readonly closing: AbortSignal;
  /** Told of the version that counts after each refresh, before anybody gets it. */
  readonly onVersion: (key: string, version: number) => void;
}

/** A refresh waits for another replica's so long by the real clock: its lease, and a little. In milliseconds. */
const PATIENCE_MS = 75_000;
const FIRST_WAIT_MS = 100;
const MOST_WAIT_MS = 1_000;
/** Clocks of replicas differ; a job that comes this much too early is not sent away. In milliseconds. */
const CLOCK_SKEW_MS = 1_000;
const REMEMBERED = 10_000;
/** By the real clock. */
const REST_MS = 2_000;

interface Pause {
  readonly until: number;
  readonly error: TenantryError;
}

export function createRefresher(parts: RefresherParts): Refresher {
  const { leases, notices, read, now, random, closing } = parts;
  const refreshAsHolder = createRefresh(parts);
  const limit = createLimit(parts.settings.spec.tokens.concurrency);
  const flights = new Map<string, Promise<Refreshed>>();
  const underWay = new Set<Promise<unknown>>();
  const pauses = new QuickLRU<string, Pause>({ maxSize: REMEMBERED });
  const restsUntil = new QuickLRU<string, number>({ maxSize: REMEMBERED });
  const unrenewable = new QuickLRU<string, number>({ maxSize: REMEMBERED });

  function track<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    const done = (): void => void underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** Why a refresh must not be tried now, by the row. */
  function objection(place: CredentialPlace, row: InstallationRow | undefined): TenantryError | undefined {
    if (row?.status === 'suspended') return suspended(place);
    const next = row?.next_refresh_at?.getTime() ?? 0;
    if (row && row.refresh_failures > 0 && next - now() > CLOCK_SKEW_MS) return paused(row, now());
    return undefined;
  }

  /** One try for the lease. Undefined: somebody else has it. */
  async function turn(wanted: Wanted, place: CredentialPlace): Promise<Refreshed | undefined> {
    const refuse = (row: InstallationRow | undefined): boolean => objection(place, row) !== undefined;
    const { lease, row } = await leases.acquire(place, refuse);
    const objected = objection(place, row);
    if (!lease && objected) throw objected;
    if (!lease) return undefined;
    try {
      return await refreshAsHolder(wanted, lease, row);
    } catch (error) {
      if (error instanceof LeaseLost) return undefined;
      throw error;
    }
  }

  /** Until the holder says that it is done, or for a moment: with jitter, so that not all ask at once. */
  async function wait(
    wanted: Wanted,
    place: CredentialPlace,
    attempt: number,
  ): Promise<Refreshed | undefined> {
    const bound = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt, 10), MOST_WAIT_MS);
    const heard = await notices.next(place, bound / 2 + (random() * bound) / 2, closing);
    const found = heard ? await read(place) : undefined;
    if (!found || !suits(parts, found, wanted)) return undefined;
    return { held: found, how: 'fresh', written: Promise.resolve(true) };
  }

  async function run(wanted: Wanted): Promise<Refreshed> {
    const place = placeOf(wanted.view);
    const patience = performance.now() + PATIENCE_MS;
    for (let attempt = 0; !closing.aborted; attempt++) {
      const refreshed = (await turn(wanted, place)) ?? (await wait(wanted, place, attempt));
      if (refreshed) return refreshed;
      if (performance.now() > patience) throw takesTooLong(place);
    }
    throw shuttingDown();
  }

  function remember(key: string, outcome: Refreshed | TenantryError): void {
    if (!(outcome instanceof TenantryError)) {
      pauses.delete(key);
      parts.onVersion(key, outcome.held.version);
      if (outcome.how === 'unrenewable') unrenewable.set(key, outcome.held.version);
      return;
    }
    restsUntil.set(key, performance.now() + REST_MS);
    const seconds = outcome.retryAfterSeconds;
    if (seconds === undefined || !/^(Provider|MissingSetting)/.test(outcome.code)) return;
    pauses.set(key, { until: now() + seconds * 1000, error: outcome });
  }

  async function flight(key: string, wanted: Wanted): Promise<Refreshed> {
    try {
      const refreshed = await limit(() => run(wanted));
      void track(refreshed.written);
      remember(key, refreshed);
      return refreshed;
    } catch (error) {
      remember(key, asTenantryError(error));
      throw error;
    } finally {
      flights.delete(key);
    }
  }

  return {
    async refresh(wanted) {
      const { tenant, integration } = placeOf(wanted.view);
      const key = credentialPath(tenant, integration);
      for (;;) {
        if (closing.aborted) throw shuttingDown();
        const running = flights.get(key);
        if (!running) break;
        const refreshed = await running;
        if (wanted.refused === undefined || refreshed.held.version !== wanted.refused) return refreshed;
      }
      const own = track(flight(key, wanted));
      flights.set(key, own);
      return await own;
    },
    isResting: ({ tenant, integration }) =>
      (restsUntil.get(credentialPath(tenant, integration)) ?? 0) > performance.now(),
    pause({ tenant, integration }) {
      const key = credentialPath(tenant, integration);
      const known = pauses.get(key);
      if (known && known.until <= now()) pauses.delete(key);
      if (!known || known.until <= now()) return undefined;
      const { code, message, hint } = known.error;
      const retryAfterSeconds = Math.max(1, Math.ceil((known.until - now()) / 1000));
      return new TenantryError(code, message, { cause: known.error, hint, retryAfterSeconds });
    },
    isUnrenewable: ({ tenant, integration }, version) =>
      unrenewable.get(credentialPath(tenant, integration)) === version,
    forget(key) {
      pauses.delete(key);
      restsUntil.delete(key);
      unrenewable.delete(key);
    },
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
