/** The words for each kind of schema issue: what was found, what is allowed; never a secret. */
import type { core } from 'zod';
import { looksLikeSecret } from './literal-secrets.ts';
import { allowedKeys, descriptionOf, isSecretSchema, schemaAt, valueAt } from './schema-at.ts';
import { didYouMean } from './suggest.ts';

/** Stands where a schema gave no message of its own. */
export const UNWORDED = '\u0000';

type Schema = core.$ZodType;
type Path = readonly PropertyKey[];

interface Words {
  readonly message: string;
  /** Which part of the field the message is about. */
  readonly at: 'key' | 'value';
}

/** Words for any issue but unknown keys. */
export function wording(issue: core.$ZodIssue, schema: Schema, document: unknown): Words {
  const found = valueAt(document, issue.path);
  if (found === undefined && issue.code !== 'invalid_key') return missing(issue, schema, document);
  if (issue.code === 'invalid_key') {
    const key = String(issue.path.at(-1));
    const rules = issue.issues.map((inner) => expectation(inner, undefined));
    return {
      message: `${rules.join('; ')}${looksLikeSecret(key) ? '' : `; found the key ${quote(key)}`}`,
      at: 'key',
    };
  }
  const secret = isSecretField(issue.path, schema, document);
  const expected = isWholeNumber(issue, schema, document)
    ? 'must be a whole number'
    : expectation(issue, found);
  const meant = secret ? '' : suggestion(issue, found);
  return {
    message: `${expected}${secret ? '' : `; found ${show(found)}`}${meant}`,
    at: 'value',
  };
}

/** zod first says "number" of a whole number too. */
function isWholeNumber(issue: core.$ZodIssue, schema: Schema, document: unknown): boolean {
  if (issue.code !== 'invalid_type' || issue.expected !== 'number' || !isUnworded(issue.message))
    return false;
  const def = schemaAt(schema, document, issue.path)?._zod.def as { format?: string } | undefined;
  return def?.format === 'safeint';
}

/** Words for a key that the schema does not have. */
export function unknownKeyMessage(
  key: string,
  schema: Schema,
  parent: { readonly value: unknown; readonly path: Path },
): string {
  const allowed = allowedKeys(schemaAt(schema, parent.value, parent.path));
  const name = looksLikeSecret(key) ? 'unknown field' : `unknown field ${quote(key)}`;
  const meant = didYouMean(key, allowed);
  return `${name}${meant ? `${meant} Allowed` : '; allowed'} here: ${allowed.join(', ')}`;
}

/** A value as a message may show it: short, on one line, and nothing at all when it looks like a secret. */
export function show(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return `${typeof value === 'number' ? 'the number ' : ''}${String(value)}`;
  return looksLikeSecret(value) ? 'what looks like a secret' : quote(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

/** Names that hold secrets often enough that a value under them is never repeated. */
const SECRET_NAME = /secret|token|passw|key|credential/i;

function isSecretField(path: Path, schema: Schema, document: unknown): boolean {
  if (path.some((segment) => typeof segment === 'string' && SECRET_NAME.test(segment))) return true;
  return isSecretSchema(schemaAt(schema, document, path));
}

function missing(issue: core.$ZodIssue, schema: Schema, document: unknown): Words {
  const field = schemaAt(schema, document, issue.path);
  const about = descriptionOf(field);
  const allowed = allowedValues(issue);
  const rest = [about, allowed && `It ${allowed}.`].filter(Boolean).join(' ');
  return { message: `the field "${String(issue.path.at(-1))}" is required${rest && `: ${rest}`}`, at: 'key' };
}

function allowedValues(issue: core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  if (issue.code === 'invalid_union' && 'options' in issue) return oneOf(issue.options as unknown[]);
  return undefined;
}

function oneOf(values: readonly unknown[]): string {
  const shown = values.map((value) => JSON.stringify(value)).join(', ');
  return values.length === 1 ? `must be ${shown}` : `must be one of ${shown}`;
}

function suggestion(issue: core.$ZodIssue, found: unknown): string {
  if (issue.code === 'invalid_type') return typeSuggestion(issue.expected, found);
  const allowed = issue.code === 'invalid_value' ? issue.values : unionOptions(issue);
  const words = allowed.filter((value) => typeof value === 'string');
  return typeof found === 'string' && words.length > 1 ? didYouMean(found, words) : '';
}

function typeSuggestion(expected: string, found: unknown): string {
  const unquoted = typeof found === 'number' || typeof found === 'boolean';
  if (expected === 'string' && unquoted) return '; put it in quotes';
  if (typeof found !== 'string') return '';
  const numeric = expected === 'number' || expected === 'int';
  if (numeric && found.trim() !== '' && Number.isFinite(Number(found))) return '; remove the quotes';
  if (expected !== 'boolean') return '';
  // What YAML 1.1 took for booleans is text in YAML 1.2.
  if (/^(?:yes|on|true|y)$/i.test(found)) return '; did you mean true?';
  return /^(?:no|off|false|n)$/i.test(found) ? '; did you mean false?' : '';
}

function unionOptions(issue: core.$ZodIssue): readonly unknown[] {
  return issue.code === 'invalid_union' && 'options' in issue ? (issue.options as unknown[]) : [];
}

/** What is allowed, as "must be …"; the schema's own words where it has them. */
function expectation(issue: core.$ZodIssue, found: unknown): string {
  if (!isUnworded(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return limit(issue, 'at least', Number(issue.minimum));
    case 'too_big':
      return limit(issue, 'at most', Number(issue.maximum));
    case 'invalid_format':
      return formatExpectation(issue);
    case 'invalid_union':
      return allowedValues(issue) ?? anyOf(issue.errors, found);
    default:
      return 'is not valid';
  }
}

/** zod's own words, from a caller that parsed without `validate`, count as none. */
function isUnworded(message: string): boolean {
  return message === UNWORDED || /^(?:Invalid |Too |Unrecognized )/.test(message);
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item' };

function limit(issue: { readonly origin: string }, bound: string, count: number): string {
  const unit = UNITS[issue.origin];
  return unit === undefined
    ? `must be ${bound} ${count}`
    : `must have ${bound} ${count} ${unit}${count === 1 ? '' : 's'}`;
}

function formatExpectation(issue: {
  readonly format: string;
  readonly pattern?: string | undefined;
}): string {
  if (issue.format !== 'regex') return `must be a valid ${issue.format}`;
  return `must match ${issue.pattern ?? 'the pattern'}`;
}

function anyOf(branches: readonly (readonly core.$ZodIssue[])[], found: unknown): string {
  const each = branches.map((issues) => issues[0]).filter((issue) => issue !== undefined);
  const words = [...new Set(each.map((issue) => expectation(issue, found)))];
  return words.map((text, index) => (index === 0 ? text : text.replace(/^must be /, ''))).join(' or ');
}
