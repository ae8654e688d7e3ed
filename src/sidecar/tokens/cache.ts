/**
 * Decrypted tokens in memory. Bounded in number and time, and trusted only while every notice arrives: nothing of before
 * a notice, or of a time without notices, is ever kept.
 */
import QuickLRU from 'quick-lru';
import type { Held } from './held.ts';

export interface CacheOptions {
  readonly entries: number;
  readonly maxAgeMs: number;
  /** True while notices arrive. */
  readonly isTrusted: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface TokenCache {
  get(key: string): Held | undefined;
  /**
   * Reads once for all who ask at the same time, and keeps what was read, unless a notice of this credential came
   * meanwhile. Who asks after a notice never shares a read that began before it.
   */
  load(key: string, read: () => Promise<Held | undefined>): Promise<Held | undefined>;
  /** @param version keeps what is of this version: the notice tells nothing new. */
  drop(key: string, version?: number): void;
  clear(): void;
  readonly size: number;
}

interface Entry {
  readonly held: Held;
  readonly until: number;
}

interface Reading {
  readonly promise: Promise<Held | undefined>;
  /** What was heard while it went on; undefined: nothing. */
  heard: { readonly version: number | undefined } | undefined;
}

export function createTokenCache(options: CacheOptions): TokenCache {
  const { entries, maxAgeMs, isTrusted, now } = options;
  const kept = new QuickLRU<string, Entry>({ maxSize: entries });
  const reading = new Map<string, Reading>();

  function keep(key: string, held: Held): void {
    const until = Math.min(now() + maxAgeMs, held.expiresAt ?? Number.POSITIVE_INFINITY);
    if (isTrusted() && until > now()) kept.set(key, { held, until });
  }

  function stop(key: string, version: number | undefined): void {
    const under = reading.get(key);
    if (!under) return;
    under.heard = { version: under.heard === undefined ? version : undefined };
    reading.delete(key);
  }

  return {
    get(key) {
      if (!isTrusted()) return undefined;
      const entry = kept.get(key);
      if (entry && entry.until > now()) return entry.held;
      if (entry) kept.delete(key);
      return undefined;
    },
    load(key, read) {
      const running = reading.get(key);
      if (running) return running.promise;
      const mayKeep = isTrusted();
      const promise = read().then(
        (held) => {
          if (reading.get(key) === own) reading.delete(key);
          const { heard } = own;
          const isNews = heard !== undefined && heard.version !== held?.version;
          if (mayKeep && held && !isNews) keep(key, held);
          return held;
        },
        (error: unknown) => {
          if (reading.get(key) === own) reading.delete(key);
          throw error;
        },
      );
      const own: Reading = { promise, heard: undefined };
      reading.set(key, own);
      return promise;
    },
    drop(key, version) {
      const entry = kept.get(key);
      if (entry && (version === undefined || entry.held.version !== version)) kept.delete(key);
      stop(key, version);
    },
    clear() {
      kept.clear();
      for (const key of [...reading.keys()]) stop(key, undefined);
    },
    get size() {
      return kept.size;
    },
  };
}
