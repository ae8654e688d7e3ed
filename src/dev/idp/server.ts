/** The development identity provider: real OAuth servers that behave like Notion, Slack, GitHub and Jira. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { TenantryError } from '../../errors.ts';
import { isExpired } from './adapter.ts';
import { type ClientCredentials, platformClient, type RegisterOptions, registerClient } from './clients.ts';
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
  /** Catalog ids to serve; ids other than notion, slack, github and jira get a plain OAuth 2.0 server. */
  readonly integrations: readonly string[];
}

export interface OAuthEndpoints {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly revocationUrl: string;
}

export interface DevIdp {
  /** Base without a slash at its end; the vendors are at `{url}/{integration}`. */
  readonly url: string;
  /** One platform app per integration; stable where dataDir is kept. It accepts any redirect to loopback. */
  readonly clients: Readonly<Record<string, ClientCredentials>>;
  /** Registers an app, or changes the one with this clientId. */
  registerClient(integration: string, options: RegisterOptions): ClientCredentials;
  endpoints(integration: string): OAuthEndpoints;
  /** Is this access token good, and whose is it? In process, without a call. */
  introspect(integration: string, token: string): Promise<Introspection>;
  close(): Promise<void>;
}

/** Starts the listener. Throws NotWritable (dataDir) or InvalidUsage (the port is taken). */
export async function startDevIdp(options: DevIdpOptions): Promise<DevIdp> {
  const { host = '127.0.0.1', now = Date.now } = options;
  const store = openIdpStore(options.dataDir, (value) => isExpired(value, now()));
  const vendors = new Map<string, Vendor>();
  const server = createServer((request, response) => {
    const [, integration = '', rest = '/'] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
    const vendor = vendors.get(integration);
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
    clients[integration] = platformClient(store, integration);
    vendors.set(integration, startVendor({ integration, url, store, now }));
  }
  const vendorOf = (integration: string): Vendor => {
    const vendor = vendors.get(integration);
    if (vendor !== undefined) return vendor;
    throw new TenantryError('InvalidUsage', `the development identity provider has no ${integration}`, {
      hint: `it has: ${[...vendors.keys()].join(', ')}`,
    });
  };
  let closing: Promise<void> | undefined;
  return {
    url,
    clients,
    registerClient(integration, wanted) {
      vendorOf(integration);
      return registerClient(store, integration, wanted);
    },
    endpoints(integration) {
      const { paths } = vendorOf(integration).profile;
      const base = `${url}/${integration}`;
      return {
        authorizationUrl: base + paths.authorization,
        tokenUrl: base + paths.token,
        revocationUrl: base + paths.revocation,
      };
    },
    introspect: async (integration, token) =>
      (await vendors.get(integration)?.introspect(token)) ?? { active: false },
    close() {
      closing ??= stop(server).finally(() => store.close());
      return closing;
    },
  };
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
