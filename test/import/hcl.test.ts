/** The literal values of .tfvars files, and the places of what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidDocumentsError } from '../../src/errors.ts';
import { type Json, parseTfvars } from '../../src/import/hcl.ts';

function refusal(text: string): string {
  try {
    parseTfvars('a.tfvars', text);
  } catch (error) {
    if (!(error instanceof InvalidDocumentsError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join();
  }
  throw new Error('it was accepted');
}

/** As `terraform fmt` would write it, with each spelling of keys and separators that HCL has. */
function hcl(value: Json, spelling: number): string {
  if (Array.isArray(value))
    return `[\n${value.map((item: Json) => `  ${hcl(item, spelling)},`).join(' # item\n')}\n]`;
  if (typeof value === 'string')
    return JSON.stringify(value).replace(/[$%](?=\{)/g, (sign) => `${sign}${sign}`);
  if (typeof value !== 'object' || value === null) return String(value);
  const [sign, end] = [' = ', ' : ', '='][spelling % 3] === ' : ' ? [': ', ',\n'] : [' = ', '\n'];
  const items = Object.entries(value).map(
    ([key, item]) => `${hcl(key, spelling)}${sign}${hcl(item as Json, spelling)}`,
  );
  return `{ // object\n${items.join(end)}\n}`;
}

const leaf = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.constantFrom('${x}', '$${', '%{a}', '"\\'),
);
const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('a .tfvars file', () => {
  it('gives back every literal value that was written into it', () => {
    fc.assert(
      fc.property(values, fc.nat(2), (value, spelling) => {
        const text = `a = ${hcl(value, spelling)}\r\nb = 1 /* x */\n`;
        expect(JSON.parse(JSON.stringify(parseTfvars('a.tfvars', text)))).toEqual(
          JSON.parse(JSON.stringify({ a: value, b: 1 })),
        );
      }),
    );
  });

  it('may hold comments, heredocs, numbers and escapes', () => {
    const text =
      '# c\n// d\nt = "a\\u00e9\\n" /* e\n */\nn = -1.5e3\nh = <<-EOT\n    one\n      two\n  EOT\no = { "a b" = 1, c : [1, 2,], 5 = true }\n';
    expect(parseTfvars('a.tfvars', text)).toEqual({
      t: 'aé\n',
      n: -1500,
      h: 'one\n  two\n',
      o: { 'a b': 1, c: [1, 2], 5: true },
    });
  });

  it('keeps a key that is special in JavaScript as a key', () => {
    expect(Object.keys(parseTfvars('a', 'o = { __proto__ = 1 }')['o'] as object)).toEqual(['__proto__']);
  });

  it.each([
    ['a function', 'a = 1\nb = file("x")', '2:5 names and functions are not read'],
    ['a name', 'a = var.x', '1:5 names and functions'],
    ['a template', 'a = "x${var.y}"', '1:7 templates are not read here'],
    ['a template in a heredoc', 'a = <<E\n${x}\nE\n', '1:5 templates'],
    ['a block', 'resource "x" "y" {\n}', '1:10 "=" is expected here; a .tfvars file holds no blocks'],
    ['a sum', 'a = 1 + 2', '1:7 a new line is expected here'],
    ['a variable twice', 'a = 1\na = 2', '2:1 the variable a is set twice'],
    ['a key twice', 'a = { b = 1, b = 2 }', '1:14 this key is given before'],
    ['a text without its end', 'a = "x\n', '1:5 this text does not end on its line'],
    ['a list without its end', 'a = [1, 2', '1:10 "," or "]" is expected'],
    ['a heredoc without its end', 'a = <<E\nx\n', '1:5 this heredoc has no line E'],
    ['a comment without its end', 'a = 1 /* x', '1:7 this comment does not end'],
    ['an unknown escape', 'a = "\\q"', '1:6 unknown escape'],
    ['a number that is too large', 'a = 12345678901234567890', '1:5 this number is too large'],
    ['a value too deep', `a = ${'['.repeat(300)}`, '1:206 the value is nested too deeply'],
  ])('refuses %s with its place', (_what, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('is read or refused, and never anything else, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            'a',
            '=',
            '"',
            '{',
            '}',
            '[',
            ']',
            ',',
            '\n',
            ' ',
            '$',
            '<',
            'E',
            '\\',
            '/',
            '*',
            '1',
          ),
        }),
        (text) => {
          try {
            parseTfvars('a.tfvars', text);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidDocumentsError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
