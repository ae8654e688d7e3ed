/** Ends a credential: here first, so that nobody gets it any more, then at the provider. */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, type TenantryError } from '../../errors.ts';
import { hasCurrentVersion, readMetadata } from '../../resources/vault/kv.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { recordDone } from '../audit/record-done.ts';
import { requireIntegration } from '../stack/view.ts';
import type { ReadCredential } from './custody.ts';
import { type Held, tombstone } from './held.ts';
import { endRow } from './installation-row.ts';
import { passFence } from './leases.ts';
import { type TokenParts, tellOfChange } from './parts.ts';
import type { Schedule } from './schedule.ts';
import type { Actor, RevokedResult } from './service.ts';
import { notConnected, passing } from './trouble.ts';

export interface RevokeParts extends TokenParts {
  readonly read: ReadCredential;
  readonly schedule: Schedule;
  /** Drops what this and every other replica remembers. */
  readonly changed: (place: CredentialPlace) => Promise<void>;
}

const TRIES = 8;

/** Limit of the call to the provider, in milliseconds. */
const PROVIDER_MS = 20_000;

export function createRevoke(
  parts: RevokeParts,
): (place: CredentialPlace, actor: Actor, options?: CallOptions) => Promise<RevokedResult> {
  const { schedule, changed, log, now } = parts;

  return async ({ tenant, integration }, actor, options = {}) => {
    const place = { tenant, integration };
    let held: Held | undefined;
    try {
      held = await bury(parts, place, options);
    } catch (error) {
      // It may be gone all the same, where only an answer of Vault was lost.
      await changed(place);
      throw passing(error);
    }
    const revokedAt = new Date(now()).toISOString();
    // From here on it is gone: whatever fails below is told, and does not keep the rest from being done.
    const [row] = await Promise.allSettled([
      parts.database.asTenant(tenant, async (query) => {
        await passFence(query, place);
        return await endRow(query, place, { now: now() });
      }),
    ]);
    await changed(place);
    await schedule.set(place, undefined).catch((error: unknown) => {
      log.warn(
        { ...place, err: asTenantryError(error) },
        'the job of a revoked credential was not taken back',
      );
    });
    const atProvider = held ? await atTheProvider(parts, place, held) : 'failed';
    const detail = `at the provider: ${atProvider}`;
    const revoked = { ...place, action: 'token.revoke', detail } as const;
    await recordDone(parts, revoked, actor, 'a revoked credential was not recorded');
    if (held) await tellOfChange(parts, { place, type: 'revoked', id: String(held.version), by: actor.id });
    if (row.status === 'rejected') throw passing(row.reason);
    if (!held && !row.value) throw notConnected(place);
    return { revokedAt, atProvider };
  };
}

/**
 * Replaces the newest version by check-and-set before anything is deleted: deleting alone would let a refresh that is
 * under way bring it back. Metadata stay, so that the stack's marks do.
 */
async function bury(
  { vault, read, now, log }: RevokeParts & Pick<TokenParts, 'log'>,
  place: CredentialPlace,
  options: CallOptions,
): Promise<Held | undefined> {
  const path = credentialPath(place.tenant, place.integration);
  const data = `${vault.kvMount}/data/${path}`;
  for (let attempt = 1; ; attempt++) {
    const held = await read(place, options);
    if (!held) {
      // One that was cut off after its tombstone is brought to its end.
      const metadata = await readMetadata(vault, path, options);
      if (metadata && hasCurrentVersion(metadata)) await vault.delete(data, options);
      return undefined;
    }
    try {
      await vault.write(data, { data: tombstone(now()), options: { cas: held.version } }, options);
      const tolerant = { vault, log, path };
      await destroyBefore(tolerant, held.version, options);
      // The tombstone holds no token: what is still to do must not wait for a right that is missing.
      await vault.delete(data, options).catch((error: unknown) => tolerate(tolerant, error));
      return held;
    } catch (error) {
      if (asTenantryError(error).code !== 'Conflict' || attempt === TRIES) throw error;
    }
  }
}

/** Older versions hold older tokens, some of which may still be good; deleting alone could be undone. */
interface Tolerant {
  readonly vault: TokenParts['vault'];
  readonly log: TokenParts['log'];
  readonly path: string;
}

async function destroyBefore(
  { vault, log, path }: Tolerant,
  last: number,
  options: CallOptions,
): Promise<void> {
  const metadata = await readMetadata(vault, path, options);
  const versions = Object.entries(metadata?.versions ?? {})
    .filter(([version, { destroyed }]) => Number(version) <= last && !destroyed)
    .map(([version]) => Number(version));
  if (versions.length === 0) return;
  await vault
    .write(`${vault.kvMount}/destroy/${path}`, { versions }, options)
    .catch((error: unknown) => tolerate({ vault, log, path }, error));
}

/** Stacks applied by an older Tenantry have a policy without these paths. @throws everything else */
function tolerate({ log, path }: Tolerant, error: unknown): void {
  if (asTenantryError(error).code !== 'VaultForbidden') throw error;
  const hint = 'run `tenantry apply`, which updates the policy gateway-service';
  log.warn({ path, hint }, 'Vault did not let older versions of a revoked credential be destroyed');
}

async function atTheProvider(
  { providers, stack, log }: RevokeParts,
  place: CredentialPlace,
  held: Held,
): Promise<RevokedResult['atProvider']> {
  try {
    const view = requireIntegration(stack.current(), place.tenant, place.integration);
    const signal = AbortSignal.timeout(PROVIDER_MS);
    const { kind, context } = await providers.of(view, held.facts, { signal });
    return (await kind.revoke({ ...context, signal }, held)) ? 'done' : 'not-supported';
  } catch (thrown) {
    const error: TenantryError = asTenantryError(thrown);
    log.warn({ ...place, code: error.code }, `a credential was not ended at the provider: ${error.message}`);
    return 'failed';
  }
}
