/** OAuth apps at the development identity provider: one platform app per integration, and registered ones. */
import { randomBytes } from 'node:crypto';
import type { AdapterPayload } from 'oidc-provider';
import type { VendorProfile } from './profile.ts';
import type { IdpStore } from './store.ts';

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ClientRecord extends ClientCredentials {
  /** The fake vendor that knows the app. */
  readonly vendor: string;
  readonly redirectUris: readonly string[];
  /** Accepts every redirect to loopback: the platform app is made before the product's address is known. */
  readonly loopback: boolean;
  /** Owner of an app that has tokens without a person (client credentials). */
  readonly tenant?: string;
}

export interface RegisterOptions {
  readonly redirectUris: readonly string[];
  /** Default: random. The id of a known app changes that app. */
  readonly clientId?: string;
  /** Default: the known app's, else random. */
  readonly clientSecret?: string;
  /** Whose tokens the app gets where no person agrees (RFC 6749 section 4.4). Default: the known app's, else the client id. */
  readonly tenant?: string;
}

export function clientKey(vendor: string, clientId: string): string {
  return `${vendor}/App/${clientId}`;
}

/** The platform's app of an integration; made at the first start and kept with the data. */
export function platformClient(store: IdpStore, vendor: string, integration: string): ClientCredentials {
  const clientId = `dev-${integration}`;
  const known = findClientRecord(store, vendor, clientId);
  if (known !== undefined) return credentials(known);
  return save(store, { vendor, clientId, clientSecret: newSecret(), redirectUris: [], loopback: true });
}

export function registerClient(store: IdpStore, vendor: string, options: RegisterOptions): ClientCredentials {
  const clientId = options.clientId ?? `app-${randomBytes(9).toString('hex')}`;
  const known = findClientRecord(store, vendor, clientId);
  const tenant = options.tenant ?? known?.tenant;
  return save(store, {
    vendor,
    clientId,
    clientSecret: options.clientSecret ?? known?.clientSecret ?? newSecret(),
    redirectUris: [...options.redirectUris],
    loopback: known?.loopback ?? false,
    ...(tenant === undefined ? {} : { tenant }),
  });
}

export function findClientRecord(
  store: IdpStore,
  vendor: string,
  clientId: string,
): ClientRecord | undefined {
  return store.get(clientKey(vendor, clientId)) as unknown as ClientRecord | undefined;
}

export function findClientBySecret(
  store: IdpStore,
  vendor: string,
  secret: string,
): ClientRecord | undefined {
  const prefix = clientKey(vendor, '');
  for (const [key, value] of store.entries()) {
    if (key.startsWith(prefix) && value.clientSecret === secret) return value as unknown as ClientRecord;
  }
  return undefined;
}

/** True for http on this machine, any port and path (RFC 8252 section 7.3, and localhost). */
export function isLoopbackRedirect(uri: string): boolean {
  const url = URL.parse(uri);
  return (
    url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname) && url.hash === ''
  );
}

/** The app as the library's metadata (RFC 7591 section 2). */
export function clientMetadata(record: ClientRecord, profile: VendorProfile): AdapterPayload {
  const refresh = profile.refreshToken === 'never' ? [] : ['refresh_token'];
  const alone = profile.clientCredentials ? ['client_credentials'] : [];
  return {
    client_id: record.clientId,
    client_secret: record.clientSecret,
    redirect_uris: record.redirectUris.length > 0 ? [...record.redirectUris] : ['http://127.0.0.1/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code', ...refresh, ...alone],
    token_endpoint_auth_method: 'client_secret_post',
  };
}

function save(store: IdpStore, record: ClientRecord): ClientCredentials {
  store.set(clientKey(record.vendor, record.clientId), { ...record }, true);
  return credentials(record);
}

function credentials({ clientId, clientSecret }: ClientRecord): ClientCredentials {
  return { clientId, clientSecret };
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
