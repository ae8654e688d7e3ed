/** Takes secret values out of text before anybody sees it. */

const MARK = '[redacted]';

/** Shorter values are ignored: they occur in innocent text, and are no secrets worth the name. */
const LEAST_LENGTH = 6;

/** Power of two; 40,000 forms of 10,000 secrets then let 4 % of innocent positions through to the exact check. */
const FILTER_BITS = 1 << 20;

/** The forms that begin with the same characters: tokens of one issuer do, by the thousand, and have few lengths. */
interface Bucket {
  readonly forms: Set<string>;
  /** Lengths of the forms, longest first. */
  readonly lengths: number[];
}

/** Knows the secret values that this process has resolved. */
export class Redactor {
  /** The newest last; a text is cleaned of all. */
  #indexes: readonly SecretIndex[] = [new SecretIndex()];
  #newest = Number.POSITIVE_INFINITY;

  /** Adds a secret; its URL-encoded, base64 and JSON-escaped forms are found too. */
  add(secret: string): void {
    const [kept, current] = this.#indexes;
    if (current === undefined) kept?.add(secret);
    else if (kept?.has(secret) !== true) {
      current.add(secret);
      if (current.size >= this.#newest && kept) this.#indexes = [kept, new SecretIndex(), current];
    }
  }

  /**
   * For a process that lives long and sees tokens come and go: what is known now is kept for good, and of what comes
   * later the newest, at least as many as given and at most twice as many.
   */
  keepNewest(newest: number): void {
    const [kept = new SecretIndex()] = this.#indexes;
    this.#newest = newest;
    this.#indexes = [kept, new SecretIndex()];
  }

  /** The text with every known secret replaced by `[redacted]`. */
  redact(text: string): string {
    return this.#indexes.reduce((clean, index) => index.redact(clean), text);
  }
}

/**
 * The cost of a text is one hash and one bit test per character, whatever the number of secrets: only where the first
 * characters fit some secret is it compared.
 */
class SecretIndex {
  readonly #known = new Set<string>();
  readonly #filter = new Uint8Array(FILTER_BITS / 8);
  readonly #byPrefix = new Map<string, Bucket>();

  get size(): number {
    return this.#known.size;
  }

  has(secret: string): boolean {
    return this.#known.has(secret);
  }

  add(secret: string): void {
    if (secret.length < LEAST_LENGTH || this.#known.has(secret)) return;
    this.#known.add(secret);
    for (const form of formsOf(secret)) this.#index(form);
  }

  redact(text: string): string {
    if (this.#byPrefix.size === 0) return text;
    let clean = '';
    let kept = 0;
    for (const [start, end] of this.#matches(text)) {
      clean += text.slice(kept, start) + MARK;
      kept = end;
    }
    return kept === 0 ? text : clean + text.slice(kept);
  }

  #index(form: string): void {
    const prefix = form.slice(0, LEAST_LENGTH);
    const bit = hashAt(form, 0);
    this.#filter[bit >> 3] = (this.#filter[bit >> 3] ?? 0) | (1 << (bit & 7));
    const bucket = this.#byPrefix.get(prefix) ?? { forms: new Set<string>(), lengths: [] };
    this.#byPrefix.set(prefix, bucket);
    bucket.forms.add(form);
    if (!bucket.lengths.includes(form.length)) {
      bucket.lengths.push(form.length);
      bucket.lengths.sort((a, b) => b - a);
    }
  }

  /** Matches from left to right; overlapping ones are one, so that no end of a secret stays behind. */
  #matches(text: string): [start: number, end: number][] {
    const matches: [start: number, end: number][] = [];
    for (let at = 0; at + LEAST_LENGTH <= text.length; at++) {
      const bit = hashAt(text, at);
      if (((this.#filter[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) continue;
      const end = this.#endOfMatch(text, at);
      if (end === undefined) continue;
      const last = matches.at(-1);
      if (last !== undefined && at < last[1]) last[1] = Math.max(last[1], end);
      else matches.push([at, end]);
    }
    return matches;
  }

  #endOfMatch(text: string, at: number): number | undefined {
    const bucket = this.#byPrefix.get(text.slice(at, at + LEAST_LENGTH));
    const length = bucket?.lengths.find((each) => bucket.forms.has(text.slice(at, at + each)));
    return length === undefined ? undefined : at + length;
  }
}

/** FNV-1a of the LEAST_LENGTH characters from there, folded to an index of the filter. */
function hashAt(text: string, at: number): number {
  let hash = 0x811c9dc5;
  for (let i = at; i < at + LEAST_LENGTH; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (FILTER_BITS - 1);
}

/** The ways in which a secret appears in logs, URLs, headers and bodies. */
function formsOf(secret: string): Set<string> {
  const percent = encodeURIComponent(secret.toWellFormed());
  const forms = new Set([
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams({ '': secret }).toString().slice(1),
    ...base64Forms(secret),
  ]);
  for (const form of forms) if (form.length < LEAST_LENGTH) forms.delete(form);
  return forms;
}

/**
 * Base64 of the value, and of the value inside a longer text such as `user:password`: three alignments, without the
 * characters at the ends that its neighbours change too.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const forms: string[] = [bytes.toString('base64'), bytes.toString('base64url')];
  for (const shift of [0, 1, 2]) {
    const from = shift === 0 ? 0 : shift + 1;
    const whole = Math.floor(((shift + bytes.length) * 8) / 6);
    for (const encoding of ['base64', 'base64url'] as const) {
      forms.push(
        Buffer.concat([Buffer.alloc(shift), bytes])
          .toString(encoding)
          .slice(from, whole),
      );
    }
  }
  return forms;
}
