/** A browser for the tests of sign-in: it keeps cookies and follows redirects one by one. */
import { type CookieJar, cookieJar } from '../../../../src/dev/idp/cookie-jar.ts';
import { ACCOUNT } from './provider.ts';

export interface Step {
  readonly status: number;
  readonly url: URL;
  readonly headers: Headers;
  readonly location: URL | undefined;
  readonly text: string;
}

export class TestBrowser {
  readonly jar: CookieJar = cookieJar();
  readonly #account: string;

  /** @param account who the person says they are at the provider */
  constructor(account: string) {
    this.#account = account;
  }

  async open(url: URL | string, headers: Record<string, string> = {}): Promise<Step> {
    const at = new URL(url);
    const response = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: this.jar.header(at), [ACCOUNT]: this.#account, ...headers },
    });
    this.jar.store(at, response.headers.getSetCookie());
    const location = response.headers.get('location');
    return {
      status: response.status,
      url: at,
      headers: response.headers,
      location: location === null ? undefined : new URL(location, at),
      text: await response.text(),
    };
  }

  /** Follows redirects until one leads to where `stop` says, which is not opened. */
  async until(url: URL | string, stop: (url: URL) => boolean): Promise<URL> {
    let next = new URL(url);
    for (let steps = 0; steps < 12; steps += 1) {
      if (stop(next)) return next;
      const { location, status, text } = await this.open(next);
      if (location === undefined)
        throw new Error(`${next.pathname} answered ${status}: ${text.slice(0, 300)}`);
      next = location;
    }
    throw new Error('too many redirects');
  }
}
