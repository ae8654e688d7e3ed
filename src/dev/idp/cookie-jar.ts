/** Cookies as a browser keeps them (RFC 6265 section 5), as far as a login needs. */

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
}

export interface CookieJar {
  /** Takes the Set-Cookie headers of an answer from `url`. */
  store(url: URL, setCookies: readonly string[]): void;
  /** The Cookie header for a request to `url`; empty when there is none. */
  header(url: URL): string;
}

export function cookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>();
  return {
    store(url, setCookies) {
      for (const line of setCookies) {
        const [pair = '', ...attributes] = line.split(/;\s*/);
        const name = pair.slice(0, pair.indexOf('='));
        const cookie = {
          name,
          value: pair.slice(name.length + 1),
          host: url.host,
          path: attribute(attributes, 'path') ?? '/',
        };
        const key = `${cookie.host} ${cookie.path} ${name}`;
        const expires = attribute(attributes, 'expires');
        if (expires !== undefined && Date.parse(expires) <= Date.now()) cookies.delete(key);
        else cookies.set(key, cookie);
      }
    },
    header: (url) =>
      [...cookies.values()]
        .filter(({ host, path }) => host === url.host && pathMatches(url.pathname, path))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; '),
  };
}

function attribute(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.find((text) => text.toLowerCase().startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** RFC 6265 section 5.1.4. */
function pathMatches(requested: string, path: string): boolean {
  return requested === path || requested.startsWith(path.endsWith('/') ? path : `${path}/`);
}
