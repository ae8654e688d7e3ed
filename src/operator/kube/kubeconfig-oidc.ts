/**
 * Logins by OpenID Connect as kubectl does them: the id token while it lasts, then the refresh token. The refresh of
 * @kubernetes/client-node 2.0 fails with the openid-client that it brings along.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-kubectl
 */
import { readFileSync } from 'node:fs';
import * as oauth from 'oauth4webapi';
import { Agent, fetch } from 'undici';

/** A token that ends during the call is worth nothing. */
const MARGIN_SECONDS = 30;

/** `auth-provider.config` of a user. */
export type OidcSettings = Readonly<Record<string, string | undefined>>;

export interface OidcLogin {
  readonly idToken: string;
  /** For the next login: an issuer that rotates refresh tokens takes the one of the file only once. */
  readonly carried?: Readonly<Record<string, string>>;
}

/** `carried` is that of the login before. Rejects when the login cannot be renewed. */
export async function oidcLogin(
  settings: OidcSettings,
  carried: Readonly<Record<string, string>> | undefined,
): Promise<OidcLogin> {
  const ofFile = settings['refresh-token'] ?? '';
  // A person who logged in again meanwhile has put another one into the file.
  const known = carried !== undefined && carried['from'] === ofFile ? carried : undefined;
  const idToken = known?.['idToken'] ?? settings['id-token'];
  if (idToken !== undefined && (expiryOfJwt(idToken) ?? 0) > Date.now() + MARGIN_SECONDS * 1000) {
    return { idToken, ...(known && { carried: known }) };
  }
  const refreshToken = known?.['refreshToken'] ?? ofFile;
  const issuer = settings['idp-issuer-url'];
  const clientId = settings['client-id'];
  if (!refreshToken || !issuer || !clientId) {
    // Without a token we would be anybody, and refused for what anybody may not do.
    throw new Error('the OpenID Connect login has ended and cannot be renewed; log in again');
  }
  const answer = await refresh(settings, { issuer: new URL(issuer), clientId, refreshToken });
  if (answer.id_token === undefined) throw new Error('the issuer gives no id token for the refresh token');
  return {
    idToken: answer.id_token,
    carried: {
      idToken: answer.id_token,
      refreshToken: answer.refresh_token ?? refreshToken,
      from: ofFile,
    },
  };
}

async function refresh(
  settings: OidcSettings,
  { issuer, clientId, refreshToken }: { issuer: URL; clientId: string; refreshToken: string },
): Promise<oauth.TokenEndpointResponse> {
  const options = { [oauth.customFetch]: fetchWith(authorityOf(settings)) };
  const discovered = await oauth.discoveryRequest(issuer, options);
  const server = await oauth.processDiscoveryResponse(issuer, discovered);
  const client = { client_id: clientId };
  const secret = settings['client-secret'];
  const authentication = secret ? secretAuthentication(server, secret) : oauth.None();
  const response = await oauth.refreshTokenGrantRequest(
    server,
    client,
    authentication,
    refreshToken,
    options,
  );
  return await oauth.processRefreshTokenResponse(server, client, response);
}

function secretAuthentication(server: oauth.AuthorizationServer, secret: string): oauth.ClientAuth {
  // OpenID Connect Discovery 1.0, section 3: client_secret_basic is what holds when nothing is said.
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic')
    ? oauth.ClientSecretBasic(secret)
    : oauth.ClientSecretPost(secret);
}

function authorityOf(settings: OidcSettings): string | undefined {
  const file = settings['idp-certificate-authority'];
  if (file) return readFileSync(file, 'utf8');
  const data = settings['idp-certificate-authority-data'];
  return data ? Buffer.from(data, 'base64').toString() : undefined;
}

type LibraryFetch = (
  url: string,
  options: oauth.CustomFetchOptions<string, string | URLSearchParams | undefined>,
) => Promise<Response>;

function fetchWith(ca: string | undefined): LibraryFetch {
  const dispatcher = new Agent({ connect: { ...(ca !== undefined && { ca }) } });
  return async (url, { method, headers, body, redirect }) => {
    const init = { method, headers, redirect, dispatcher, ...(body && { body: String(body) }) };
    return (await fetch(url, init)) as unknown as Response;
  };
}

/** Milliseconds of the epoch; undefined where it is no JWT or never ends. */
export function expiryOfJwt(token: string): number | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token)?.[1];
  if (payload === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
