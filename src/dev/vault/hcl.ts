/** Reads HCL (version 1), the language of Vault policies, into a tree of items; only what policies can use. */

import { errorAt, HclError, Lexer, type Token, type TokenKind } from './hcl-tokens.ts';

/** `key "label" … { body }` or `key = value`. */
export interface HclItem {
  readonly keys: readonly string[];
  readonly value: HclValue;
  readonly line: number;
  readonly column: number;
}

export type HclValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'list'; readonly items: readonly HclValue[] }
  | { readonly kind: 'object'; readonly items: readonly HclItem[] };

class Parser {
  readonly #lexer: Lexer;
  #next: Token;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
    this.#next = this.#lexer.next();
  }

  #peek(): TokenKind {
    return this.#next.kind;
  }

  /** Items up to the end of the text, or of the object when `inside`. */
  items(inside: boolean): HclItem[] {
    const items: HclItem[] = [];
    for (;;) {
      const token = this.#next;
      if (token.kind === 'EOF') {
        if (inside) throw errorAt(token, 'object expected closing RBRACE got: EOF');
        return items;
      }
      if (inside && token.kind === 'RBRACE') return items;
      items.push(this.#item());
      if (this.#next.kind === 'COMMA') this.#take();
    }
  }

  #take(): Token {
    const token = this.#next;
    this.#next = this.#lexer.next();
    return token;
  }

  #item(): HclItem {
    const first = this.#next;
    const keys: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token.kind === 'IDENT' || token.kind === 'STRING') keys.push(token.text);
      else if (token.kind === 'ASSIGN' && keys.length === 1) return this.#finish(keys, first, this.#value());
      else if (token.kind === 'LBRACE' && keys.length > 0) return this.#finish(keys, first, this.#object());
      else if (keys.length === 0) throw errorAt(token, `expected: IDENT | STRING got: ${token.kind}`);
      else throw errorAt(token, `key '${keys.join(' ')}' expected start of object ('{') or assignment ('=')`);
    }
  }

  #finish(keys: readonly string[], first: Token, value: HclValue): HclItem {
    return { keys, value, line: first.line, column: first.column };
  }

  #object(): HclValue {
    const items = this.items(true);
    this.#take();
    return { kind: 'object', items };
  }

  #value(): HclValue {
    const token = this.#take();
    switch (token.kind) {
      case 'STRING':
        return { kind: 'string', value: token.text };
      case 'NUMBER':
        return { kind: 'number', value: Number(token.text) };
      case 'BOOL':
        return { kind: 'bool', value: token.text === 'true' };
      case 'LBRACE':
        return this.#object();
      case 'LBRACK':
        return this.#list();
      default:
        throw errorAt(
          token,
          `Unknown token: ${token.line}:${token.column} ${token.kind} ${token.text}`.trim(),
        );
    }
  }

  #list(): HclValue {
    const items: HclValue[] = [];
    for (;;) {
      if (this.#peek() === 'RBRACK') break;
      items.push(this.#value());
      if (this.#peek() === 'COMMA') this.#take();
      else if (this.#peek() !== 'RBRACK') {
        throw errorAt(this.#next, `error parsing list, expected comma or list end, got: ${this.#next.kind}`);
      }
    }
    this.#take();
    return { kind: 'list', items };
  }
}

export function parseHcl(text: string): readonly HclItem[] {
  return new Parser(text).items(false);
}

function fromJson(value: unknown): HclValue {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(fromJson) };
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([key, inner]) => jsonItem(key, inner));
    return { kind: 'object', items };
  }
  if (typeof value === 'number') return { kind: 'number', value };
  if (typeof value === 'boolean') return { kind: 'bool', value };
  return { kind: 'string', value: String(value) };
}

function jsonItem(key: string, value: unknown): HclItem {
  return { keys: [key], value: fromJson(value), line: 1, column: 1 };
}

/** A block in JSON is an object of objects, or a list of such: `{"path": {"a": {…}}}` is `path "a" {…}`. */
function spread(item: HclItem): readonly HclItem[] {
  if (item.value.kind === 'list' && item.value.items.every((inner) => inner.kind === 'object')) {
    return item.value.items.flatMap((value) => spread({ ...item, value }));
  }
  if (item.value.kind !== 'object') return [item];
  return item.value.items.map((inner) => ({ ...inner, keys: [...item.keys, ...inner.keys] }));
}

/** The JSON form of the same language. */
export function parseHclJson(text: string): readonly HclItem[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HclError(`error parsing JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HclError('not an object');
  return Object.entries(value).flatMap(([key, inner]) => spread(jsonItem(key, inner)));
}
