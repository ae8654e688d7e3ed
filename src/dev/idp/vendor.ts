/** The front of one fake vendor: takes requests as the vendor does and hands them to the OAuth library. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { findClientRecord } from './clients.ts';
import { type Exchange, type Handler, sendJson } from './exchange.ts';
import { type FaultSwitch, faultSwitch } from './faults.ts';
import { forward } from './forward.ts';
import { forgetSession, libraryQuery } from './front.ts';
import { handleInteraction } from './interaction.ts';
import { type ProviderOptions, vendorProvider } from './provider.ts';
import { bearerToken } from './request.ts';
import { revocationEndpoint } from './revocation.ts';
import { toVendorScopes } from './scopes.ts';
import { jiraSite } from './tenant-facts.ts';
import { tokenEndpoint } from './token-endpoint.ts';

/** RFC 7662 section 2.2, as far as the fake APIs need it. */
export interface Introspection {
  readonly active: boolean;
  /** The tenant. */
  readonly sub?: string;
  /** Space-separated. */
  readonly scope?: string;
  readonly clientId?: string;
}

/** What a vendor has besides OAuth, e.g. the installations of GitHub Apps. */
export interface VendorExtension {
  handlerOf(pathname: string, method: string): Handler | undefined;
  /** Knows tokens that the OAuth library did not make. */
  introspect(token: string): Introspection | undefined;
}

export interface Vendor {
  readonly options: ProviderOptions;
  readonly provider: Provider;
  readonly faults: FaultSwitch;
  /** Base URL of the vendor's API, for paths that are not OAuth's. */
  apiUrl: string | undefined;
  extension: VendorExtension | undefined;
  /** `path` is below `/{vendor}`. */
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  introspect(token: string): Promise<Introspection>;
}

export function startVendor(options: ProviderOptions): Vendor {
  const { vendor: id, profile, store } = options;
  const provider = vendorProvider(options);
  const library = provider.callback();
  const faults = faultSwitch();
  const { paths } = profile;

  function toLibrary(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    // The library finds its own mount point by comparing the two, as Express leaves them.
    Object.assign(request, { url: path, originalUrl: `/${id}${path}` });
    return library(request, response);
  }

  const token = tokenEndpoint({ vendor: id, profile, provider, store, faults, toLibrary });
  const revoke = revocationEndpoint({ vendor: id, profile, provider, store, toLibrary });

  async function handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (faults.isOut(response)) return;
    const { account, rest } = splitAccount(path, profile.perTenantHost);
    const { pathname, searchParams } = new URL(rest, 'http://localhost');
    const exchange = {
      request,
      response,
      pathname,
      query: searchParams,
      ...(account === undefined ? {} : { account }),
    };
    const handler = handlerOf(exchange);
    if (handler !== undefined) await handler(exchange);
    else if (vendor.apiUrl !== undefined) await forward(vendor.apiUrl + path, request, response);
    else sendJson(response, 404, { message: 'Not Found' });
  }

  function handlerOf({ request, pathname, account }: Exchange): Handler | undefined {
    if (pathname.startsWith('/interaction/')) {
      return (exchange) => handleInteraction(provider, options, exchange);
    }
    // The library's own redirects come back without the customer's host.
    if (pathname.startsWith(`${paths.authorization}/`)) return resume;
    const own = vendor.extension?.handlerOf(pathname, request.method ?? 'GET');
    if (own !== undefined) return own;
    return profile.perTenantHost && account === undefined ? undefined : endpoints(pathname);
  }

  function endpoints(pathname: string): Handler | undefined {
    if (pathname === paths.authorization) return authorize;
    if (pathname === paths.token) return token;
    if (isRevocation(pathname)) return revoke;
    const isSites = id === 'jira' && pathname === '/oauth/token/accessible-resources';
    return isSites ? accessibleResources : undefined;
  }

  async function resume({ request, response, pathname }: Exchange): Promise<void> {
    forgetSession(request, id);
    await toLibrary(request, response, pathname);
  }

  async function authorize({ request, response, pathname, query, account }: Exchange): Promise<void> {
    forgetSession(request, id);
    if (account === undefined) query.delete('account');
    else query.set('account', account);
    await toLibrary(request, response, `${pathname}?${libraryQuery(query)}`);
  }

  function isRevocation(pathname: string): boolean {
    return (
      pathname === paths.revocation ||
      (id === 'github' && /^\/applications\/[^/]+\/(token|grant)$/.test(pathname))
    );
  }

  async function accessibleResources({ request, response }: Exchange): Promise<void> {
    const { active, sub, scope } = await introspect(bearerToken(request) ?? '');
    if (!active || sub === undefined) sendJson(response, 401, { code: 401, message: 'Unauthorized' });
    else sendJson(response, 200, [jiraSite(sub, (scope ?? '').split(' '))]);
  }

  async function introspect(value: string): Promise<Introspection> {
    const foreign = vendor.extension?.introspect(value);
    if (foreign !== undefined) return foreign;
    const found =
      (await provider.AccessToken.find(value)) ??
      (profile.clientCredentials ? await provider.ClientCredentials.find(value) : undefined);
    if (found?.isValid !== true) return { active: false };
    const clientId = found.clientId ?? '';
    const sub =
      found.kind === 'AccessToken'
        ? found.accountId
        : (findClientRecord(store, id, clientId)?.tenant ?? clientId);
    return { active: true, sub, scope: toVendorScopes(found.scope).join(' '), clientId };
  }

  const vendor: Vendor = {
    options,
    provider,
    faults,
    apiUrl: undefined,
    extension: undefined,
    handle,
    introspect,
  };
  return vendor;
}

/** `/@acme/oauth/tokens` is the path `/oauth/tokens` at the host of the customer acme. */
function splitAccount(path: string, perTenantHost: boolean): { account: string | undefined; rest: string } {
  const [, account, rest = ''] = (perTenantHost ? /^\/@([a-z0-9-]+)(\/.*|$)/.exec(path) : null) ?? [];
  return account === undefined ? { account, rest: path } : { account, rest: rest === '' ? '/' : rest };
}
