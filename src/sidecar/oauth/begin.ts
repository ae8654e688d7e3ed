/** Begins a flow: what the callback will need goes into a row, the person goes to the provider. */
import { randomUUID } from 'node:crypto';
import { generateRandomCodeVerifier } from 'oauth4webapi';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import { redirectUriOf } from '../providers/providers.ts';
import { type IntegrationView, scopesOf } from '../stack/view.ts';
import { newSecret } from './browser.ts';
import { endOthers, insertFlow } from './flows.ts';
import { consumeLink, type Link } from './links.ts';
import { encryptText } from './tenant-key.ts';

export interface BeginRequest {
  readonly view: IntegrationView;
  /** Value of the browser's cookie. */
  readonly browser: string;
  readonly returnTo: string | undefined;
  readonly openerOrigin: string | undefined;
  /** Id of the caller. */
  readonly actor: string;
  /** A link that is consumed by this, with the state that follows from it. */
  readonly link?: Pick<Link, 'id' | 'flow'> & { readonly state: string };
  readonly signal?: AbortSignal;
}

export interface Begun {
  readonly authorizationUrl: URL;
  readonly state: string;
  /** Id of the flow. */
  readonly flow: string;
}

/**
 * @throws NotSupported where nobody is sent to a provider; MissingSetting without an app; StateInvalid when the link
 *   was used meanwhile
 */
export async function beginFlow(context: SidecarContext, request: BeginRequest): Promise<Begun> {
  const { view, browser, link, signal } = request;
  const tenant = view.tenant.metadata.name;
  const integration = view.entry.id;
  const { kind, context: provider } = await context.providers.of(view, {}, { signal });
  if (kind.style !== 'redirect' || !kind.authorizationUrl) {
    throw new TenantryError('NotSupported', `${view.entry.name} is not connected by a redirect`);
  }
  const state = link?.state ?? newSecret();
  const verifier = generateRandomCodeVerifier();
  const redirectUri = redirectUriOf(view, context.settings, context.env ?? process.env);
  const scopes = await scopesToAsk(context, view, signal);
  const authorizationUrl = await kind.authorizationUrl(provider, { redirectUri, state, verifier, scopes });
  const flow = {
    id: link?.flow ?? randomUUID(),
    tenant,
    integration,
    state,
    browser,
    verifier: await encryptText(context.vault, tenant, verifier, { signal }),
    redirectUri,
    scopes,
    returnTo: request.returnTo,
    openerOrigin: request.openerOrigin,
    actor: request.actor,
    app: provider.app.clientId,
  };
  const now = context.now();
  if (!carriesState(view)) await context.database.asPlatform((query) => endOthers(query, flow));
  // One transaction: a link whose flow could not be begun stays good.
  await context.database.asTenant(tenant, async (query) => {
    if (link) await consumeLink(query, link.id, now);
    await insertFlow(query, flow, now);
  });
  return { authorizationUrl, state, flow: flow.id };
}

/** False where the provider's redirect does not bring our state back. */
export function carriesState({ entry: { auth } }: Pick<IntegrationView, 'entry'>): boolean {
  return auth.kind !== 'oauth2' || auth.returnsState;
}

/**
 * Scopes of the document; where the token that is there lacks some of them, what it has is asked for too, since many
 * providers' new grant replaces the old one.
 */
async function scopesToAsk(
  { tokens }: SidecarContext,
  view: IntegrationView,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const wanted = scopesOf(view);
  const place = { tenant: view.tenant.metadata.name, integration: view.entry.id };
  const { scopes, missingScopes } = await tokens.status(place, { signal });
  return missingScopes.length === 0 ? wanted : [...new Set([...scopes, ...wanted])];
}
