/** Which fields of a stored credential are secret, and how cipher text is told from plain text. */

/** Fields that are kept as Transit cipher text. Everything else is a fact (scopes, expiry, workspace id). */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'access_token',
  'api_key',
  'api_token',
  'client_secret',
  'id_token',
  'password',
  'private_key',
  'refresh_token',
  'secret_access_key',
  'session_token',
  'webhook_secret',
]);

/** Vault's own form of Transit cipher text. */
export function isCiphertext(value: unknown): value is string {
  return typeof value === 'string' && /^vault:v\d+:[A-Za-z0-9+/=]+$/.test(value);
}

/** Version of the key that a cipher text was made with; undefined for anything else. */
export function keyVersionOf(value: unknown): number | undefined {
  return isCiphertext(value) ? Number(/^vault:v(\d+):/.exec(value)?.[1]) : undefined;
}

/** Secret fields that stand in plain text, as `vault kv put` by hand leaves them. */
export function plainFields(data: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(data)
    .filter((field) => SECRET_FIELDS.has(field))
    .filter((field) => secretText(data[field]) !== '' && !isCiphertext(data[field]));
}

/** A secret as text, as the reader of a reference gets it: what is no text (a key as an object) is JSON. */
export function secretText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
