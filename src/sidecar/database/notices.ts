/** LISTEN on one connection for all channels, made anew whenever it is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { quoteIdent } from '../../clients/postgres.ts';
import type { TenantryError } from '../../errors.ts';
import type { Listener, Subscription } from './database.ts';

export interface NoticesOptions {
  readonly config: pg.ClientConfig;
  /** Maps what pg throws. */
  readonly failure: (error: unknown) => TenantryError;
  /** Upper bound of the first pause before a new connection, in milliseconds; it doubles up to 10 s. */
  readonly delayMs: number;
}

export interface Notices {
  /**
   * Resolves after the first try. When that failed, `connected` is false and `onGap` will be called when it works.
   * @param name gives the channel's name; may need Postgres itself
   */
  listen(name: () => Promise<string>, listener: Listener): Promise<Subscription>;
  close(): Promise<void>;
}

const MOST_DELAY_MS = 10_000;
/** A connection that a firewall has dropped is silent: only asking shows it. */
const CHECK_EVERY_MS = 10_000;
const CHECK_LIMIT_MS = 5_000;

interface Entry {
  readonly name: () => Promise<string>;
  readonly listener: Listener;
  /** Name of the channel on the connection of now; undefined: not listening. */
  channel: string | undefined;
  /** True when notices may have been missed since the listener was last told. */
  gap: boolean;
}

export function createNotices(options: NoticesOptions): Notices {
  const entries = new Set<Entry>();
  const closing = new AbortController();
  let client: pg.Client | undefined;
  let running: Promise<void> | undefined;
  /** One piece of work on the connection after the other. */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  }

  async function subscribe(on: pg.Client, entry: Entry): Promise<void> {
    const channel = await entry.name();
    await on.query(`listen ${quoteIdent(channel)}`);
    if (client !== on || !entries.has(entry)) return;
    entry.channel = channel;
    if (entry.gap) {
      entry.gap = false;
      entry.listener.onGap?.();
    }
  }

  function lost(gone: pg.Client): void {
    if (client !== gone) return;
    client = undefined;
    for (const entry of entries) {
      entry.gap = true;
      if (entry.channel === undefined) continue;
      entry.channel = undefined;
      entry.listener.onGap?.();
    }
  }

  /** Opens a connection and resolves when it is lost. */
  async function connection(onOpen: () => void): Promise<void> {
    const next = new pg.Client(options.config);
    const ended = Promise.withResolvers<void>();
    const end = (): void => {
      lost(next);
      ended.resolve();
    };
    next.on('error', end);
    next.on('end', end);
    next.on('notification', ({ channel, payload }) => {
      for (const entry of entries) if (entry.channel === channel) tell(entry.listener, payload);
    });
    const stop = (): void => {
      // A connection that is ended while it is made never says so.
      ended.resolve();
      next.end().catch(() => undefined);
    };
    closing.signal.addEventListener('abort', stop, { once: true });
    try {
      const connecting = next.connect();
      connecting.catch(() => undefined);
      await Promise.race([connecting, ended.promise]);
      if (closing.signal.aborted) return;
      await connecting;
      client = next;
      await inTurn(async () => {
        for (const entry of entries) await subscribe(next, entry);
      });
      onOpen();
      await Promise.race([ended.promise, untilSilent(next, closing.signal)]);
    } finally {
      closing.signal.removeEventListener('abort', stop);
      end();
      stop();
    }
  }

  async function keepConnected(first: () => void): Promise<void> {
    let attempt = 0;
    while (!closing.signal.aborted) {
      try {
        await connection(() => {
          attempt = 0;
          first();
        });
      } catch {
        // Whoever uses the database otherwise is told why; here it is only tried again.
      }
      first();
      const bound = Math.min(options.delayMs * 2 ** attempt, MOST_DELAY_MS);
      attempt += 1;
      await sleep(Math.random() * bound, undefined, { signal: closing.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }

  return {
    async listen(name, listener) {
      const entry: Entry = { name, listener, channel: undefined, gap: false };
      entries.add(entry);
      if (running === undefined) {
        const first = Promise.withResolvers<void>();
        running = keepConnected(first.resolve);
        await first.promise;
      } else if (client !== undefined) {
        const on = client;
        await inTurn(() => (entry.channel === undefined ? subscribe(on, entry) : Promise.resolve())).catch(
          () => on.end().catch(() => undefined),
        );
      }
      if (entry.channel === undefined) entry.gap = true;
      return {
        get connected() {
          return entry.channel !== undefined;
        },
        async close() {
          entries.delete(entry);
          const { channel } = entry;
          entry.channel = undefined;
          const shared = [...entries].some((other) => other.channel === channel);
          if (channel === undefined || shared) return;
          await client?.query(`unlisten ${quoteIdent(channel)}`).catch(() => undefined);
        },
      };
    },
    async close() {
      entries.clear();
      closing.abort();
      await running;
    },
  };
}

/** A notice that is no JSON comes from somebody else and is left out. */
function tell(listener: Listener, payload: string | undefined): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload ?? '');
  } catch {
    return;
  }
  listener.onNotice(parsed);
}

/** Resolves when the connection does not answer any more. */
async function untilSilent(client: pg.Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(CHECK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    const limit = sleep(CHECK_LIMIT_MS, 'silent', { ref: false });
    const answer = client.query('select 1').then(
      () => 'answered',
      () => 'silent',
    );
    if ((await Promise.race([answer, limit])) === 'silent') return;
  }
}
