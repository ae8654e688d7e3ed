/** A credential between its two forms: fields of KV v2 in snake_case, and tokens in clear for the moment of their use. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import { SECRET_FIELDS } from '../../credentials/fields.ts';
import type { StoredCredential } from '../../credentials/store.ts';
import { authKinds } from '../providers/index.ts';
import type { StoredSecrets, TokenSet } from '../providers/kind.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { UsableToken } from './service.ts';

/** One version of a credential, decrypted. */
export interface Held extends StoredSecrets {
  /** KV version; 0 for one that comes from the environment. */
  readonly version: number;
  /** As it stands in Vault: secret fields as cipher text. */
  readonly data: StoredCredential;
  readonly tokenType: string;
  /** Milliseconds since 1970; undefined: does not end by the clock. */
  readonly expiresAt: number | undefined;
  /** When the provider gave the token, in milliseconds since 1970; undefined: not known. */
  readonly issuedAt: number | undefined;
  /** Undefined: nobody wrote down which. */
  readonly scopes: readonly string[] | undefined;
  /** RFC 3339; when the tenant was first connected. */
  readonly createdAt: string | undefined;
}

/** What Tenantry itself writes beside secrets and facts. */
const OWN_FIELDS = new Set(['token_type', 'expires_at', 'issued_at', 'scopes', 'created_at']);

/** Belong to the secrets of their kinds, but are no cipher text in Vault. */
const CLEAR_PARTS = new Set(['username', 'access_key_id']);

/** Left in the place of a revoked credential for the moment until it is deleted, too. */
const REVOKED_AT = 'revoked_at';

/** Fields that keep a refresh that is under way from bringing a revoked credential back. */
export function tombstone(at: number): StoredCredential {
  return { [REVOKED_AT]: new Date(at).toISOString() };
}

export function isTombstone(data: StoredCredential): boolean {
  return REVOKED_AT in data && !Object.keys(data).some((field) => SECRET_FIELDS.has(field));
}

/** @param clear values of the secret fields */
export function heldOf(
  stored: { readonly data: StoredCredential; readonly version: number; readonly storedAt?: string },
  clear: Readonly<Record<string, string>>,
): Held {
  const { data, version } = stored;
  const secrets: Record<string, string> = { ...clear };
  const facts: Record<string, string> = {};
  for (const [field, value] of Object.entries(data)) {
    if (SECRET_FIELDS.has(field) || OWN_FIELDS.has(field)) continue;
    (CLEAR_PARTS.has(field) ? secrets : facts)[field] = textOf(value);
  }
  const scopes = scopesOf(data['scopes']);
  return {
    version,
    data,
    secrets,
    facts,
    tokenType: textOf(data['token_type']) || 'bearer',
    expiresAt: timeOf(data['expires_at']),
    issuedAt: timeOf(data['issued_at']) ?? timeOf(stored.storedAt),
    scopes,
    createdAt: textOf(data['created_at']) || stored.storedAt,
  };
}

/** Fields of a new grant. */
export function fieldsOfGrant(
  tokens: TokenSet,
  times: { readonly createdAt: string; readonly now: number; readonly scopes: readonly string[] },
): StoredCredential {
  return {
    ...tokens.facts,
    ...given(tokens.secrets),
    token_type: tokens.tokenType,
    ...ends(tokens.expiresAt),
    scopes: [...(tokens.scopes ?? times.scopes)],
    created_at: times.createdAt,
    issued_at: new Date(times.now).toISOString(),
  };
}

/**
 * Fields after a renewal: what the answer leaves out stays as it was (RFC 6749 section 6), and cipher text of what did
 * not change is not made anew.
 */
export function fieldsOfRenewal(held: Held, answer: TokenSet, now: number): StoredCredential {
  const { expires_at: _end, ...kept } = held.data;
  const fresh = Object.entries(given(answer.secrets)).filter(
    ([field, value]) => held.secrets[field] !== value || kept[field] === undefined,
  );
  const issued = new Date(now).toISOString();
  return {
    created_at: issued,
    ...kept,
    ...answer.facts,
    ...Object.fromEntries(fresh),
    token_type: answer.tokenType,
    ...ends(answer.expiresAt),
    ...(answer.scopes && { scopes: [...answer.scopes] }),
    issued_at: issued,
  };
}

/** What was made of a held credential before; it goes with it. */
const usable = new WeakMap<Held, { readonly entry: CatalogEntry; readonly token: UsableToken }>();

/** The token for the moment of its use, as its auth kind makes it from what is stored; the same object for each use. */
export function usableOf(held: Held, { entry }: Pick<IntegrationView, 'entry'>): UsableToken {
  const known = usable.get(held);
  if (known?.entry === entry) return known.token;
  const token = madeUsable(held, entry);
  usable.set(held, { entry, token });
  return token;
}

function madeUsable(held: Held, entry: CatalogEntry): UsableToken {
  const { tokenType, expiresAt, version, facts } = held;
  const scopes = held.scopes ?? [];
  return { ...authKinds[entry.auth.kind].usable(held), tokenType, expiresAt, version, scopes, facts };
}

/** True when both hold the same tokens, whatever else differs. */
export function sameTokens(a: StoredSecrets['secrets'], b: StoredSecrets['secrets']): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)].filter((field) => SECRET_FIELDS.has(field)));
  return [...fields].every((field) => (a[field] ?? '') === (b[field] ?? ''));
}

/** All secrets after a renewal. */
export function renewedSecrets(held: Held, answer: TokenSet): StoredSecrets['secrets'] {
  return { ...held.secrets, ...given(answer.secrets) };
}

function given(secrets: TokenSet['secrets']): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== ''));
}

function ends(expiresAt: number | undefined): { expires_at?: string } {
  return expiresAt === undefined ? {} : { expires_at: new Date(expiresAt).toISOString() };
}

function scopesOf(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? value.split(/[\s,]+/).filter((scope) => scope !== '') : undefined;
}

/** A number is what people copy out of a token response: seconds since 1970, or milliseconds. */
function timeOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number === 'number') return number > 1e11 ? number : number * 1000;
  const time = typeof number === 'string' ? Date.parse(number) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value);
}
