/** The characters of an HCL file: spaces and comments, names, numbers, quoted texts and heredocs. */
import { HclMistake } from './hcl.ts';

const TEMPLATE = 'templates are not read here; write $${ for a text that holds ${';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

export class HclText {
  readonly #text: string;
  offset = 0;

  constructor(text: string) {
    this.#text = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  }

  /** 1-based. */
  position(offset: number): { readonly line: number; readonly column: number } {
    const lines = this.#text.slice(0, offset).split('\n');
    return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
  }

  atEnd(): boolean {
    return this.offset >= this.#text.length;
  }

  peek(word: string): boolean {
    return this.#text.startsWith(word, this.offset);
  }

  take(word: string): boolean {
    if (!this.peek(word)) return false;
    this.offset += word.length;
    return true;
  }

  /** Skips spaces and comments; also the ends of lines where these mean nothing. */
  skip(what: 'spaces' | 'lines'): void {
    for (;;) {
      if (this.#match(what === 'lines' ? /[ \t\n]+/y : /[ \t]+/y) !== undefined) continue;
      // A comment to the end of the line leaves that end standing.
      if (this.#match(/(?:#|\/\/)[^\n]*/y) !== undefined) continue;
      if (!this.peek('/*')) return;
      const end = this.#text.indexOf('*/', this.offset + 2);
      if (end < 0) throw new HclMistake('this comment does not end', this.offset);
      this.offset = end + 2;
    }
  }

  identifier(): string | undefined {
    return this.#match(/[\p{ID_Start}_][\p{ID_Continue}-]*/uy);
  }

  number(): number | undefined {
    const start = this.offset;
    const text = this.#match(/-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw new HclMistake('this number is too large to be read exactly; write it as a text', start);
    }
    return value;
  }

  /** A text in quotes, which begins here. */
  quoted(): string {
    const start = this.offset;
    this.offset += 1;
    let value = '';
    for (;;) {
      const plain = this.#match(/[^"\\\n$%]+/y);
      if (plain !== undefined) value += plain;
      else if (this.take('"')) return value;
      else if (this.atEnd() || this.peek('\n'))
        throw new HclMistake('this text does not end on its line', start);
      else value += this.peek('\\') ? this.#escape() : this.#dollar();
    }
  }

  /** `<<EOT` to a line `EOT`; with `<<-` the indentation that all lines share is taken away. */
  heredoc(): string {
    const start = this.offset;
    const head = /<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)\n/uy;
    head.lastIndex = start;
    const [all, indented, word = ''] = head.exec(this.#text) ?? [];
    if (all === undefined) throw new HclMistake('a heredoc begins with <<WORD on a line of its own', start);
    this.offset = start + all.length;
    const lines: string[] = [];
    for (;;) {
      if (this.atEnd()) throw new HclMistake(`this heredoc has no line ${word} at its end`, start);
      const line = this.#match(/[^\n]*/y) ?? '';
      // The end of the last line belongs to what is behind the heredoc.
      if (line.trim() === word) break;
      lines.push(line);
      this.take('\n');
    }
    const text = indented === '-' ? withoutIndent(lines) : lines;
    return text.map((line) => `${this.#plainTemplate(line, start)}\n`).join('');
  }

  #plainTemplate(line: string, start: number): string {
    if (/(?<![$])(?:\$\$)*\$\{|(?<!%)(?:%%)*%\{/.test(line)) throw new HclMistake(TEMPLATE, start);
    return line.replaceAll('$${', '${').replaceAll('%%{', '%{');
  }

  #escape(): string {
    const start = this.offset;
    const unicode = this.#match(/\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})/y);
    if (unicode !== undefined) {
      const code = Number.parseInt(unicode.slice(2), 16);
      if (code > 0x10ffff) throw new HclMistake('there is no such character', start);
      return String.fromCodePoint(code);
    }
    const simple = ESCAPES[this.#text[start + 1] ?? ''];
    if (simple === undefined)
      throw new HclMistake('unknown escape in a text; write \\\\ for a backslash', start);
    this.offset += 2;
    return simple;
  }

  #dollar(): string {
    for (const sign of ['$', '%']) {
      if (this.take(`${sign}${sign}{`)) return `${sign}{`;
      if (this.peek(`${sign}{`)) throw new HclMistake(TEMPLATE, this.offset);
      if (this.take(sign)) return sign;
    }
    return '';
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined || found === '') return undefined;
    this.offset += found.length;
    return found;
  }
}

function withoutIndent(lines: readonly string[]): string[] {
  const indents = lines
    .filter((line) => line.trim() !== '')
    .map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  const shared = indents.length === 0 ? 0 : Math.min(...indents);
  return lines.map((line) => line.slice(Math.min(shared, line.length)));
}
