/** A person with a browser, who opens a connect link and agrees to everything; for demo data. */
import { TenantryError } from '../errors.ts';
import { agree } from './idp/agree.ts';
import { type CookieJar, cookieJar } from './idp/cookie-jar.ts';

/**
 * Opens the link, presses the button, agrees at the development identity provider and comes back.
 * @param decision what is pressed at the provider. Default approve.
 * @throws Internal where a page is not the expected one, with its words: also when the person has denied
 */
export async function connectByLink(
  link: string,
  tenant: string,
  signal: AbortSignal,
  decision: 'approve' | 'deny' = 'approve',
): Promise<void> {
  const jar = cookieJar();
  const page = await open(link, { jar, signal });
  const proof = /name="_proof" value="([^"]*)"/.exec(page.text)?.[1];
  if (proof === undefined) throw unexpected(page);
  const pressed = await open(link, { jar, signal, form: new URLSearchParams({ _proof: proof }) });
  if (pressed.location === undefined) {
    if (pressed.status !== 200) throw unexpected(pressed);
    return;
  }
  const callback = await agree(new URL(pressed.location), { tenant, decision, jar, signal });
  const end = await open(callback.href, { jar, signal });
  if (end.status !== 200) throw unexpected(end);
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

async function open(
  address: string,
  {
    jar,
    signal,
    form,
  }: { readonly jar: CookieJar; readonly signal: AbortSignal; readonly form?: URLSearchParams },
): Promise<Answer> {
  const url = new URL(address);
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: jar.header(url), accept: 'text/html', origin: url.origin },
    signal,
    ...(form && { method: 'POST', body: form }),
  });
  jar.store(url, response.headers.getSetCookie());
  const location = response.headers.get('location') ?? undefined;
  return { status: response.status, location, text: await response.text() };
}

function unexpected({ status, text }: Answer): TenantryError {
  const words = text
    .replace(/<style.*?<\/style>/gs, ' ')
    .replaceAll(/<[^>]*>|\s+/g, ' ')
    .trim();
  return new TenantryError('Internal', `the connect page answered ${status}: ${words.slice(0, 200)}`);
}
