/** Splits HCL (version 1) into tokens with their places. */

/** The text is not HCL; the message begins with the place, as Vault's does (`At 1:5: …`). */
export class HclError extends Error {}

export type TokenKind =
  | 'IDENT'
  | 'STRING'
  | 'NUMBER'
  | 'BOOL'
  | 'LBRACE'
  | 'RBRACE'
  | 'LBRACK'
  | 'RBRACK'
  | 'ASSIGN'
  | 'COMMA'
  | 'EOF';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const punctuation: Readonly<Record<string, TokenKind>> = {
  '{': 'LBRACE',
  '}': 'RBRACE',
  '[': 'LBRACK',
  ']': 'RBRACK',
  '=': 'ASSIGN',
  ',': 'COMMA',
};

const blank = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const lexeme =
  /(?<word>[A-Za-z_][\w.-]*)|(?<number>-?\d+(?:\.\d+)?)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<mark>[{}[\]=,])/y;

export function errorAt(place: { line: number; column: number }, message: string): HclError {
  return new HclError(`At ${place.line}:${place.column}: ${message}`);
}

function unquote(text: string, place: { line: number; column: number }): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw errorAt(place, 'illegal escape in a string');
  }
}

/** Takes one token after another; the end repeats for ever. */
export class Lexer {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skipBlank();
    const place = { line: this.#line, column: this.#offset - this.#lineStart + 1 };
    if (this.#offset >= this.#text.length)
      return { kind: 'EOF', text: '', ...place, column: place.column + 1 };
    const found = this.#take(lexeme);
    if (found === undefined) {
      const mark = this.#text.charAt(this.#offset);
      throw errorAt(place, mark === '"' ? 'literal not terminated' : `illegal character ${mark}`);
    }
    const { word, number, string, mark } = found.groups ?? {};
    if (string !== undefined) return { kind: 'STRING', text: unquote(string, place), ...place };
    if (number !== undefined) return { kind: 'NUMBER', text: number, ...place };
    if (mark !== undefined) return { kind: punctuation[mark] ?? 'EOF', text: mark, ...place };
    const kind = word === 'true' || word === 'false' ? 'BOOL' : 'IDENT';
    return { kind, text: word ?? '', ...place };
  }

  #skipBlank(): void {
    const start = this.#offset;
    const skipped = this.#take(blank)?.[0] ?? '';
    const lines = skipped.split('\n').length - 1;
    if (lines === 0) return;
    this.#line += lines;
    this.#lineStart = start + skipped.lastIndexOf('\n') + 1;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#offset = pattern.lastIndex;
    return found;
  }
}
