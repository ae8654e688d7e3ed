/** The pages at the end of a flow: connected, not connected and why, or not yet. */
import type { TenantryError } from '../../errors.ts';
import { html, type Page, scriptJson } from './page.ts';

interface Ended {
  readonly integration: string;
  /** Name that people see. */
  readonly name: string;
  /** An allow-listed origin whose window opened this one. */
  readonly openerOrigin: string | undefined;
}

export function connectedPage(ended: Ended & { readonly tenant: string }): Page {
  const { integration, name, openerOrigin, tenant } = ended;
  return {
    status: 200,
    title: `${name} is connected`,
    body: html`<p>${name} is connected to ${tenant}. You can close this window.</p>`,
    keepOpener: openerOrigin !== undefined,
    ...(openerOrigin !== undefined && {
      script: tellOpener({ integration, status: 'connected' }, openerOrigin, true),
    }),
  };
}

/** What happened and what to do. A known flow's opener is told as well; the window stays, so that it can be read. */
export function failedPage(error: TenantryError, ended?: Ended): Page {
  const { openerOrigin } = ended ?? {};
  return {
    status: error.status,
    title: ended === undefined ? 'Not connected' : `${ended.name} is not connected`,
    body: html`<p role="alert">${sentence(error.message)}</p><p>What to do: ${error.hint}.</p>
<p class="code"><small>Code: <code>${error.code}</code></small></p>`,
    keepOpener: openerOrigin !== undefined,
    ...(ended !== undefined &&
      openerOrigin !== undefined && {
        script: tellOpener({ integration: ended.integration, status: 'failed' }, openerOrigin, false),
      }),
  };
}

export function waitingPage(ended: Ended): Page {
  return {
    status: 200,
    title: `Connecting ${ended.name}`,
    body: html`<p>${ended.name} has not told us yet that you agreed. This page goes on by itself; leave it open.</p>`,
    keepOpener: ended.openerOrigin !== undefined,
    reloadSeconds: 2,
  };
}

/** The message says that it is over and never how: a token or code has no place in it. */
function tellOpener(
  outcome: { readonly integration: string; readonly status: 'connected' | 'failed' },
  origin: string,
  close: boolean,
): string {
  const message = scriptJson({ type: 'oauth_complete', ...outcome });
  const after = close ? 'window.close();' : '';
  return `if(window.opener){window.opener.postMessage(${message},${scriptJson(origin)});${after}}`;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
