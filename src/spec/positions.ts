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

/** `file:line` of a field, for a message about another place. */
export function placeOf(loaded: { readonly source: Source }, path: FieldPath): string {
  const line = origins.get(loaded)?.position(path).line ?? loaded.source.line;
  return `${loaded.source.file}:${line}`;
}
