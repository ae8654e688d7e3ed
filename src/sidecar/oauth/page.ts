/** The frame of the pages that people see while they connect: escaped text, strict headers, no scripts but our own. */
import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** HTML that needs no more escaping. */
export interface Html {
  readonly html: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Template whose values are escaped, unless they are Html themselves. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[])[]
): Html {
  const text = values.map((value, index) => {
    const shown =
      typeof value === 'string'
        ? escapeHtml(value)
        : [value]
            .flat()
            .map((each) => each.html)
            .join('');
    return shown + (parts[index + 1] ?? '');
  });
  return { html: (parts[0] ?? '') + text.join('') };
}

/** JSON that may stand in a script element: nothing in it can end the element or begin a comment. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface Page {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
  /** Source of the page's only script; values in it by `scriptJson`. */
  readonly script?: string;
  /** Where forms of the page may lead, as CSP sources (redirects after the form count too). Default: nowhere. */
  readonly formAction?: string;
  /**
   * True where the window that opened this one must be reached by `window.opener`. Any other value of
   * Cross-Origin-Opener-Policy than unsafe-none cuts the two apart when their origins differ (HTML standard, section
   * "Cross-origin opener policies"), also for the pages that come after it in the popup.
   */
  readonly keepOpener?: boolean;
  /** Seconds after which the browser loads the page again. */
  readonly reloadSeconds?: number;
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem}label{display:block;margin:.8rem 0}input{font:inherit;display:block;width:100%;box-sizing:border-box;padding:.4rem .6rem}
button{font:inherit;margin-top:1rem;padding:.5rem 1.2rem}small,.code{color:#57606a}[role=alert]{border-left:4px solid #b42318;padding-left:.8rem}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}small,.code{color:#9aa4af}}`;

/** Sends a page with its own Content-Security-Policy in the place of the server's. */
export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(page.script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    `form-action ${page.formAction ?? "'none'"}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const script = page.script === undefined ? '' : `<script nonce="${nonce}">${page.script}</script>`;
  const reload =
    page.reloadSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${page.reloadSeconds}">`;
  return reply
    .status(page.status)
    .headers({
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': openerPolicy(page.keepOpener),
    })
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
        `${reload}<title>${escapeHtml(page.title)}</title><style nonce="${nonce}">${STYLE}</style></head>` +
        `<body><main><h1>${escapeHtml(page.title)}</h1>${page.body.html}</main>${script}</body></html>\n`,
    );
}

/** Sends the person on. Browsers apply the opener policy of a redirect too, so a popup's must keep its opener. */
export function sendOn(
  reply: FastifyReply,
  to: string,
  options: Pick<Page, 'keepOpener'> = {},
): FastifyReply {
  return reply
    .headers({
      'cache-control': 'no-store',
      'cross-origin-opener-policy': openerPolicy(options.keepOpener),
    })
    .redirect(to, 303);
}

function openerPolicy(keepOpener: boolean | undefined): string {
  return keepOpener ? 'unsafe-none' : 'same-origin';
}
