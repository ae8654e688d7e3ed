/** Where a browser goes after sign-in: a page of ours and nowhere else. */
import { type ErrorCode, TenantryError } from '../../../errors.ts';

/** Whitespace, control characters and backslashes: a browser drops or turns them, so that it sees another address. */
const DOUBTFUL = /[\s\\\p{Cc}]/u;

/** The path with its query. @throws RedirectNotAllowed for what is not below /ui/ */
export function requireOwnPage(text: string, publicUrl: string): string {
  const url = text.startsWith('/ui/') && !DOUBTFUL.test(text) ? URL.parse(text, publicUrl) : null;
  if (url?.origin === new URL(publicUrl).origin && url.pathname.startsWith('/ui/')) {
    return url.pathname + url.search;
  }
  throw new TenantryError('RedirectNotAllowed', 'return_to is not a page below /ui/', {
    hint: 'leave it out, or give a path that begins with /ui/',
  });
}

/** The sign-in page, which tells what the code means. */
export function signInErrorPage(code: ErrorCode): string {
  return `/ui/?sign_in_error=${code}`;
}
