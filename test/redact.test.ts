import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../src/redact.ts';

function redactor(...secrets: string[]): Redactor {
  const made = new Redactor();
  for (const secret of secrets) made.add(secret);
  return made;
}

const secret = fc.string({ unit: 'binary', minLength: 6, maxLength: 40 }).filter((s) => s.isWellFormed());

describe('Redactor', () => {
  test('replaces every occurrence and leaves the rest as it is', () => {
    expect(redactor('s3cr3t-value').redact('a s3cr3t-value b s3cr3t-value.')).toBe(
      'a [redacted] b [redacted].',
    );
    expect(redactor('s3cr3t-value').redact('nothing here')).toBe('nothing here');
    expect(new Redactor().redact('nothing known')).toBe('nothing known');
  });

  test('ignores values shorter than six characters', () => {
    expect(redactor('abcde', '').redact('abcde')).toBe('abcde');
    expect(redactor('abcdef').redact('abcdef')).toBe('[redacted]');
  });

  test('takes out the longest of several secrets that begin alike', () => {
    expect(redactor('abcdef', 'abcdefghij').redact('x abcdefghij y')).toBe('x [redacted] y');
  });

  test('leaves no end of a secret that overlaps another', () => {
    expect(redactor('one-two', 'two-three-four').redact('one-two-three-four')).toBe('[redacted]');
  });

  test.each([
    ['URL-encoded', encodeURIComponent],
    [
      'URL-encoded in lower case',
      (s: string) => encodeURIComponent(s).replace(/%../g, (code) => code.toLowerCase()),
    ],
    ['form-encoded', (s: string) => new URLSearchParams({ v: s }).toString().slice(2)],
    ['base64', (s: string) => Buffer.from(s).toString('base64')],
    ['base64url', (s: string) => Buffer.from(s).toString('base64url')],
    ['escaped in JSON', (s: string) => JSON.stringify({ s })],
  ])('finds the %s form', (_name, encode) => {
    const value = 'p"a ss/w+ord\n?~ü';
    expect(redactor(value).redact(`<${encode(value)}>`)).toContain('[redacted]');
    expect(redactor(value).redact(`<${encode(value)}>`)).not.toContain(encode(value).slice(0, 8));
  });

  test('finds a password inside the base64 of user:password', () => {
    for (const user of ['a', 'ab', 'abc']) {
      const header = Buffer.from(`${user}:correct-horse-battery`).toString('base64');
      const clean = redactor('correct-horse-battery').redact(`Basic ${header}`);
      expect(clean).toContain('[redacted]');
      expect(clean.length).toBeLessThan('Basic [redacted]'.length + 10);
    }
  });

  test('shows no secret when it is printed itself', () => {
    const printed = inspect(redactor('s3cr3t-value'), { depth: 9, showHidden: true });
    expect(printed).not.toContain('s3cr3t');
  });

  test('lets no secret through, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 8 }), fc.string(), fc.string(), (all, a, b) => {
        const clean = redactor(...all).redact(all.map((one) => `${a}${one}${b}`).join(''));
        const outside = clean.split('[redacted]');
        expect(all.filter((one) => outside.some((part) => part.includes(one)))).toEqual([]);
      }),
    );
  });

  test('keeps text that holds no secret exactly as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(redactor('\u{1F511}'.repeat(3)).redact(text)).toBe(text);
      }),
    );
  });

  test('costs about the same with ten thousand secrets as with ten', () => {
    const text = 'GET /v1/secret/data/acme/notion 200 in 12 ms; '.repeat(2000);
    const time = (count: number): number => {
      const made = new Redactor();
      for (let i = 0; i < count; i++) made.add(`secret-value-number-${i * 7919}`);
      made.redact(text);
      const started = performance.now();
      for (let i = 0; i < 5; i++) made.redact(text);
      return performance.now() - started;
    };
    time(10);
    expect(time(10_000)).toBeLessThan(time(10) * 20 + 50);
  });
});

test('a redactor that lives long forgets the oldest tokens, and never what it knew at the start', () => {
  const made = redactor('password-of-the-start');
  made.keepNewest(100);
  for (let i = 0; i < 1000; i++) made.add(`secret-number-${i}!`);
  for (let i = 900; i < 1000; i++) expect(made.redact(`is secret-number-${i}!`)).toBe('is [redacted]');
  expect(made.redact('is secret-number-0!')).toBe('is secret-number-0!');
  expect(made.redact('is password-of-the-start')).toBe('is [redacted]');
});
