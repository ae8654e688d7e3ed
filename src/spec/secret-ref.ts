/** References to secrets: `${VAULT:path:key}` and `${ENV:NAME}`. A document never holds a secret itself. */
import { z } from 'zod';

/** A place where a secret is kept. Parsing it reads nothing. */
export type SecretRef =
  | { readonly from: 'vault'; readonly path: string; readonly key: string }
  | { readonly from: 'env'; readonly name: string };

/** `${VAULT:secret/data/acme/notion:access_token}` or `${ENV:NOTION_CLIENT_SECRET}`. */
export const SECRET_REF_PATTERN =
  /^\$\{(?:VAULT:[A-Za-z0-9_./-]+:[A-Za-z0-9_.-]+|ENV:[A-Za-z_][A-Za-z0-9_]*)\}$/;

/** The longest reference; it bounds what a check in the API server may cost. */
const MOST_CHARACTERS = 1024;

/** The advice that ends every message about a literal secret. */
export const SECRET_HOW = 'write a reference: ${VAULT:path:key} or ${ENV:NAME}';

/** Parses a reference, or returns undefined when the text is none. */
export function parseSecretRef(text: string): SecretRef | undefined {
  if (!SECRET_REF_PATTERN.test(text)) return undefined;
  const inner = text.slice(2, -1);
  if (inner.startsWith('ENV:')) return { from: 'env', name: inner.slice(4) };
  const cut = inner.lastIndexOf(':');
  return { from: 'vault', path: inner.slice('VAULT:'.length, cut), key: inner.slice(cut + 1) };
}

/** The reference as it stands in a document. */
export function formatSecretRef(ref: SecretRef): string {
  return ref.from === 'env' ? `\${ENV:${ref.name}}` : `\${VAULT:${ref.path}:${ref.key}}`;
}

/** A field that holds a secret: only a reference is accepted, and a refused value is never repeated. */
export const secretRef = z
  .string({ error: `must be a reference to a secret; ${SECRET_HOW}` })
  .max(MOST_CHARACTERS, { error: `must have at most ${MOST_CHARACTERS} characters` })
  .regex(SECRET_REF_PATTERN, { error: `a literal secret is not allowed here; ${SECRET_HOW}` })
  .meta({ description: 'A reference to a secret: ${VAULT:path:key} or ${ENV:NAME}.', secret: true });

/** A setting that is no secret but may come from the environment, e.g. an address. */
export function envOr(schema: z.ZodString): z.ZodUnion<[z.ZodString, z.ZodString]> {
  const reference = z.string().regex(/^\$\{ENV:[A-Za-z_][A-Za-z0-9_]*\}$/, { error: 'must be ${ENV:NAME}' });
  return z.union([reference, schema]);
}
