/** Stores what a connect flow or a person brought. It wins over a refresh that is under way. */
import {
  type CredentialPlace,
  latestVersion,
  readStored,
  type StoredCredential,
  storeCredential,
} from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { recordDone } from '../audit/record-done.ts';
import { accountOf } from '../oauth/account.ts';
import type { TokenSet } from '../providers/kind.ts';
import { type IntegrationView, requireIntegration, scopesOf } from '../stack/view.ts';
import { fieldsOfGrant } from './held.ts';
import { bring } from './installation-row.ts';
import { passFence } from './leases.ts';
import { type TokenParts, tellOfChange } from './parts.ts';
import type { Schedule } from './schedule.ts';
import type { Actor, PutOptions, StoredResult } from './service.ts';
import { passing } from './trouble.ts';

export interface PutParts extends TokenParts {
  readonly schedule: Schedule;
  /** Drops what this and every other replica remembers. */
  readonly changed: (place: CredentialPlace) => Promise<void>;
}

/** How often the version is looked up again when somebody else writes at the same time. */
const TRIES = 8;

/** Row locks are held meanwhile. In milliseconds. */
const WRITE_MS = 20_000;

interface Grant {
  readonly view: IntegrationView;
  readonly tokens: TokenSet;
  readonly actor: Actor;
}

export function createPut(
  parts: PutParts,
): (place: CredentialPlace, tokens: TokenSet, actor: Actor, options?: PutOptions) => Promise<StoredResult> {
  const { stack, schedule, changed, log, now, redactor } = parts;

  return async ({ tenant, integration }, tokens, actor, options = {}) => {
    const place = { tenant, integration };
    const view = requireIntegration(stack.current(), tenant, integration);
    requireSecrets(tokens, view);
    for (const secret of Object.values(tokens.secrets)) redactor.add(secret);
    let version: number;
    try {
      version = await storeGrant(parts, place, { view, tokens, actor }, options);
    } catch (error) {
      throw passing(error);
    }
    const encryptedAt = new Date(now()).toISOString();
    // It is stored: what is still to do is mended by the hourly reconciliation where it fails here.
    await changed(place);
    await Promise.all([
      schedule.set(place, schedule.at(place, { expiresAt: tokens.expiresAt, issuedAt: now() }, true)),
      schedule.push(place, view.entry),
    ]).catch((error: unknown) => {
      log.warn({ ...place, err: asTenantryError(error) }, 'a stored credential was not scheduled');
    });
    await recordDone(
      parts,
      { ...place, action: 'token.store' },
      actor,
      'a stored credential was not recorded',
    );
    await tellOfChange(parts, { place, type: 'connected', id: String(version), by: actor.id });
    const expiresAt = tokens.expiresAt === undefined ? undefined : new Date(tokens.expiresAt).toISOString();
    return { encryptedAt, expiresAt, version };
  };
}

function requireSecrets({ secrets, facts }: TokenSet, { entry }: IntegrationView): void {
  // A role of AWS needs no secret: its session is made anew from the facts.
  const isThere = Object.values(secrets).some((value) => value !== '') || Object.keys(facts).length > 0;
  if (!isThere) throw new TenantryError('InvalidRequest', `there is no token of ${entry.name} to store`);
}

async function storeGrant(
  parts: PutParts,
  place: CredentialPlace,
  grant: Grant,
  options: PutOptions,
): Promise<number> {
  const { vault } = parts;
  for (let attempt = 1; ; attempt++) {
    const [expectedVersion, before] = await Promise.all([
      latestVersion(vault, place, options),
      readStored(vault, place, options),
    ]);
    try {
      return await storeOver(parts, place, grant, { expectedVersion, before: before?.data, options });
    } catch (error) {
      if (asTenantryError(error).code !== 'Conflict' || attempt === TRIES) throw error;
    }
  }
}

interface Over {
  readonly expectedVersion: number;
  readonly before: StoredCredential | undefined;
  readonly options: PutOptions;
}

/**
 * The row first, so that of two tenants with one account the second stores nothing; the row is not there either where
 * Vault takes nothing, because both are one transaction as far as two systems can be.
 */
async function storeOver(
  parts: PutParts,
  place: CredentialPlace,
  { view, tokens, actor }: Grant,
  { expectedVersion, before, options }: Over,
): Promise<number> {
  const { database, vault, schedule, now } = parts;
  const scopes = scopesOf(view);
  const createdAt = String(before?.['created_at'] ?? new Date(now()).toISOString());
  const fields = fieldsOfGrant(tokens, { createdAt, now: now(), scopes });
  const limit = AbortSignal.timeout(WRITE_MS);
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  return await database.asTenant(
    place.tenant,
    async (query) => {
      await passFence(query, place);
      // Under the same lock as the app is changed.
      await requireApp(parts, view, { ...options, signal });
      await bring(query, place, {
        version: expectedVersion + 1,
        expiresAt: tokens.expiresAt,
        nextRefreshAt: schedule.at(place, { expiresAt: tokens.expiresAt, issuedAt: now() }, true),
        scopes: tokens.scopes ?? scopes,
        account: accountOf(view.entry, tokens.facts),
        actor: actor.id,
        now: now(),
      });
      return await storeCredential(vault, place, fields, { expectedVersion, signal });
    },
    { signal },
  );
}

/** Tokens belong to the app that got them: with another one they could not be refreshed. @throws StateInvalid */
async function requireApp(
  { providers }: Pick<PutParts, 'providers'>,
  view: IntegrationView,
  { app, signal }: PutOptions,
): Promise<void> {
  if (app === undefined || app === '') return;
  const { context } = await providers.of(view, {}, { signal });
  if (context.app.clientId === app) return;
  throw new TenantryError(
    'StateInvalid',
    `the app of ${view.entry.id} was changed while it was being connected`,
    { hint: 'begin to connect again' },
  );
}
