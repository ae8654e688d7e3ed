/** The development identity provider: real OAuth servers that behave like the vendors of the catalog. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { TenantryError } from '../../errors.ts';
import { isExpired } from './adapter.ts';
import { type ClientCredentials, platformClient, type RegisterOptions, registerClient } from './clients.ts';
import type { Faults } from './faults.ts';
import { type DevGithub, startGithub } from './github/github.ts';
import { type GrantRequest, type IssuedTokens, issueTokens } from './issue.ts';
import { type VendorProfile, vendorOf, vendorProfile } from './profile.ts';
import { type DevSentry, startSentry } from './sentry/sentry.ts';
import { openIdpStore } from './store.ts';
import { type Introspection, startVendor, type Vendor } from './vendor.ts';

export interface DevIdpOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Folder that keeps apps and tokens over a restart. Default: memory. */
  readonly dataDir?: string;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** Catalog ids to serve; those without a profile (profile.ts) get a plain OAuth 2.0 server. */
  readonly integrations: readonly string[];
  /** What is otherwise than the vendor has it, by integration, e.g. the life of access tokens. Default: nothing. */
  readonly profiles?: Readonly<Record<string, Partial<VendorProfile>>>;
}

export interface OAuthEndpoints {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly revocationUrl: string;
}

export interface DevIdp {
  /** Base without a slash at its end; the vendors are at `{url}/{vendor}`. */
  readonly url: string;
  /** One platform app per integration; stable where dataDir is kept. It accepts any redirect to loopback. */
  readonly clients: Readonly<Record<string, ClientCredentials>>;
  /** Registers an app, or changes the one with this clientId. */
  registerClient(integration: string, options: RegisterOptions): ClientCredentials;
  endpoints(integration: string): OAuthEndpoints;
  /** Base URL of the vendor, below which the paths of the real service work. */
  baseUrl(integration: string): string;
  /** Is this access token good, and whose is it? In process, without a call. */
  introspect(integration: string, token: string): Promise<Introspection>;
  /** Tokens of a tenant without a flow, for tests with many. */
  issue(integration: string, request: GrantRequest): Promise<IssuedTokens>;
  /** Counts and faults of the vendor's token endpoint; an outage is of all of the vendor. */
  faults(integration: string): Faults;
  /** Base URLs of the vendors' APIs: paths that are not OAuth's are handed on to them. */
  useApis(urls: Readonly<Record<string, string>>): void;
  /** GitHub Apps. Throws InvalidUsage where github is not served. */
  readonly github: DevGithub;
  /** The Sentry integration. Throws InvalidUsage where sentry is not served. */
  readonly sentry: DevSentry;
  close(): Promise<void>;
}

/** Starts the listener. Throws NotWritable (dataDir) or InvalidUsage (the port is taken). */
export async function startDevIdp(options: DevIdpOptions): Promise<DevIdp> {
  const { host = '127.0.0.1', now = Date.now } = options;
  const store = openIdpStore(options.dataDir, (value) => isExpired(value, now()));
  const vendors = new Map<string, Vendor>();
  const server = createServer((request, response) => {
    const [, id = '', rest = '/'] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
    const vendor = vendors.get(id);
    if (vendor === undefined) {
      sendText(response, 404, 'Development identity provider: no such integration');
      return;
    }
    vendor.handle(request, response, rest === '' ? '/' : rest).catch(() => {
      if (!response.headersSent) sendText(response, 500, 'server_error');
      else response.destroy();
    });
  });
  let port: number;
  try {
    port = await listen(server, host, options.port ?? 0);
  } catch (error) {
    store.close();
    throw error;
  }
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const clients: Record<string, ClientCredentials> = {};
  for (const integration of options.integrations) {
    const id = vendorOf(integration);
    clients[integration] = platformClient(store, id, integration);
    if (vendors.has(id)) continue;
    const profile = { ...vendorProfile(id), ...options.profiles?.[integration] };
    vendors.set(id, startVendor({ vendor: id, profile, url, store, now }));
  }
  const find = (integration: string): Vendor => {
    const vendor = vendors.get(vendorOf(integration));
    if (vendor !== undefined) return vendor;
    throw new TenantryError('InvalidUsage', `the development identity provider has no ${integration}`, {
      hint: `it has: ${[...vendors.keys()].join(', ')}`,
    });
  };
  const github = vendors.has('github') ? startGithub(find('github')) : undefined;
  const sentry = vendors.has('sentry') ? startSentry(find('sentry')) : undefined;
  const baseUrl = (integration: string): string => `${url}/${find(integration).options.vendor}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    clients,
    baseUrl,
    registerClient(integration, wanted) {
      const { vendor } = find(integration).options;
      return registerClient(store, vendor, wanted);
    },
    endpoints(integration) {
      const { paths } = find(integration).options.profile;
      const base = baseUrl(integration);
      return {
        authorizationUrl: base + paths.authorization,
        tokenUrl: base + paths.token,
        revocationUrl: base + paths.revocation,
      };
    },
    introspect: async (integration, token) =>
      (await vendors.get(vendorOf(integration))?.introspect(token)) ?? { active: false },
    issue: (integration, request) =>
      issueTokens(find(integration), request.clientId ?? clients[integration]?.clientId ?? '', request),
    faults: (integration) => find(integration).faults,
    useApis(urls) {
      for (const [integration, api] of Object.entries(urls)) {
        const vendor = vendors.get(vendorOf(integration));
        if (vendor !== undefined) vendor.apiUrl = api;
      }
    },
    get github() {
      return github ?? missing(find, 'github');
    },
    get sentry() {
      return sentry ?? missing(find, 'sentry');
    },
    close() {
      closing ??= stop(server).finally(() => store.close());
      return closing;
    },
  };
}

/** Throws as for any vendor that is not served. */
function missing(find: (integration: string) => Vendor, integration: string): never {
  find(integration);
  throw new TenantryError('Internal', `${integration} was not started`);
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    throw new TenantryError('InvalidUsage', `cannot listen on ${host}:${port}`, {
      cause,
      hint: 'another program listens on this port; choose another one',
    });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
