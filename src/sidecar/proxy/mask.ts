/** Keeps the credential of a call out of its answer, where a service sends back what it was sent. */
import type { UsableToken } from '../tokens/service.ts';

/** Shorter values occur by chance. */
const LEAST_LENGTH = 8;

const MARK = '*'.charCodeAt(0);

export interface Mask {
  readonly isIn: (text: string) => boolean;
  /** The text with the credential overwritten. */
  readonly text: (text: string) => string;
  /** Overwrites the credential in the pieces of one body, so that no length changes. */
  readonly body: () => BodyMask;
}

export interface BodyMask {
  /** What may go on: without a tail that could be the beginning of the credential. */
  push(chunk: Buffer): Buffer;
  /** The tail that was kept. */
  end(): Buffer;
}

/** Only this call's own credential: that others are known here must not show. */
export function maskOf(tokens: readonly Pick<UsableToken, 'value' | 'fields'>[]): Mask {
  const [first, ...more] = tokens.map(formsOf);
  const texts = more.length === 0 ? (first?.texts ?? []) : tokens.flatMap((token) => formsOf(token).texts);
  const bytes = more.length === 0 ? (first?.bytes ?? []) : texts.map((form) => Buffer.from(form));
  return {
    isIn: (text) => texts.some((form) => text.includes(form)),
    text: (text) => texts.reduce((masked, form) => masked.replaceAll(form, '*'.repeat(form.length)), text),
    body: () => bodyMask(bytes),
  };
}

interface Forms {
  readonly texts: readonly string[];
  readonly bytes: readonly Buffer[];
}

/** A token is the same object at each use, and never changes. */
const known = new WeakMap<Pick<UsableToken, 'value' | 'fields'>, Forms>();

function formsOf(token: Pick<UsableToken, 'value' | 'fields'>): Forms {
  const before = known.get(token);
  if (before) return before;
  const forms = new Set<string>();
  for (const value of [token.value, ...Object.values(token.fields)]) {
    if (value.length < LEAST_LENGTH) continue;
    forms.add(value);
    forms.add(encodeURIComponent(value.toWellFormed()));
    forms.add(Buffer.from(value).toString('base64'));
  }
  const texts = [...forms];
  const made = { texts, bytes: texts.map((form) => Buffer.from(form)) };
  known.set(token, made);
  return made;
}

const NOTHING = Buffer.alloc(0);

function bodyMask(secrets: readonly Buffer[]): BodyMask {
  let kept: Buffer = NOTHING;
  return {
    push(chunk) {
      const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
      for (const secret of secrets) overwrite(bytes, secret);
      const tail = Math.max(0, ...secrets.map((secret) => begun(bytes, secret)));
      kept = tail === 0 ? NOTHING : bytes.subarray(bytes.length - tail);
      return tail === 0 ? bytes : bytes.subarray(0, bytes.length - tail);
    },
    end() {
      const rest = kept;
      kept = NOTHING;
      return rest;
    },
  };
}

function overwrite(bytes: Buffer, secret: Buffer): void {
  for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + secret.length)) {
    bytes.fill(MARK, at, at + secret.length);
  }
}

/** How many bytes at the end are the beginning of the secret. */
function begun(bytes: Buffer, secret: Buffer): number {
  const first = secret[0] ?? 0;
  const from = Math.max(0, bytes.length - secret.length + 1);
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (bytes.compare(secret, 0, bytes.length - at, at) === 0) return bytes.length - at;
  }
  return 0;
}
