/** The page of a connect link: who connects what, and one button; for keys and roles a form. */
import type { ConnectStyle, FormField } from '../providers/kind.ts';
import type { IntegrationView } from '../stack/view.ts';
import { type Html, html, type Page } from './page.ts';

export interface ConnectPage {
  readonly view: IntegrationView;
  readonly style: ConnectStyle;
  readonly fields: readonly FormField[];
  readonly scopes: readonly string[];
  /** See `formToken`. */
  readonly proof: string;
  /** What was wrong with what the person typed. */
  readonly problem?: string;
  readonly keepOpener: boolean;
  /** Sources that the form may lead to. */
  readonly formAction: string;
}

/** Name of the hidden field with the proof; no field of a credential is called so. */
export const PROOF_FIELD = '_proof';

export function connectPage(page: ConnectPage): Page {
  const { view, style, fields, problem } = page;
  const { name } = view.entry;
  const tenant = view.tenant.spec.displayName ?? view.tenant.metadata.name;
  return {
    status: problem === undefined ? 200 : 400,
    title: `Connect ${name} to ${tenant}`,
    keepOpener: page.keepOpener,
    formAction: page.formAction,
    body: html`${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}${explanation(page)}
<form method="post" autocomplete="off"><input type="hidden" name="${PROOF_FIELD}" value="${page.proof}">
${style === 'form' ? fields.map(field) : ''}
<button>${style === 'redirect' ? `Continue to ${name}` : `Connect ${name}`}</button></form>
<p><small>Go on only if you expected to connect ${name} to ${tenant}. If somebody you do not know sent you this link, close
this window.</small></p>`,
  };
}

function explanation({ view, style, scopes }: ConnectPage): Html {
  const { name } = view.entry;
  if (style === 'form')
    return html`<p>What you enter is kept encrypted with your organisation’s own key.</p>`;
  if (style === 'none')
    return html`<p>Nothing has to be entered: the app that is set up for you is used.</p>`;
  if (scopes.length === 0) return html`<p>${name} will ask you whether you agree.</p>`;
  return html`<p>${name} will ask you to agree to:</p><ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>`;
}

function field({ name, label, secret, help }: FormField): Html {
  return html`<label>${label}<input name="${name}" type="${secret ? 'password' : 'text'}" required maxlength="8192" autocomplete="off">${
    help === undefined ? '' : html`<small>${help}</small>`
  }</label>`;
}
