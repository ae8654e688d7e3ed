/**
 * Vault's user lockout, with its defaults: after five wrong logins nobody gets in under that name for a quarter of an
 * hour (developer.hashicorp.com/vault/docs/concepts/user-lockout). Kept in memory: a restart forgets it.
 */
import { VaultRefusal } from './request.ts';

const THRESHOLD = 5;
const DURATION_MS = 15 * 60_000;

interface Failures {
  count: number;
  last: number;
}

export class Lockout {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws the 403 while the name is locked. */
  check(name: string): void {
    const found = this.#current(name);
    if (found !== undefined && found.count >= THRESHOLD) throw new VaultRefusal(403, 'permission denied');
  }

  failed(name: string): void {
    const found = this.#current(name) ?? { count: 0, last: 0 };
    this.#failures.set(name, { count: found.count + 1, last: this.#now() });
  }

  succeeded(name: string): void {
    this.#failures.delete(name);
  }

  #current(name: string): Failures | undefined {
    const found = this.#failures.get(name);
    if (found === undefined || this.#now() - found.last < DURATION_MS) return found;
    this.#failures.delete(name);
    return undefined;
  }
}
