/** Parses YAML text into plain values, and finds the place of any field again when a problem needs it. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Problem } from '../errors.ts';
import { looksLikeSecret } from './literal-secrets.ts';

export { issuesToProblems, validate } from './validate.ts';

/** A place in a file, both 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Keys and indexes from the top of a document to a field. */
export type FieldPath = readonly PropertyKey[];

/** One document of a YAML file. */
export interface YamlDocument {
  /** File as the user named it. */
  readonly file: string;
  /** The document as plain objects, arrays and scalars; no schema has been applied. */
  readonly value: unknown;
  /** 1-based line of the first key. */
  readonly line: number;
  /**
   * Where a field stands: its value, or its key on request. A field that is not there has the position of the
   * nearest parent's key. Found by parsing the text again, because it is needed for problems only.
   */
  position(path: FieldPath, at?: 'key' | 'value'): Position;
}

interface ParsedFile {
  readonly documents: readonly Document[];
  readonly lines: LineCounter;
}

/** Reads all documents of one file. A document with a syntax error is left out and reported. */
export function parseDocuments(
  file: string,
  text: string,
): { documents: YamlDocument[]; problems: Problem[] } {
  const { documents: parsed, lines } = parse(text);
  // Only the text is kept: the syntax trees of thousands of documents would fill the memory for nothing.
  let again: ParsedFile | undefined;
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  parsed.forEach((document, index) => {
    const found = syntaxProblems(file, document, text, lines);
    problems.push(...found);
    if (found.length > 0 || document.contents === null || isEmpty(document)) return;
    const read = readValue(document);
    const start = at(lines, document.contents.range?.[0] ?? 0);
    if ('message' in read) {
      problems.push({ file, ...start, message: read.message });
      return;
    }
    documents.push({
      file,
      value: read.value,
      line: start.line,
      position(path, part = 'value') {
        again ??= parse(text);
        return locate(again, index, path, part);
      },
    });
  });
  return { documents, problems };
}

function parse(text: string): ParsedFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    logLevel: 'silent',
    merge: true,
    prettyErrors: false,
    stringKeys: true,
  });
  return { documents: 'empty' in documents ? [] : documents, lines };
}

/** A document of comments only, e.g. what stands before the first `---`. */
function isEmpty(document: Document): boolean {
  const contents = document.contents;
  return isScalar(contents) && contents.value === null && !contents.source;
}

function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function readValue(document: Document): { value: unknown } | { message: string } {
  try {
    let anchored = false;
    const value: unknown = document.toJS({ maxAliasCount: 100, onAnchor: () => (anchored = true) });
    return anchored && contains(value, new Set())
      ? { message: 'an alias (*name) stands inside its own anchor (&name)' }
      : { value };
  } catch (error) {
    const excessive = error instanceof Error && error.message.startsWith('Excessive alias');
    return {
      message: excessive
        ? 'the aliases of this document expand to too much'
        : 'an alias (*name) has no anchor (&name) before it',
    };
  }
}

/** True when a value contains itself or one of those above it. */
function contains(value: unknown, above: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.has(value)) return true;
  above.add(value);
  const found = Object.values(value).some((child) => contains(child, above));
  above.delete(value);
  return found;
}

/** The library's own messages may quote the text, which may hold a secret; so each code has a message here. */
const SYNTAX: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: 'an alias (*name) has no anchor (&name) before it, or its name is wrong',
  BAD_DIRECTIVE: 'unknown YAML directive (a line that begins with %)',
  BAD_DQ_ESCAPE: 'unknown escape in a double-quoted string; write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'wrong indentation: all keys of one mapping must begin in the same column',
  BAD_SCALAR_START: 'a plain value cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping or list cannot begin on the line of another key; indent it on a new line',
  BLOCK_IN_FLOW: 'a block cannot stand inside [ ] or { }',
  MISSING_CHAR: 'a character is missing here, such as a closing quote or bracket, or the space after ":"',
  MULTILINE_IMPLICIT_KEY:
    'a key must stand on one line; is a ":" missing, or is the line indented differently?',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'the document is nested too deeply',
  TAB_AS_INDENT: 'a tab cannot be used to indent; use spaces',
  TAG_RESOLVE_FAILED: 'unknown YAML tag (!name); Tenantry has none of its own',
  UNEXPECTED_TOKEN: 'this is not expected here; is a quote, a bracket or a line break wrong?',
};

function syntaxProblems(file: string, document: Document, text: string, lines: LineCounter): Problem[] {
  const problems = new Map<number, Problem>();
  // An unknown tag is a warning to the library, which then takes the value as text; that would be a guess.
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const place = at(lines, Math.min(pos[0], text.length));
    // One slip often makes several errors on its line; the first names it best.
    if (problems.has(place.line)) continue;
    problems.set(place.line, { file, ...place, message: syntaxMessage(code, text, pos[0]) });
  }
  return [...problems.values()];
}

function syntaxMessage(code: YAMLError['code'], text: string, offset: number): string {
  if (code !== 'DUPLICATE_KEY') return SYNTAX[code] ?? `the YAML is not valid here (${code})`;
  const key = /^["']?([\w./-]+)/.exec(text.slice(offset, offset + 200))?.[1];
  return key === undefined || looksLikeSecret(key)
    ? 'the same key is given twice'
    : `the key "${key}" is given twice`;
}

function locate(file: ParsedFile, index: number, path: FieldPath, part: 'key' | 'value'): Position {
  const document = file.documents[index];
  let node: unknown = document?.contents;
  let offset = document?.contents?.range?.[0] ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (document === undefined) break;
    const step = child(document, node, segment);
    if (step === undefined) return at(file.lines, offset);
    node = step.value;
    const valueWanted = part === 'value' && depth === path.length - 1;
    const found = valueWanted ? (begin(step.value) ?? begin(step.key)) : begin(step.key);
    // An empty item of a list has no text, yet a place.
    offset = found ?? (step.value as Node | null)?.range?.[0] ?? offset;
  }
  return at(file.lines, offset);
}

function child(
  document: Document,
  parent: unknown,
  segment: PropertyKey,
): { key: unknown; value: unknown } | undefined {
  const node = resolved(document, parent);
  if (isSeq(node)) {
    const item = node.items[Number(segment)];
    return item === undefined ? undefined : { key: item, value: item };
  }
  return isMap(node) ? pairOf(document, node, String(segment)) : undefined;
}

function pairOf(document: Document, map: YAMLMap, key: string): Pair | undefined {
  const named = map.items.find((pair) => keyOf(pair) === key);
  if (named !== undefined) return named;
  for (const pair of map.items.filter((candidate) => keyOf(candidate) === '<<')) {
    const merged = resolved(document, pair.value);
    for (const item of isSeq(merged) ? merged.items : [merged]) {
      const source = resolved(document, item);
      const found = isMap(source) ? pairOf(document, source, key) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? (node as Alias).resolve(document) : node;
}

/** Where a node begins; nothing for an empty value such as that of `key:`. */
function begin(node: unknown): number | undefined {
  const range = (node as Node | null | undefined)?.range;
  if (range === null || range === undefined) return undefined;
  return isScalar(node) && range[0] === range[1] ? undefined : range[0];
}
