/** The text of an API key: `tny_<id>_<secret><checksum>`. */
import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Letters and digits only, so that a double click selects the whole key. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

const ID_LENGTH = 12;
/** 43 characters of 62 hold 256 bits. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

export const KEY_PREFIX = 'tny_';
const KEY = /^(tny_([0-9a-z]{12})_[0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

export interface NewKey {
  readonly id: string;
  /** The whole key; shown once and kept nowhere. */
  readonly key: string;
  readonly hash: Buffer;
}

export function makeKey(): NewKey {
  const id = randomText(ID_ALPHABET, ID_LENGTH);
  const body = `${KEY_PREFIX}${id}_${randomText(ALPHABET, SECRET_LENGTH)}`;
  const key = body + checksumOf(body);
  return { id, key, hash: hashOf(key) };
}

/** The key's id, or undefined where the text cannot be a key: the checksum finds typing errors without a look-up. */
export function idOf(key: string): string | undefined {
  const [, body, id, checksum] = KEY.exec(key) ?? [];
  return body !== undefined && checksumOf(body) === checksum ? id : undefined;
}

/** A plain hash is enough: nobody guesses 256 random bits, and a slow one would be paid with each request. */
export function hashOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** CRC-32 in base 62: secret scanners recognise a real key by it. It protects nothing. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  while (digits.length < CHECKSUM_LENGTH) {
    digits = ALPHABET[rest % ALPHABET.length] + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}
