/** Login and consent: a page with two buttons, or no page at all when the request asks for that. */
import type Provider from 'oidc-provider';
import type { InteractionResults } from 'oidc-provider';
import { type Exchange, sendPage } from './exchange.ts';
import { rememberConsent } from './offline.ts';
import { consentPage, errorPage } from './page.ts';
import { type ProviderOptions, resourceOf } from './provider.ts';
import { readFields } from './request.ts';
import { toVendorScopes } from './scopes.ts';

const TENANT = /^[A-Za-z0-9._@-]{1,63}$/;

interface Asked {
  readonly clientId: string;
  readonly scope: string;
  readonly tenant: string | undefined;
  /** `auto=1` with a login_hint and no prompt: approve without a page. */
  readonly auto: boolean;
  /** access_type=offline (Google). */
  readonly offline: boolean;
  /** prompt=consent. */
  readonly consent: boolean;
}

/** Serves `/{vendor}/interaction/{uid}`. */
export async function handleInteraction(
  provider: Provider,
  options: ProviderOptions,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
): Promise<void> {
  const { vendor } = options;
  let asked: Asked;
  try {
    const { params } = await provider.interactionDetails(request, response);
    asked = readAsked(params);
  } catch {
    sendPage(response, 400, errorPage(vendor, 'This authorization request is unknown or has expired.'));
    return;
  }
  const finish = (result: InteractionResults): Promise<void> =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  const view = { integration: vendor, clientId: asked.clientId, scopes: toVendorScopes(asked.scope) };

  if (request.method === 'GET') {
    if (asked.auto && asked.tenant !== undefined) {
      await finish(await approval(provider, options, asked, asked.tenant));
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
  // At a customer's own host nobody else can log in.
  const tenant = options.profile.perTenantHost ? (asked.tenant ?? '') : (fields.tenant ?? '');
  if (!isTenantName(tenant)) {
    sendPage(response, 400, consentPage({ ...view, tenant: undefined, problem: 'Name a tenant.' }));
    return;
  }
  await finish(await approval(provider, options, asked, tenant));
}

/** What the pages take for a tenant's name. */
export function isTenantName(text: string): boolean {
  return TENANT.test(text);
}

function readAsked(params: Readonly<Record<string, unknown>>): Asked {
  const text = (name: string): string | undefined => {
    const value = params[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const hint = text('account') ?? text('login_hint');
  return {
    clientId: text('client_id') ?? '',
    scope: text('scope') ?? '',
    tenant: hint !== undefined && isTenantName(hint) ? hint : undefined,
    auto: text('auto') === '1' && text('prompt') === undefined,
    offline: text('access_type') === 'offline',
    consent: (text('prompt') ?? '').split(' ').includes('consent'),
  };
}

/** Each approval is a grant of its own, so that a revoked family takes no other connection with it. */
async function approval(
  provider: Provider,
  { vendor, profile, store }: ProviderOptions,
  asked: Asked,
  tenant: string,
): Promise<InteractionResults> {
  const { clientId, offline, consent } = asked;
  const grant = new provider.Grant({ accountId: tenant, clientId });
  grant.addResourceScope(resourceOf(vendor), asked.scope);
  const grantId = await grant.save();
  if (profile.refreshToken === 'offline_consent')
    rememberConsent(store, { clientId, tenant, grantId, offline, asked: consent });
  return { login: { accountId: tenant, remember: false }, consent: { grantId } };
}
