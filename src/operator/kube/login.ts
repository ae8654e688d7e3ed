/** Keeps the credentials fresh: files that rotate, logins that expire, and a 401 that says so. */
import { readFile } from 'node:fs/promises';
import { untilCancelled } from '../../clients/http.ts';
import type { Redactor } from '../../redact.ts';
import type { KubeCredentials } from './credentials.ts';

/** The kubelet replaces a token long before it ends (at 80 % of its life), so that this is soon enough. */
const FILE_AGE_MS = 10_000;

/** So long before its end a login is made anew. */
const EXPIRY_MARGIN_MS = 30_000;

/** A login may start a program or ask an issuer: not more often than this, however many calls are refused. */
const LOGIN_GAP_MS = 10_000;

export interface LoginOptions {
  /** A whole login anew, given what was known. Left out where the files are all there is. */
  readonly read?: (known: KubeCredentials, signal: AbortSignal) => Promise<KubeCredentials>;
  readonly redactor: Redactor;
  /** Milliseconds of the epoch. */
  readonly now: () => number;
}

export class Login {
  readonly #options: LoginOptions;
  readonly #closed = new AbortController();
  #known: KubeCredentials;
  #filesReadAt: number;
  #loggedInAt = Number.NEGATIVE_INFINITY;
  #files: Promise<void> | undefined;
  #login: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(first: KubeCredentials, options: LoginOptions) {
    this.#known = first;
    this.#options = options;
    this.#filesReadAt = options.now();
    this.#learn(first);
  }

  /** The newest that are known, whether they are still good or not. */
  get known(): KubeCredentials {
    return this.#known;
  }

  /** Why the last login did not succeed; undefined when it did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** What the next call is made with. Never rejects but with Cancelled: the API server judges what is old. */
  async current(signal?: AbortSignal): Promise<KubeCredentials> {
    const now = this.#options.now();
    // Also after the clock was set back.
    if (Math.abs(now - this.#filesReadAt) >= FILE_AGE_MS) await untilCancelled(this.#readFiles(), signal);
    const ends = this.#known.expiresAt;
    if (ends !== undefined && now > ends - EXPIRY_MARGIN_MS) await untilCancelled(this.#logIn(), signal);
    return this.#known;
  }

  /** After a refusal of `used`: other credentials, or undefined where there are none. */
  async renew(used: KubeCredentials, signal?: AbortSignal): Promise<KubeCredentials | undefined> {
    if (this.#known === used) await untilCancelled(this.#readFiles(), signal);
    if (this.#known === used) await untilCancelled(this.#logIn(), signal);
    return this.#known === used ? undefined : this.#known;
  }

  /** Ends a login that is under way. */
  close(): void {
    this.#closed.abort();
  }

  #readFiles(): Promise<void> {
    this.#files ??= this.#filesAnew().finally(() => {
      this.#files = undefined;
    });
    return this.#files;
  }

  async #filesAnew(): Promise<void> {
    this.#filesReadAt = this.#options.now();
    const { tokenFile, caFile } = this.#known;
    if (tokenFile === undefined && caFile === undefined) return;
    const [token, ca] = await Promise.all([textOf(tokenFile), textOf(caFile)]);
    const known = this.#known;
    // A login that ended meanwhile may have led to other files.
    if (known.tokenFile !== tokenFile || known.caFile !== caFile) return;
    this.#take({
      ...known,
      ...(token && { headers: { ...known.headers, authorization: `Bearer ${token.trim()}` } }),
      ...(ca && { ca }),
    });
  }

  #logIn(): Promise<void> {
    const { now, read } = this.#options;
    if (this.#login !== undefined) return this.#login;
    if (read === undefined || Math.abs(now() - this.#loggedInAt) < LOGIN_GAP_MS) return Promise.resolve();
    this.#loggedInAt = now();
    this.#login = read(this.#known, this.#closed.signal)
      .then(
        (anew) => {
          this.#failure = undefined;
          this.#take(anew);
        },
        // What was known stays; when it is worth nothing the API server says so.
        (error: unknown) => {
          this.#failure = error instanceof Error ? error : new Error(String(error));
        },
      )
      .finally(() => {
        this.#login = undefined;
      });
    return this.#login;
  }

  /** The object stays the same where nothing changed, so that `===` tells whether it did. */
  #take(anew: KubeCredentials): void {
    if (JSON.stringify(anew) === JSON.stringify(this.#known)) return;
    this.#learn(anew);
    this.#known = anew;
  }

  #learn({ headers, key, carried, proxy }: KubeCredentials): void {
    const { authorization } = headers;
    if (typeof authorization === 'string') this.#options.redactor.add(authorization.replace(/^\w+ /, ''));
    for (const secret of [key, proxy && new URL(proxy).password, ...Object.values(carried ?? {})]) {
      if (secret) this.#options.redactor.add(secret);
    }
  }
}

/** Undefined while the file is not there or cannot be read: it may be in the middle of being replaced. */
async function textOf(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
}
