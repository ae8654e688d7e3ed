/** Applies a zod schema to a YAML document and turns every issue into a problem with its place in the file. */
import type { core, z } from 'zod';
import type { Problem } from '../errors.ts';
import { UNWORDED, unknownKeyMessage, wording } from './issue-wording.ts';
import { findLiteralSecrets, looksLikeSecret } from './literal-secrets.ts';
import { withoutNulls } from './schema-at.ts';
import { SECRET_HOW } from './secret-ref.ts';
import type { FieldPath, YamlDocument } from './yaml.ts';

/** What validating gave: the typed value, or all problems. */
export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: Problem[] };

/**
 * Checks a document against a schema, and that no live token stands anywhere in it.
 * @param options.tokens `allow` for a file that is no document, and whose tokens are taken out of it. Default: refuse.
 */
export function validate<S extends z.ZodType>(
  schema: S,
  document: YamlDocument,
  options: { readonly tokens?: 'allow' } = {},
): Validated<z.output<S>> {
  // Issues whose schema has no words of its own are marked, so that the wording can be chosen here.
  const parse = (value: unknown) => schema.safeParse(value, { error: () => UNWORDED });
  let read = document;
  let result = parse(read.value);
  if (!result.success) {
    read = { ...document, value: withoutNulls(schema, document.value) };
    result = parse(read.value);
  }
  const problems = result.success ? [] : issuesToProblems(result.error.issues, read, schema);
  const refused = new Set(problems.map((problem) => problem.path));
  if (options.tokens !== 'allow') problems.push(...literalSecretProblems(document, refused));
  return result.success && problems.length === 0
    ? { ok: true, value: result.data }
    : { ok: false, problems: sortProblems(problems) };
}

/** One problem for each issue of a failed `safeParse` of `document.value` by `schema`. */
export function issuesToProblems(
  issues: readonly core.$ZodIssue[],
  document: YamlDocument,
  schema: z.ZodType,
): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      const words = wording(issue, schema, document.value);
      return [problemAt(document, issue.path, words.message, words.at)];
    }
    return issue.keys.map((key) =>
      problemAt(
        document,
        [...issue.path, key],
        unknownKeyMessage(key, schema, { value: document.value, path: issue.path }),
        'key',
      ),
    );
  });
}

/** A problem at a field of a document. */
export function problemAt(
  document: YamlDocument,
  path: FieldPath,
  message: string,
  at: 'key' | 'value' = 'value',
): Problem {
  const { line, column } = document.position(path, at);
  return { message, file: document.file, line, column, path: formatPath(path) };
}

/** The path as people write it: `spec.sync.streams[0]`, `metadata.labels["a/b"]`; a key that is a secret is hidden. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (looksLikeSecret(String(segment))) text += '[(hidden)]';
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(String(segment))) text += `${text && '.'}${String(segment)}`;
    else text += `[${JSON.stringify(String(segment))}]`;
  }
  return text;
}

/** By file, line and column, so that a person reads each file once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compare(a.file ?? '', b.file ?? '') ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compare(a.message, b.message),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A value that is refused already is left out; a key never is, because its problem does not say that it is a secret. */
function literalSecretProblems(document: YamlDocument, refused: ReadonlySet<string | undefined>): Problem[] {
  return findLiteralSecrets(document.value)
    .filter(({ path, isKey }) => isKey || !refused.has(formatPath(path)))
    .map(({ path, kind, isKey }) => {
      const message = `this looks like ${kind}; a literal secret is not allowed in a document; ${SECRET_HOW}`;
      return problemAt(document, path, message, isKey ? 'key' : 'value');
    });
}
