/** Login and consent: a page with two buttons, or no page at all when the request asks for that. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { InteractionResults } from 'oidc-provider';
import { consentPage, errorPage } from './page.ts';
import { resourceOf } from './provider.ts';
import { readFields } from './request.ts';
import { toVendorScopes } from './scopes.ts';

const TENANT = /^[A-Za-z0-9._@-]{1,63}$/;

interface Asked {
  readonly clientId: string;
  readonly scope: string;
  readonly tenant: string | undefined;
  /** `auto=1` with a login_hint and no prompt: approve without a page. */
  readonly auto: boolean;
}

/** Serves `/{integration}/interaction/{uid}`. */
export async function handleInteraction(
  provider: Provider,
  integration: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let asked: Asked;
  try {
    const { params } = await provider.interactionDetails(request, response);
    asked = readAsked(params);
  } catch {
    sendPage(response, 400, errorPage(integration, 'This authorization request is unknown or has expired.'));
    return;
  }
  const finish = (result: InteractionResults): Promise<void> =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  const view = { integration, clientId: asked.clientId, scopes: toVendorScopes(asked.scope) };

  if (request.method === 'GET') {
    if (asked.auto && asked.tenant !== undefined) {
      await finish(await approval(provider, integration, asked, asked.tenant));
      return;
    }
    sendPage(response, 200, consentPage({ ...view, tenant: asked.tenant }));
    return;
  }
  const fields = await readFields(request);
  if (fields.decision !== 'approve') {
    await finish({ error: 'access_denied', error_description: 'The resource owner denied the request' });
    return;
  }
  const tenant = fields.tenant ?? '';
  if (!TENANT.test(tenant)) {
    sendPage(response, 400, consentPage({ ...view, tenant: undefined, problem: 'Name a tenant.' }));
    return;
  }
  await finish(await approval(provider, integration, asked, tenant));
}

function readAsked(params: Readonly<Record<string, unknown>>): Asked {
  const text = (name: string): string | undefined => {
    const value = params[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const hint = text('login_hint');
  return {
    clientId: text('client_id') ?? '',
    scope: text('scope') ?? '',
    tenant: hint !== undefined && TENANT.test(hint) ? hint : undefined,
    auto: text('auto') === '1' && text('prompt') === undefined,
  };
}

/** Each approval is a grant of its own, so that a revoked family takes no other connection with it. */
async function approval(
  provider: Provider,
  integration: string,
  asked: Asked,
  tenant: string,
): Promise<InteractionResults> {
  const grant = new provider.Grant({ accountId: tenant, clientId: asked.clientId });
  grant.addResourceScope(resourceOf(integration), asked.scope);
  return { login: { accountId: tenant, remember: false }, consent: { grantId: await grant.save() } };
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
  });
  response.end(html);
}
