/** The pages of the development identity provider. */

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem}
small{color:#555}button,input{font:inherit;padding:.4rem .8rem;margin:.5rem .5rem 0 0}input{display:block;width:100%;box-sizing:border-box}`;

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main><h1>${escapeHtml(title)}</h1>
${content}<p><small>This page is for development only. No password is asked for.</small></p></main></body></html>`;
}

export interface ConsentPage {
  readonly integration: string;
  /** From login_hint; without it the person types one. */
  readonly tenant: string | undefined;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly problem?: string;
}

/** Login and consent in one form. */
export function consentPage({ integration, tenant, clientId, scopes, problem }: ConsentPage): string {
  const list = scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join('');
  const asks = `<p>The app <code>${escapeHtml(clientId)}</code> asks for access${list === '' ? '.' : ` to:</p><ul>${list}</ul><p>`}</p>`;
  return page(
    `Development identity provider: ${integration}`,
    `${alert(problem)}${asks}
<form method="post">${tenantField(tenant)}<button name="decision" value="approve">${tenant === undefined ? 'Continue' : `Continue as ${escapeHtml(tenant)}`}</button>
<button name="decision" value="deny" formnovalidate>Deny</button></form>`,
  );
}

export function errorPage(integration: string, message: string): string {
  return page(`Development identity provider: ${integration}`, `<p role="alert">${escapeHtml(message)}</p>`);
}

export interface InstallPage {
  readonly vendor: string;
  readonly app: string;
  /** From login_hint; without it the person types one. */
  readonly tenant: string | undefined;
  readonly choices: readonly ('install' | 'request')[];
  readonly problem?: string;
}

const CHOICES = { install: 'Install', request: 'Ask an owner to install' } as const;

/** Where an app is installed into the account of a tenant. */
export function installPage({ vendor, app, tenant, choices, problem }: InstallPage): string {
  const buttons = choices.map(
    (choice) => `<button name="decision" value="${choice}">${CHOICES[choice]}</button>`,
  );
  return page(
    `Development identity provider: ${vendor}`,
    `${alert(problem)}<p>Install the app <code>${escapeHtml(app)}</code>.</p>
<form method="post">${tenantField(tenant)}${buttons.join('\n')}</form>`,
  );
}

function alert(problem: string | undefined): string {
  return problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`;
}

function tenantField(tenant: string | undefined): string {
  return tenant === undefined
    ? '<label>Tenant <input name="tenant" required pattern="[A-Za-z0-9._@\\-]{1,63}" autofocus></label>'
    : `<input type="hidden" name="tenant" value="${escapeHtml(tenant)}">`;
}
