/** Verifies API keys, with a short memory that a revocation clears on every replica. */
import { timingSafeEqual } from 'node:crypto';
import QuickLRU from 'quick-lru';
import type { SidecarContext } from '../../context.ts';
import type { Subscription } from '../../database/database.ts';
import type { Caller } from '../caller.ts';
import { invalidCredential } from '../refusal.ts';
import { hashOf, idOf } from './format.ts';
import { API_KEYS_CHANNEL, findApiKey, type StoredKey, touchApiKey } from './store.ts';

/** The bound for a notice that is lost without our seeing it, as when a network drops packets and closes nothing. */
const REMEMBER_MS = 10_000;
const TOUCH_MS = 60_000;
const MOST_KEYS = 10_000;

interface Remembered {
  readonly row: StoredKey;
  readonly until: number;
}

export class ApiKeyVerifier {
  readonly #context: Pick<SidecarContext, 'database' | 'log' | 'now'>;
  readonly #remembered = new QuickLRU<string, Remembered>({ maxSize: MOST_KEYS });
  readonly #touched = new QuickLRU<string, number>({ maxSize: MOST_KEYS });
  readonly #pending = new Map<string, Promise<StoredKey | undefined>>();
  /** Grows with each notice: what was read before one must not be remembered after it. */
  #generation = 0;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(context: Pick<SidecarContext, 'database' | 'log' | 'now'>) {
    this.#context = context;
  }

  /** Without it every verification asks Postgres. */
  async listen(): Promise<void> {
    const subscription = await this.#context.database.listen(API_KEYS_CHANNEL, {
      onNotice: (payload) => this.#forget((payload as { id?: unknown } | null)?.id),
      onGap: () => this.#forget(undefined),
    });
    // A revocation before this moment was told to nobody here.
    this.#forget(undefined);
    if (this.#closed) await subscription.close();
    else this.#subscription = subscription;
  }

  /** @throws Unauthenticated */
  async verify(key: string): Promise<{ readonly caller: Caller; readonly expiresAt: Date | null }> {
    const id = idOf(key);
    if (id === undefined) throw invalidCredential('not an API key: its checksum is wrong');
    const row = await this.#live(id);
    if (row === undefined || !timingSafeEqual(row.hash, hashOf(key))) {
      throw invalidCredential(`no live API key ${id} with this secret`);
    }
    this.#touch(id);
    const caller: Caller = {
      kind: 'api-key',
      id: `api-key:${id}`,
      role: row.role,
      tenants: row.tenant === null ? 'all' : [row.tenant],
    };
    return { caller, expiresAt: row.expiresAt };
  }

  /** False for a key that is revoked, has ended or never was. */
  async isLive(id: string): Promise<boolean> {
    return (await this.#live(id)) !== undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#subscription?.close();
  }

  async #live(id: string): Promise<StoredKey | undefined> {
    const row = this.#recall(id) ?? (await this.#look(id));
    if (row === undefined || row.revokedAt !== null) return undefined;
    return row.expiresAt !== null && row.expiresAt.getTime() <= this.#context.now() ? undefined : row;
  }

  #recall(id: string): StoredKey | undefined {
    if (!this.#subscription?.connected) return undefined;
    const known = this.#remembered.get(id);
    return known !== undefined && known.until > this.#context.now() ? known.row : undefined;
  }

  /** Callers who come at once share one look-up; one that began before a revocation is not shared with who came after. */
  #look(id: string): Promise<StoredKey | undefined> {
    const key = `${this.#generation} ${id}`;
    const before = this.#pending.get(key);
    if (before !== undefined) return before;
    const generation = this.#generation;
    const work = findApiKey(this.#context.database, id)
      .then((row) => {
        if (row !== undefined && generation === this.#generation) {
          this.#remembered.set(id, { row, until: this.#context.now() + REMEMBER_MS });
        }
        return row;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, work);
    return work;
  }

  #forget(id: unknown): void {
    this.#generation += 1;
    if (typeof id === 'string') this.#remembered.delete(id);
    else this.#remembered.clear();
  }

  /** Nobody waits for it, and a request does not fail because of it. */
  #touch(id: string): void {
    const { database, log, now } = this.#context;
    const at = now();
    if (at - (this.#touched.get(id) ?? Number.NEGATIVE_INFINITY) < TOUCH_MS) return;
    this.#touched.set(id, at);
    touchApiKey(database, id, at).catch((error: unknown) => {
      log.debug({ err: error }, 'the last use of an API key was not written');
    });
  }
}
