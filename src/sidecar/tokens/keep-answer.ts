/**
 * Stores what the provider gave by check-and-set, for as long as it takes: the answer exists once, and a rotating
 * provider never gives it again.
 */
import { setTimeout as timer } from 'node:timers/promises';
import { SECRET_FIELDS } from '../../credentials/fields.ts';
import type { CredentialPlace, StoredCredential } from '../../credentials/store.ts';
import { encryptInPlace, storeCredential } from '../../credentials/store.ts';
import { asTenantryError } from '../../errors.ts';
import type { TokenSet } from '../providers/kind.ts';
import type { ReadCredential } from './custody.ts';
import { fieldsOfRenewal, type Held, heldOf, renewedSecrets, sameTokens } from './held.ts';
import type { TokenParts } from './parts.ts';
import { shuttingDown } from './trouble.ts';

export interface KeepParts extends Pick<TokenParts, 'vault' | 'log' | 'now'> {
  readonly random: () => number;
  readonly read: ReadCredential;
  /** Aborts when the process cannot wait any longer. */
  readonly lastCall: AbortSignal;
  /** Holds the lease for another while; called now and then. A failure is no reason to stop. */
  readonly extend: () => Promise<void>;
}

/**
 * - `stored`: by us;
 * - `overtaken`: somebody else has brought other tokens meanwhile, which count;
 * - `gone`: the credential was revoked meanwhile.
 */
export type Kept =
  | { readonly outcome: 'stored' | 'overtaken'; readonly held: Held }
  | { readonly outcome: 'gone' };

const FIRST_DELAY_MS = 100;
const MOST_DELAY_MS = 5_000;

/**
 * @param sent what the refresh token was taken from
 * @throws ShuttingDown when the process has to end before it was stored; the record of the call tells of it
 */
export async function keepAnswer(
  parts: KeepParts,
  place: CredentialPlace,
  sent: Held,
  answer: TokenSet,
): Promise<Kept> {
  const { log, random, lastCall } = parts;
  let base = sent;
  for (let attempt = 0; ; attempt++) {
    try {
      const done = await tryToStore(parts, place, { sent, base, answer });
      if ('outcome' in done) return done;
      base = done.base;
    } catch (thrown) {
      const error = asTenantryError(thrown);
      const level = attempt === 0 ? 'warn' : 'error';
      log[level]({ ...place, code: error.code, attempt }, 'a refreshed token is not stored yet; trying on');
      const bound = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), MOST_DELAY_MS);
      await timer(bound / 2 + (random() * bound) / 2, undefined, { signal: lastCall }).catch(() => undefined);
      if (lastCall.aborted) throw shuttingDown();
      await parts.extend();
    }
  }
}

interface Storing {
  readonly sent: Held;
  /** Version that is replaced. */
  readonly base: Held;
  readonly answer: TokenSet;
}

async function tryToStore(
  parts: KeepParts,
  place: CredentialPlace,
  { sent, base, answer }: Storing,
): Promise<Kept | { readonly base: Held }> {
  const { vault, now, read } = parts;
  const fields = fieldsOfRenewal(base, answer, now());
  try {
    const version = await storeCredential(vault, place, fields, { expectedVersion: base.version });
    const stored = { data: withoutSecrets(fields), version };
    return { outcome: 'stored', held: heldOf(stored, secretsOf(renewedSecrets(base, answer))) };
  } catch (error) {
    if (asTenantryError(error).code !== 'Conflict') throw error;
  }
  const found = await read(place);
  if (!found) return { outcome: 'gone' };
  // A write whose answer was lost: what stands there is ours, only the note that it is encrypted may be missing.
  const isOurs = sameTokens(found.secrets, renewedSecrets(sent, answer));
  const isAsSent = sameTokens(found.secrets, sent.secrets);
  if (isOurs && !isAsSent) {
    await encryptInPlace(vault, place);
    return { outcome: 'stored', held: found };
  }
  // Encrypted anew, or a fact changed by hand: the tokens are those that the provider has just replaced.
  return isAsSent ? { base: found } : { outcome: 'overtaken', held: found };
}

function withoutSecrets(fields: StoredCredential): StoredCredential {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !SECRET_FIELDS.has(field)));
}

function secretsOf(secrets: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).filter(([field]) => SECRET_FIELDS.has(field)));
}
