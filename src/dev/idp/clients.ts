/** OAuth apps at the development identity provider: one platform app per integration, and registered ones. */
import { randomBytes } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';
import { vendorProfile } from './profile.ts';
import type { IdpStore } from './store.ts';

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ClientRecord extends ClientCredentials {
  readonly integration: string;
  readonly redirectUris: readonly string[];
  /** Accepts every redirect to loopback: the platform app is made before the product's address is known. */
  readonly loopback: boolean;
}

export interface RegisterOptions {
  readonly redirectUris: readonly string[];
  /** Default: random. The id of a known app changes that app. */
  readonly clientId?: string;
  /** Default: the known app's, else random. */
  readonly clientSecret?: string;
}

export function clientKey(integration: string, clientId: string): string {
  return `${integration}/App/${clientId}`;
}

/** The platform's app; made at the first start and kept with the data. */
export function platformClient(store: IdpStore, integration: string): ClientCredentials {
  const clientId = `dev-${integration}`;
  const known = findClientRecord(store, integration, clientId);
  if (known !== undefined) return credentials(known);
  return save(store, { integration, clientId, clientSecret: newSecret(), redirectUris: [], loopback: true });
}

export function registerClient(
  store: IdpStore,
  integration: string,
  options: RegisterOptions,
): ClientCredentials {
  const clientId = options.clientId ?? `app-${randomBytes(9).toString('hex')}`;
  const known = findClientRecord(store, integration, clientId);
  return save(store, {
    integration,
    clientId,
    clientSecret: options.clientSecret ?? known?.clientSecret ?? newSecret(),
    redirectUris: [...options.redirectUris],
    loopback: known?.loopback ?? false,
  });
}

export function findClientRecord(
  store: IdpStore,
  integration: string,
  clientId: string,
): ClientRecord | undefined {
  return store.get(clientKey(integration, clientId)) as unknown as ClientRecord | undefined;
}

/** True for http on this machine, any port and path (RFC 8252 section 7.3, and localhost). */
export function isLoopbackRedirect(uri: string): boolean {
  const url = URL.parse(uri);
  return (
    url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname) && url.hash === ''
  );
}

/** The app as the library's metadata (RFC 7591 section 2). */
export function clientMetadata(record: ClientRecord): AdapterPayload {
  const refresh = vendorProfile(record.integration).refreshToken === 'never' ? [] : ['refresh_token'];
  return {
    client_id: record.clientId,
    client_secret: record.clientSecret,
    redirect_uris: record.redirectUris.length > 0 ? [...record.redirectUris] : ['http://127.0.0.1/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code', ...refresh],
    token_endpoint_auth_method: 'client_secret_post',
  };
}

function save(store: IdpStore, record: ClientRecord): ClientCredentials {
  store.set(clientKey(record.integration, record.clientId), { ...record }, true);
  return credentials(record);
}

function credentials({ clientId, clientSecret }: ClientRecord): ClientCredentials {
  return { clientId, clientSecret };
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
