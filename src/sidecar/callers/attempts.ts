/** Limits failed attempts to call, for each address, so that nobody makes us verify all day. */
import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import QuickLRU from 'quick-lru';
import { TenantryError } from '../../errors.ts';

const WINDOW_MS = 60_000;
const MOST_FAILURES = 60;
const MOST_ADDRESSES = 10_000;
const MOST_GOOD = 10_000;

export class FailedAttempts {
  readonly #now: () => number;
  readonly #failures = new QuickLRU<string, { count: number; readonly until: number }>({
    maxSize: MOST_ADDRESSES,
  });
  /** SHA-256 of tokens that were good: behind one address may be many callers, and one must not shut out the others. */
  readonly #good = new QuickLRU<string, true>({ maxSize: MOST_GOOD });

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A credential that was good before is verified in any case.
   * @throws RateLimited after 60 failures within a minute
   */
  admit(address: string, token: string): void {
    const failures = this.#failures.get(networkOf(address));
    const left = (failures?.until ?? 0) - this.#now();
    if (failures === undefined || left <= 0 || failures.count < MOST_FAILURES) return;
    if (this.#good.has(digestOf(token))) return;
    throw new TenantryError('RateLimited', 'too many failed attempts from this address', {
      retryAfterSeconds: Math.ceil(left / 1000),
    });
  }

  failed(address: string, token: string): void {
    this.#good.delete(digestOf(token));
    const network = networkOf(address);
    const now = this.#now();
    const before = this.#failures.get(network);
    if (before !== undefined && before.until > now) before.count += 1;
    else this.#failures.set(network, { count: 1, until: now + WINDOW_MS });
  }

  succeeded(token: string): void {
    this.#good.set(digestOf(token), true);
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

/** One person has 2^64 addresses of IPv6 (RFC 6177): they count as one. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(Math.max(0, zeros)).fill('0'), ...back].slice(0, 4).join(':');
}
