/** Remembers where each loaded document came from, so that later checks can point at its fields. */
import type { Problem } from '../errors.ts';
import type { Source } from './documents.ts';
import { formatPath, problemAt } from './validate.ts';
import type { FieldPath, YamlDocument } from './yaml.ts';

// Beside the documents, not in them: they stay plain data that can be compared and printed.
const origins = new WeakMap<object, YamlDocument>();

/** Keeps the origin of a loaded document. */
export function rememberOrigin(loaded: object, document: YamlDocument): void {
  origins.set(loaded, document);
}

/** A problem at a field of a loaded document; at the document's first line when its origin is not known. */
export function problemIn(
  loaded: { readonly source: Source },
  path: FieldPath,
  message: string,
  at: 'key' | 'value' = 'value',
): Problem {
  const origin = origins.get(loaded);
  if (origin !== undefined) return problemAt(origin, path, message, at);
  return { message, file: loaded.source.file, line: loaded.source.line, column: 1, path: formatPath(path) };
}

/** Where a field of another document stands, as a message says it: `at file:line`, or `in the namespace "prod"`. */
export function placeOf(loaded: { readonly source: Source }, path: FieldPath): string {
  const { file, line, namespace } = loaded.source;
  if (namespace !== undefined) return `in the namespace "${namespace}"`;
  return `at ${file}:${origins.get(loaded)?.position(path).line ?? line}`;
}

/** A mistake of a document, and who has what it wants, where that is the mistake. */
export interface Finding {
  readonly problem: Problem;
  readonly document: object;
  readonly keeper?: object | undefined;
}

/** A mistake at a field of a loaded document. */
export function finding(
  document: { readonly source: Source },
  path: FieldPath,
  message: string,
  more: { readonly at?: 'key' | 'value'; readonly keeper?: object } = {},
): Finding {
  return { problem: problemIn(document, path, message, more.at), document, keeper: more.keeper };
}
