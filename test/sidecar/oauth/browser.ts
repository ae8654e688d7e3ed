/** A browser for tests: keeps cookies, follows redirects on request, speaks to the sidecar without a port. */
import { type CookieJar, cookieJar } from '../../../src/dev/idp/cookie-jar.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';

export interface Visit {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Where it redirects to. */
  readonly location: string | undefined;
}

export interface VisitOptions {
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Browser {
  readonly jar: CookieJar;
  /** One request, no redirect followed. */
  visit(url: string | URL, options?: VisitOptions): Promise<Visit>;
  /** Follows redirects until a page, or an address of which `stop` says so. */
  follow(url: string | URL, stop?: (url: URL) => boolean, options?: VisitOptions): Promise<Visit>;
  /** Presses the button of the page at this address. */
  press(page: Visit, typed?: Readonly<Record<string, string>>): Promise<Visit>;
}

const MOST_REDIRECTS = 15;

/** @param ours base of the sidecar's addresses */
export function openBrowser(app: SidecarServer, ours: string): Browser {
  const jar = cookieJar();
  const visit = async (target: string | URL, options: VisitOptions = {}): Promise<Visit> => {
    const url = new URL(target);
    const headers = { accept: 'text/html,*/*;q=0.8', ...options.headers, cookie: jar.header(url) };
    const answer = url.href.startsWith(ours)
      ? await toSidecar(app, url, headers, options.form)
      : await fetch(url, {
          method: options.form ? 'POST' : 'GET',
          redirect: 'manual',
          headers,
          ...(options.form && { body: new URLSearchParams(options.form) }),
        });
    jar.store(url, answer.headers.getSetCookie());
    const location = answer.headers.get('location');
    return {
      url,
      status: answer.status,
      text: await answer.text(),
      headers: answer.headers,
      location: location === null ? undefined : new URL(location, url).href,
    };
  };
  const follow: Browser['follow'] = async (target, stop = () => false, options = {}) => {
    let at = await visit(target, options);
    for (let step = 0; at.location !== undefined; step += 1) {
      if (step === MOST_REDIRECTS) throw new Error(`too many redirects at ${at.url.href}`);
      if (stop(new URL(at.location))) return at;
      at = await visit(at.location);
    }
    return at;
  };
  return {
    jar,
    visit,
    follow,
    press: (page, typed = {}) =>
      visit(page.url, {
        form: { ...hiddenFields(page.text), ...typed },
        headers: { 'sec-fetch-site': 'same-origin' },
      }),
  };
}

export function hiddenFields(text: string): Record<string, string> {
  const found = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]));
}

async function toSidecar(
  app: SidecarServer,
  url: URL,
  headers: Record<string, string>,
  form: Readonly<Record<string, string>> | undefined,
): Promise<Response> {
  const answer = await app.inject({
    method: form ? 'POST' : 'GET',
    url: url.pathname + url.search,
    headers: { ...headers, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
    ...(form && { payload: new URLSearchParams(form).toString() }),
  });
  const made = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const each of [value].flat()) if (each !== undefined) made.append(name, String(each));
  }
  const isBare = [204, 303, 302, 304].includes(answer.statusCode);
  return new Response(isBare ? null : answer.body, { status: answer.statusCode, headers: made });
}
