/** Calls the sidecar with the session that the customer's backend made; a session that has ended is renewed once. */

export class EmbedError extends Error {
  /** A code of the sidecar; `Unreachable`, or `NotAllowed` where the browser was not let through. */
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

/** Gives a new session of the same tenant, from the host's own backend. */
export type RenewSession = () => string | Promise<string>;

export interface SessionOptions {
  readonly url: string;
  /** Empty: it is asked for with the first call. */
  readonly token: string;
  readonly renew: RenewSession | undefined;
}

const LIMIT_MS = 20_000;

export class Session {
  readonly url: string;
  #token: string;
  readonly #renew: RenewSession | undefined;
  #renewing: Promise<string> | undefined;

  constructor({ url, token, renew }: SessionOptions) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#renew = renew;
  }

  /** @throws EmbedError */
  async call<T>(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<T> {
    if (this.#token === '' && this.#renew) await this.#renewed(this.#renew);
    const used = this.#token;
    try {
      return await this.#once<T>(method, path);
    } catch (error) {
      if (!(error instanceof EmbedError) || error.status !== 401 || !this.#renew) throw error;
      // Another call may have renewed it meanwhile.
      if (this.#token === used) await this.#renewed(this.#renew);
      return await this.#once<T>(method, path);
    }
  }

  async #renewed(renew: RenewSession): Promise<void> {
    this.#renewing ??= Promise.resolve()
      .then(renew)
      .finally(() => {
        this.#renewing = undefined;
      });
    try {
      this.#token = await this.#renewing;
    } catch {
      throw new EmbedError('Unauthenticated', 401);
    }
  }

  async #once<T>(method: string, path: string): Promise<T> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}` },
        // The session is all that counts: no cookie of a person who has also signed in there.
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
        signal: AbortSignal.timeout(LIMIT_MS),
      });
    } catch {
      // A browser says the same of a network that is away and of an origin that is not in the list.
      throw new EmbedError('Unreachable', 0);
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer as T;
    throw new EmbedError(codeOf(answer), response.status);
  }
}

function codeOf(answer: unknown): string {
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : undefined;
  return typeof code === 'string' ? code : 'UnexpectedAnswer';
}
