/** Gives out tokens: from memory, from Vault, or after a refresh. */
import type { CallOptions } from '../../clients/http.ts';
import { throwIfCancelled } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { type IntegrationView, requireIntegration } from '../stack/view.ts';
import type { Adoption } from './adoption.ts';
import type { TokenCache } from './cache.ts';
import type { ReadCredential } from './custody.ts';
import { environmentToken } from './environment.ts';
import { type Held, usableOf } from './held.ts';
import { isJudged, readRow } from './installation-row.ts';
import { freshness } from './lifetime.ts';
import { placeOf, type TokenParts } from './parts.ts';
import type { Refresher } from './refresher.ts';
import type { UsableToken } from './service.ts';
import { hasEnded, judged, notConnected, passing, suspended, takesTooLong } from './trouble.ts';

export interface ReaderParts extends TokenParts {
  readonly cache: TokenCache;
  readonly read: ReadCredential;
  readonly refresher: Refresher;
  readonly adoption: Adoption;
}

export interface Reader {
  get(place: CredentialPlace, options?: CallOptions): Promise<UsableToken>;
  renew(
    place: CredentialPlace,
    refused: { readonly version: number },
    options?: CallOptions,
  ): Promise<UsableToken>;
}

/** Longest wait of a caller for a refresh; the refresh itself goes on. In milliseconds, by the real clock. */
const CALLER_WAIT_MS = 30_000;

/** A token that is so new is not renewed because a service refuses it: it has other reasons. In milliseconds. */
const LEAST_AGE_MS = 30_000;

/** Vault alone tells whether the token is there; the row only adds why it should not be used. In milliseconds. */
const ROW_WAIT_MS = 1_000;
/** After a look that failed, nobody waits for the next so soon. */
const ROW_PAUSE_MS = 2_000;

export function createReader(parts: ReaderParts): Reader {
  const { cache, read, refresher, database, metrics, settings, stack, now } = parts;
  const { refreshBeforeSeconds, environment: variables } = settings.spec.tokens;
  const env = parts.env ?? process.env;
  let rowsAwayUntil = 0;

  /** The row tells what Vault does not: that the grant has ended, or that the installation rests. */
  async function checkRow(view: IntegrationView, held: Held): Promise<void> {
    if (performance.now() < rowsAwayUntil) return;
    const place = placeOf(view);
    let row: Awaited<ReturnType<typeof readRow>>;
    try {
      row = await readRow(database, place, { signal: AbortSignal.timeout(ROW_WAIT_MS) });
    } catch {
      rowsAwayUntil = performance.now() + ROW_PAUSE_MS;
      return;
    }
    if (row?.status === 'suspended') throw suspended(place);
    if (row && isJudged(row, held.version)) throw judged(row);
    if (row?.status !== 'active' || row.credential_version !== held.version) {
      parts.adoption.later(view, held, row);
    }
  }

  async function load(view: IntegrationView): Promise<Held> {
    const place = placeOf(view);
    const held = await cache.load(credentialPath(place.tenant, place.integration), async () => {
      const found = await read(place);
      if (found) await checkRow(view, found);
      return found;
    });
    const known = held ?? environmentToken({ ...parts, variables, env }, stack.current(), view);
    if (!known) throw notConnected(place);
    return known;
  }

  function refreshLater(view: IntegrationView): void {
    const place = placeOf(view);
    if (refresher.isResting(place) || refresher.pause(place)) return;
    refresher.refresh({ view, refused: undefined }).catch((error: unknown) => {
      parts.log.debug({ ...place, code: asTenantryError(error).code }, 'a refresh ahead of time failed');
    });
  }

  async function refreshed(
    view: IntegrationView,
    refused: number | undefined,
    options: CallOptions,
  ): Promise<Held> {
    const place = placeOf(view);
    const known = refresher.pause(place);
    if (known) throw known;
    const work = refresher.refresh({ view, refused });
    const { held, how } = await waitFor(work, () => takesTooLong(place), options);
    if (how === 'unrenewable' && freshness(held, now(), 0) === 'ended') throw hasEnded(place);
    return held;
  }

  /** The old token for as long as it lives, else the error. */
  async function current(view: IntegrationView, held: Held, options: CallOptions): Promise<Held> {
    const state = freshness(held, now(), refreshBeforeSeconds * 1000);
    if (state === 'fresh') return held;
    const place = placeOf(view);
    if (refresher.isUnrenewable(place, held.version)) {
      if (state === 'ended') throw hasEnded(place);
      return held;
    }
    if (state === 'due') {
      refreshLater(view);
      return held;
    }
    try {
      return await refreshed(view, undefined, options);
    } catch (thrown) {
      throwIfCancelled(options.signal);
      const error = asTenantryError(thrown);
      const isFinal = /^(NeedsReauthorization|CredentialNotFoundError|Forbidden)$/.test(error.code);
      if (isFinal || freshness(held, now(), 0) === 'ended') throw passing(error);
      return held;
    }
  }

  async function counted(
    place: CredentialPlace,
    work: () => Promise<{ readonly held: Held; readonly source: string }>,
  ): Promise<Held> {
    try {
      const { held, source } = await work();
      metrics.tokenReads.inc({ ...place, source, outcome: 'ok' });
      return held;
    } catch (thrown) {
      const error = passing(thrown);
      metrics.tokenReads.inc({ ...place, source: 'vault', outcome: error.code });
      throw error;
    }
  }

  return {
    async get({ tenant, integration }, options = {}) {
      throwIfCancelled(options.signal);
      const view = requireIntegration(stack.current(), tenant, integration);
      const place = { tenant, integration };
      const held = await counted(place, async () => {
        const cached = cache.get(credentialPath(tenant, integration));
        const found = cached ?? (await waitFor(load(view), vaultIsSlow, options));
        const source = cached ? 'cache' : found.version === 0 ? 'environment' : 'vault';
        return { held: await current(view, found, options), source };
      });
      return usableOf(held, view);
    },

    async renew({ tenant, integration }, { version }, options = {}) {
      throwIfCancelled(options.signal);
      const view = requireIntegration(stack.current(), tenant, integration);
      const place = { tenant, integration };
      const held = await counted(place, async () => {
        const cached = cache.get(credentialPath(tenant, integration));
        const isNewer = cached !== undefined && cached.version !== version;
        const found = isNewer ? cached : await waitFor(load(view), vaultIsSlow, options);
        const age = found.issuedAt === undefined ? Number.POSITIVE_INFINITY : now() - found.issuedAt;
        const helps = found.version === version && version > 0 && age >= LEAST_AGE_MS;
        if (!helps || refresher.isUnrenewable(place, version)) {
          return { held: await current(view, found, options), source: 'vault' };
        }
        return { held: await refreshed(view, version, options), source: 'vault' };
      });
      return usableOf(held, view);
    },
  };
}

function vaultIsSlow(): TenantryError {
  return new TenantryError('VaultUnreachable', `Vault gives no answer in ${CALLER_WAIT_MS / 1000} s`);
}

/** No longer than a caller has patience. */
async function waitFor<T>(
  work: Promise<T>,
  tooLong: () => TenantryError,
  { signal }: CallOptions,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooLong()), CALLER_WAIT_MS);
  const stop = (): void => late.reject(new TenantryError('Cancelled', 'stopped before the end'));
  signal?.addEventListener('abort', stop, { once: true });
  // Whoever stopped waiting does not hear of a later failure of the work; it must not end the process.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
