/** One attempt to connect: the window is opened and watched, and the sidecar is asked how it ended. */
import { openProviderWindow, type ProviderWindow, requireWebAddress } from '../parts/provider-window.ts';
import type { Begun } from './answers.ts';
import { begin, look } from './calls.ts';
import { EmbedError, type Session } from './session.ts';

export interface AttemptListener {
  /** The person is at the provider. */
  onAway(): void;
  /** No window was allowed: the person opens the address by a link. */
  onBlocked(address: string): void;
  /** The window was closed, or is cut off; the attempt goes on. */
  onGone(): void;
  onConnected(): void;
  onFailed(code: string): void;
}

const ASK_MS = 2_000;
const LOOK_MS = 400;
/** How often in a row the sidecar may not answer. */
const MOST_MISSES = 5;

/** Call it in the handler of a click. @returns what ends the attempt without a word */
export function attempt(session: Session, integration: string, listener: AttemptListener): () => void {
  const opened = openProviderWindow();
  const watch = new Watch(session, opened, listener);
  begin(session, integration)
    .then((begun) => watch.follow(begun))
    .catch((error: unknown) => watch.fail(codeOf(error)));
  return () => watch.stop();
}

class Watch {
  readonly #session: Session;
  readonly #window: ProviderWindow | undefined;
  readonly #listener: AttemptListener;
  readonly #ends: (() => void)[] = [];
  #over = false;
  #asking = false;
  #misses = 0;

  constructor(session: Session, opened: ProviderWindow | undefined, listener: AttemptListener) {
    this.#session = session;
    this.#window = opened;
    this.#listener = listener;
  }

  follow({ url, flow }: Begun): void {
    if (this.#over) return;
    if (this.#window) {
      this.#window.go(url);
      this.#listener.onAway();
      this.#watchWindow(this.#window, flow);
    } else this.#listener.onBlocked(requireWebAddress(url));
    const timer = setInterval(() => void this.#ask(flow), ASK_MS);
    this.#ends.push(() => clearInterval(timer));
    const seen = (): void => void this.#ask(flow);
    document.addEventListener('visibilitychange', seen);
    this.#ends.push(() => document.removeEventListener('visibilitychange', seen));
  }

  fail(code: string): void {
    if (this.#over) return;
    this.stop();
    this.#listener.onFailed(code);
  }

  stop(): void {
    if (this.#over) return;
    this.#over = true;
    for (const end of this.#ends) end();
    this.#window?.close();
  }

  #watchWindow(opened: ProviderWindow, flow: string): void {
    // What a window says is a reason to ask, never the answer.
    this.#ends.push(opened.onEnd(new URL(this.#session.url).origin, () => void this.#ask(flow)));
    const timer = setInterval(() => {
      if (!opened.isGone()) return;
      clearInterval(timer);
      void this.#ask(flow).then(() => {
        if (!this.#over) this.#listener.onGone();
      });
    }, LOOK_MS);
    this.#ends.push(() => clearInterval(timer));
  }

  async #ask(flow: string): Promise<void> {
    if (this.#over || this.#asking || document.hidden) return;
    this.#asking = true;
    try {
      const { status, error } = await look(this.#session, flow);
      this.#misses = 0;
      if (this.#over || status === 'pending') return;
      this.stop();
      if (status === 'complete') this.#listener.onConnected();
      else this.#listener.onFailed(error ?? 'Internal');
    } catch (error) {
      this.#missed(error);
    } finally {
      this.#asking = false;
    }
  }

  /** The network may be away for a moment; a refusal stays one. */
  #missed(error: unknown): void {
    this.#misses += 1;
    const code = codeOf(error);
    const passes = error instanceof EmbedError && (error.status === 0 || error.status >= 429);
    if (!passes || this.#misses >= MOST_MISSES) this.fail(code);
  }
}

export function codeOf(error: unknown): string {
  return error instanceof EmbedError ? error.code : 'Internal';
}
