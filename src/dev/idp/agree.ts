/** A browser that agrees to everything: it follows a flow through the fake vendors' pages to the way back. */
import { TenantryError } from '../../errors.ts';
import { type CookieJar, cookieJar } from './cookie-jar.ts';

export interface AgreeOptions {
  /** Who logs in, and where the app is installed. */
  readonly tenant: string;
  /** What is pressed on the page. Default approve. */
  readonly decision?: 'approve' | 'deny' | 'request';
  /** Default: a new one. */
  readonly jar?: CookieJar;
  readonly signal?: AbortSignal;
}

const MOST_STEPS = 15;

/**
 * Opens `start`, presses the button of each page, and returns the first address outside the vendor's listener: the
 * callback, which is not called. Throws Internal when the flow stops at a page.
 */
export async function agree(start: URL | string, options: AgreeOptions): Promise<URL> {
  const { tenant, decision = 'approve', jar = cookieJar(), signal } = options;
  const home = new URL(start).origin;
  let url = new URL(start);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: jar.header(url), accept: 'text/html' },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    jar.store(url, response.headers.getSetCookie());
    const location = response.headers.get('location');
    if (location === null) {
      if (form !== undefined || !isForm(response, text)) throw stopped(response.status, text);
      form = new URLSearchParams({ tenant, decision });
      continue;
    }
    form = undefined;
    url = new URL(location, url);
    if (url.origin !== home) return url;
  }
  throw stopped(0, 'too many redirects');
}

function isForm(response: Response, text: string): boolean {
  return response.ok && text.includes('<form method="post">');
}

function stopped(status: number, text: string): TenantryError {
  const why = /role="alert">([^<]*)/.exec(text)?.[1] ?? text.slice(0, 80);
  return new TenantryError('Internal', `the authorization stopped with status ${status}: ${why}`);
}
