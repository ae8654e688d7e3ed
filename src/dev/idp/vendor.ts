/** The front of one fake vendor: takes requests as the vendor does and hands them to the OAuth library. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { refusedAnswer } from './answers.ts';
import { answerAsForm, forgetSession, libraryQuery, readTokenFields } from './front.ts';
import { handleInteraction } from './interaction.ts';
import { type VendorProfile, vendorProfile } from './profile.ts';
import { type ProviderOptions, vendorProvider } from './provider.ts';
import { asFormPost, bearerToken } from './request.ts';
import { toLibraryScope, toVendorScopes } from './scopes.ts';
import { jiraSite } from './tenant-facts.ts';

/** RFC 7662 section 2.2, as far as the fake APIs need it. */
export interface Introspection {
  readonly active: boolean;
  /** The tenant. */
  readonly sub?: string;
  /** Space-separated. */
  readonly scope?: string;
  readonly clientId?: string;
}

export interface Vendor {
  readonly profile: VendorProfile;
  /** `path` is below `/{integration}`. */
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  introspect(token: string): Promise<Introspection>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly pathname: string;
  readonly query: URLSearchParams;
}

export function startVendor(options: ProviderOptions): Vendor {
  const { integration } = options;
  const profile = vendorProfile(integration);
  const provider = vendorProvider(options);
  const library = provider.callback();
  const { paths } = profile;

  async function handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    const handler = handlerOf(pathname);
    if (handler === undefined) sendJson(response, 404, { message: 'Not Found' });
    else await handler({ request, response, pathname, query: searchParams });
  }

  function handlerOf(pathname: string): ((exchange: Exchange) => Promise<void>) | undefined {
    if (pathname.startsWith('/interaction/')) {
      return ({ request, response }) => handleInteraction(provider, integration, request, response);
    }
    if (pathname === paths.authorization || pathname.startsWith(`${paths.authorization}/`)) return authorize;
    if (pathname === paths.token) return token;
    if (isRevocation(pathname)) return revoke;
    const isSites = integration === 'jira' && pathname === '/oauth/token/accessible-resources';
    return isSites ? accessibleResources : undefined;
  }

  async function authorize({ request, response, pathname, query }: Exchange): Promise<void> {
    forgetSession(request, integration);
    const first = pathname === paths.authorization;
    await toLibrary(request, response, first ? `${pathname}?${libraryQuery(query)}` : pathname);
  }

  function toLibrary(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    // The library finds its own mount point by comparing the two, as Express leaves them.
    Object.assign(request, { url: path, originalUrl: `/${integration}${path}` });
    return library(request, response);
  }

  async function token({ request, response }: Exchange): Promise<void> {
    const fields = await readTokenFields(request);
    if (fields === undefined) {
      const refused = { error: 'invalid_request', error_description: 'failed to parse the request body' };
      const context = { status: 400, grantType: '', knownClient: false };
      const answer = refusedAnswer(integration, refused, context);
      sendJson(response, answer.status, answer.body);
      return;
    }
    if (profile.grantTypeOptional) fields.grant_type ??= 'authorization_code';
    if (fields.scope !== undefined) fields.scope = toLibraryScope(fields.scope);
    if (integration === 'github' && !(request.headers.accept ?? '').includes('json')) answerAsForm(response);
    await toLibrary(asFormPost(request, fields), response, paths.token);
  }

  function isRevocation(pathname: string): boolean {
    return (
      pathname === paths.revocation ||
      (integration === 'github' && /^\/applications\/[^/]+\/(token|grant)$/.test(pathname))
    );
  }

  async function revoke({ request, response, query }: Exchange): Promise<void> {
    const fields = await readTokenFields(request);
    if (integration === 'slack') {
      await revokeAtSlack(response, fields?.token ?? bearerToken(request) ?? query.get('token') ?? '');
      return;
    }
    const { access_token, ...rest } = fields ?? {};
    const normal = access_token === undefined ? rest : { ...rest, token: access_token };
    await toLibrary(asFormPost(request, normal), response, paths.revocation);
  }

  /** https://docs.slack.dev/reference/methods/auth.revoke: the token is its own proof. */
  async function revokeAtSlack(response: ServerResponse, value: string): Promise<void> {
    const found = (await provider.AccessToken.find(value)) ?? (await provider.RefreshToken.find(value));
    if (found === undefined) {
      sendJson(response, 200, { ok: false, error: 'invalid_auth' });
      return;
    }
    if (found.kind === 'RefreshToken' && found.grantId !== undefined)
      await revokeFamily(provider, found.grantId);
    else await found.destroy();
    sendJson(response, 200, { ok: true, revoked: true });
  }

  async function accessibleResources({ request, response }: Exchange): Promise<void> {
    const { active, sub, scope } = await introspect(bearerToken(request) ?? '');
    if (!active || sub === undefined) sendJson(response, 401, { code: 401, message: 'Unauthorized' });
    else sendJson(response, 200, [jiraSite(sub, (scope ?? '').split(' '))]);
  }

  async function introspect(value: string): Promise<Introspection> {
    const found = await provider.AccessToken.find(value);
    if (found?.isValid !== true) return { active: false };
    const clientId = found.clientId === undefined ? {} : { clientId: found.clientId };
    const scope = toVendorScopes(found.scope).join(' ');
    return { active: true, sub: found.accountId, scope, ...clientId };
  }

  return { profile, handle, introspect };
}

async function revokeFamily(provider: Provider, grantId: string): Promise<void> {
  await provider.AccessToken.revokeByGrantId(grantId);
  await provider.RefreshToken.revokeByGrantId(grantId);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}
