/** What a browser may do in a page of the web application: load from here, send to here, and nothing else. */

const POLICY: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'font-src': "'self'",
  'connect-src': "'self'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
  'base-uri': "'none'",
  // Nothing may turn text into script (W3C Trusted Types).
  'require-trusted-types-for': "'script'",
  'trusted-types': "'none'",
};

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': Object.entries(POLICY)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; '),
  // The popup of a connect flow tells this page that it is done.
  'cross-origin-opener-policy': 'same-origin-allow-popups',
};
