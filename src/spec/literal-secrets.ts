/** Recognises live secrets by the prefixes that their issuers gave them, wherever they stand in a document. */
import { SECRET_REF_PATTERN } from './secret-ref.ts';

/** Prefixes that begin nothing but a token; the rest of a token is checked only as far as a false alarm needs it. */
const TOKENS: readonly (readonly [RegExp, string])[] = [
  [/\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{4,}/, 'a Slack token'],
  [/\bxapp-\d-[A-Za-z0-9-]{8,}/, 'a Slack token'],
  [/\b(?:gh[opsur]_|github_pat_)[A-Za-z0-9_]{4,}/, 'a GitHub token'],
  [/\bglpat-[A-Za-z0-9_-]{4,}/, 'a GitLab token'],
  [/\b[rs]k_live_[A-Za-z0-9]{4,}/, 'a Stripe key'],
  [/\bwhsec_[A-Za-z0-9+/]{16,}/, 'a webhook secret'],
  [/\bsecret_[A-Za-z0-9]{24,}/, 'a Notion token'],
  [/\bntn_[A-Za-z0-9]{12,}/, 'a Notion token'],
  [/\bA(?:KIA|SIA)[A-Z0-9]{12,}\b/, 'an AWS access key'],
  [/\bhv[bsr]\.[A-Za-z0-9_-]{4,}/, 'a Vault token'],
  [/\bAIza[A-Za-z0-9_-]{30,}/, 'a Google API key'],
  [/\bya29\.[A-Za-z0-9_-]{20,}/, 'a Google token'],
  [/\bGOCSPX-[A-Za-z0-9_-]{16,}/, 'a Google client secret'],
  [/\bATATT3[A-Za-z0-9_=-]{20,}/, 'an Atlassian token'],
  [/\bsntry[su]_[A-Za-z0-9+/=_-]{16,}/, 'a Sentry token'],
  [/\blin_(?:api|oauth)_[A-Za-z0-9]{16,}/, 'a Linear token'],
  [/\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}/, 'a Shopify token'],
  [/\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/, 'a SendGrid key'],
  [/\bpat-(?:na|eu)\d-[a-f0-9-]{16,}/, 'a HubSpot token'],
  [/\bsk-(?:ant|proj)-[A-Za-z0-9_-]{16,}/, 'an API key'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/, 'a JSON Web Token'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
];

/** Most strings have none of these; one quick look spares them the whole list. */
const QUICK =
  /xox|xapp-|gh[opsur]_|github_pat_|glpat-|k_live_|whsec_|secret_|ntn_|A[KS]IA|hv[bsr]\.|AIza|ya29\.|GOCSPX|ATATT3|sntry|lin_|shp|SG\.|pat-|sk-|eyJ|-----BEGIN/;

/** All of them as one pattern, for who cannot go through a list: the API server. */
export const TOKEN_PATTERN = TOKENS.map(([pattern]) => pattern.source).join('|');

/** What is left of it for text of lower-case letters, digits and "-" only. Short, because the API server counts its length. */
export const TOKEN_NAME_PATTERN =
  '\\b(?:xox[a-z]-.{4}|xapp-[0-9]-.{8}|glpat-.{4}|pat-(?:na|eu)[0-9]-[a-f0-9-]{16}|sk-(?:ant|proj)-.{16})';

/** What kind of live secret a text holds, e.g. `a GitHub token`; undefined when it looks like none. */
export function liveSecretKind(text: string): string | undefined {
  if (!QUICK.test(text) || SECRET_REF_PATTERN.test(text)) return undefined;
  return TOKENS.find(([pattern]) => pattern.test(text))?.[1];
}

/** True when a text must not be repeated in a message. */
export function looksLikeSecret(text: string): boolean {
  return liveSecretKind(text) !== undefined;
}

/** One live secret in a document; the value itself is left out on purpose. */
export interface LiteralSecret {
  readonly path: readonly PropertyKey[];
  readonly kind: string;
  /** True when the key is the secret, not the value. */
  readonly isKey: boolean;
}

/** All strings of a value, keys too, that look like a live secret. */
export function findLiteralSecrets(value: unknown): LiteralSecret[] {
  const found: LiteralSecret[] = [];
  visit(value, [], new Set(), found);
  return found;
}

function visit(value: unknown, path: PropertyKey[], above: Set<object>, found: LiteralSecret[]): void {
  if (typeof value === 'string') {
    const kind = liveSecretKind(value);
    if (kind !== undefined) found.push({ path: [...path], kind, isKey: false });
    return;
  }
  // An alias may point at what contains it.
  if (typeof value !== 'object' || value === null || above.has(value)) return;
  above.add(value);
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    path.push(isList ? Number(key) : key);
    const kind = isList ? undefined : liveSecretKind(key);
    if (kind !== undefined) found.push({ path: [...path], kind, isKey: true });
    visit(item, path, above, found);
    path.pop();
  }
  above.delete(value);
}
