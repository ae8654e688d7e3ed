/** Tells what in a sample row looks like a secret, by its name or its form. */

/** Shown in place of what looks like a secret. */
export const HIDDEN = '(hidden)';

const NAME =
  /(^|_)(tokens?|secrets?|passwords?|passwd|pwd|passphrase|api_?keys?|access_?keys?|private_?keys?|credentials?|authorization|cookies?|otp|pin)$/;

/** Would the column of this name hold a secret? */
export function isSecretName(name: string): boolean {
  const words = name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').replaceAll(/[^A-Za-z0-9]+/g, '_');
  return NAME.test(words.toLowerCase());
}

/** Tokens that can be told by their form, private keys, and addresses that open something for who has them. */
const FORMS: readonly RegExp[] = [
  /\b(gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|[sr]k_(live|test)_|whsec_|lin_(api|oauth)_|ntn_|sntr[ysu]s?_|AIza|ya29\.|pat-[a-z]{2}\d-|SG\.)[\w.-]{8,}/,
  /\b(AKIA|ASIA)[A-Z0-9]{12,}\b/,
  /\beyJ[\w-]{5,400}\.eyJ[\w-]{5}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\bhttps?:\/\/[^\s/@:]+:[^\s/@]+@/i,
  /[?&](x-amz-signature|x-amz-security-token|signature|sig|access_token|token|key|secret|password)=[^&\s]{6,}/i,
];

/** Looked through for secrets; what comes after it is cut off anyway. */
const MOST_LOOKED_AT = 4_000;
/** What is nested deeper than this is not shown. */
const MOST_DEPTH = 20;

export function hasSecretForm(text: string): boolean {
  const looked = text.slice(0, MOST_LOOKED_AT);
  return FORMS.some((form) => form.test(looked));
}

/** The value with everything in it that looks like a secret hidden. */
export function withoutSecrets(value: unknown, name = '', depth = 0): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (isSecretName(name) && value !== '') return HIDDEN;
  if (typeof value === 'string') return hasSecretForm(value) ? HIDDEN : value;
  if (typeof value !== 'object') return value;
  if (depth >= MOST_DEPTH) return '…';
  // What a list is called, its elements are; they have no names of their own.
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, '', depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutSecrets(item, key, depth + 1)] as const),
  );
}
