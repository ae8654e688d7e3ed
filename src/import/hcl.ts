/**
 * Reads a .tfvars file: the part of HCL that it may hold, which is literal values (Terraform language, "Variable
 * Definitions (.tfvars) Files"; HCL Native Syntax Specification). Anything else is refused with its place.
 */
import { InvalidDocumentsError } from '../errors.ts';
import { HclText } from './hcl-text.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Deeper than anything that people write; a file that nests more would end the stack. */
const MOST_DEPTH = 200;

/** @throws InvalidDocumentsError with file, line and column of the first mistake; no message repeats a value */
export function parseTfvars(file: string, text: string): Readonly<Record<string, Json>> {
  const reader = new HclText(text);
  try {
    return readBody(reader);
  } catch (error) {
    if (!(error instanceof HclMistake)) throw error;
    throw new InvalidDocumentsError([{ file, ...reader.position(error.offset), message: error.message }]);
  }
}

/** Where and why a file is refused. */
export class HclMistake extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

function readBody(reader: HclText): Record<string, Json> {
  const attributes = new Map<string, Json>();
  for (;;) {
    reader.skip('lines');
    if (reader.atEnd()) return Object.fromEntries(attributes);
    const start = reader.offset;
    const name = reader.identifier();
    if (name === undefined) throw new HclMistake('a variable’s name is expected here', start);
    if (attributes.has(name)) throw new HclMistake(`the variable ${name} is set twice`, start);
    reader.skip('spaces');
    if (!reader.take('=')) {
      throw new HclMistake('"=" is expected here; a .tfvars file holds no blocks', reader.offset);
    }
    attributes.set(name, readValue(reader, 0));
    reader.skip('spaces');
    if (!reader.atEnd() && !reader.take('\n')) {
      throw new HclMistake('a new line is expected here: only literal values are read', reader.offset);
    }
  }
}

function readValue(reader: HclText, depth: number): Json {
  reader.skip('spaces');
  const start = reader.offset;
  if (depth > MOST_DEPTH) throw new HclMistake('the value is nested too deeply', start);
  if (reader.take('[')) return readList(reader, depth);
  if (reader.take('{')) return readObject(reader, depth);
  if (reader.peek('"')) return reader.quoted();
  if (reader.peek('<<')) return reader.heredoc();
  const number = reader.number();
  if (number !== undefined) return number;
  const word = reader.identifier();
  if (word === 'true') return true;
  if (word === 'false') return false;
  if (word === 'null') return null;
  throw new HclMistake(
    word === undefined
      ? 'a value is expected here: a text, number, true, false, null, list or object'
      : 'names and functions are not read here: a .tfvars file holds literal values',
    start,
  );
}

function readList(reader: HclText, depth: number): Json[] {
  const items: Json[] = [];
  for (;;) {
    reader.skip('lines');
    if (reader.take(']')) return items;
    items.push(readValue(reader, depth + 1));
    reader.skip('lines');
    if (reader.take(']')) return items;
    if (!reader.take(',')) throw new HclMistake('"," or "]" is expected here', reader.offset);
  }
}

function readObject(reader: HclText, depth: number): { readonly [key: string]: Json } {
  const items = new Map<string, Json>();
  for (;;) {
    reader.skip('lines');
    if (reader.take('}')) return Object.fromEntries(items);
    const start = reader.offset;
    const key = reader.peek('"') ? reader.quoted() : (reader.identifier() ?? reader.number()?.toString());
    if (key === undefined) throw new HclMistake('a key or "}" is expected here', start);
    if (items.has(key)) throw new HclMistake('this key is given before', start);
    reader.skip('spaces');
    if (!reader.take('=') && !reader.take(':')) {
      throw new HclMistake('"=" or ":" is expected here', reader.offset);
    }
    items.set(key, readValue(reader, depth + 1));
    reader.skip('spaces');
    endItem(reader);
  }
}

/** Items of an object end with a comma or with the line. */
function endItem(reader: HclText): void {
  if (reader.take(',') || reader.take('\n') || reader.peek('}')) return;
  throw new HclMistake('",", a new line or "}" is expected here', reader.offset);
}
