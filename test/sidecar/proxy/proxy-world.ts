/** What the tests of the proxy and the tools share: a service that shows what it was sent, and a sidecar before it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyPluginAsync } from 'fastify';
import { TenantryError } from '../../../src/errors.ts';
import type { Access } from '../../../src/sidecar/audit/access-log.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import type { Routes, SidecarContext, SidecarServer } from '../../../src/sidecar/context.ts';
import type { SidecarSettings } from '../../../src/sidecar/settings.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import type { TokenService, UsableToken } from '../../../src/sidecar/tokens/service.ts';
import type { Used } from '../../../src/sidecar/usage/usage.ts';
import {
  as,
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../support/sidecar-context.ts';
import { documentsOf, integrationYaml, type Stack, tenantYaml } from '../../support/world.ts';

/** Canaries: they must be in nothing that the proxy gives away. */
export const OLD_TOKEN = 'canary-old-token-5f1c7a';
export const NEW_TOKEN = 'canary-new-token-9b2e4d';

export const ACME: Caller = { kind: 'api-key', id: 'api-key:acme', role: 'app', tenants: ['acme'] };

/** One request as the service saw it. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Service {
  readonly url: string;
  readonly server: Server;
  readonly received: Received[];
  /** Replaces the answer, which else is `{}`. It sees the request before its body is read. */
  answer: ((request: IncomingMessage, response: ServerResponse) => Promise<void> | void) | undefined;
  close(): Promise<void>;
}

export async function startService(): Promise<Service> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers, rawHeaders } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    const seen = { method, url, headers, rawHeaders, body: '' };
    received.push(seen);
    request.on('end', () => {
      seen.body = Buffer.concat(chunks).toString();
    });
    const answer = service.answer ?? json({});
    Promise.resolve(answer(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service: Service = {
    url: `http://127.0.0.1:${port}`,
    server,
    received,
    answer: undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return service;
}

/** Answers with JSON once the request's body is here. */
export function json(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string | string[]>> = {},
): NonNullable<Service['answer']> {
  return async (request, response) => {
    await bodyOf(request);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

/** Resolves at the end of the body. */
export async function bodyOf(request: IncomingMessage): Promise<void> {
  if (request.readableEnded) return;
  await new Promise<void>((resolve) => request.once('end', resolve));
}

export interface FakeTokens extends TokenService {
  value: string;
  facts: Record<string, string>;
  renewed: number;
  /** What a renewal does; default: it gives NEW_TOKEN. */
  onRenew: () => Promise<void> | void;
}

/** The contract of the token service without Vault: one tenant's token, one newer one. */
export function fakeTokens(): FakeTokens {
  let version = 1;
  const absent = async (): Promise<never> => {
    throw new Error('not in this test');
  };
  const token = (): UsableToken => ({
    value: fake.value,
    tokenType: 'Bearer',
    expiresAt: undefined,
    version,
    scopes: [],
    facts: fake.facts,
    fields: {},
  });
  const fake: FakeTokens = {
    value: OLD_TOKEN,
    facts: {},
    renewed: 0,
    onRenew: () => {
      fake.value = NEW_TOKEN;
    },
    get: async () => token(),
    renew: async (_place, refused) => {
      if (refused.version === version) {
        fake.renewed++;
        await fake.onRenew();
        version++;
      }
      return token();
    },
    put: absent,
    revoke: absent,
    status: absent,
  };
  return fake;
}

export interface ProxyWorld {
  readonly app: SidecarServer;
  readonly context: TestContext;
  readonly tokens: FakeTokens;
  readonly accesses: Access[];
  readonly used: Used[];
  /** Base of the sidecar, which listens. */
  readonly url: string;
  /** Makes the next record of an access fail. */
  failRecord: TenantryError | undefined;
  quotaLeft: number;
  close(): Promise<void>;
}

export interface ProxyWorldOptions {
  readonly routes: readonly Routes[];
  /** Origin of the catalog → URL. */
  readonly origins: Readonly<Record<string, string>>;
  readonly caller?: Caller | (() => Caller | null);
  /** YAML of the documents. Default: STACK. */
  readonly yaml?: string;
  readonly stack?: Stack;
  /** Over the defaults; also values that a document could not have, such as a fraction of a second. */
  readonly limits?: Partial<TestContext['settings']['spec']['limits']>;
  readonly now?: () => number;
  readonly settings?: Partial<SidecarSettings>;
  /** Default: every request comes from `caller`. */
  readonly authentication?: (context: SidecarContext) => FastifyPluginAsync;
}

/** What a document must give beside the names. */
const CONFIG: Readonly<Record<string, object>> = {
  github: { repositories: ['acme/shop'] },
  jira: {
    domain: 'acme.atlassian.net',
    email: 'ops@acme.example',
    api_token: '${ENV:JIRA_TOKEN}',
  },
  sentry: { organization: 'acme', project: 'shop' },
  slack: { start_date: '2024-01-01T00:00:00Z' },
};

function connected(tenant: string, id: string, spec: object = {}): string {
  return integrationYaml(tenant, id, { ...(CONFIG[id] && { config: CONFIG[id] }), ...spec });
}

export const STACK = [
  tenantYaml('acme'),
  tenantYaml('globex'),
  tenantYaml('paused', { suspend: true }),
  ...['notion', 'slack', 'github', 'linear', 'jira', 'sentry'].map((id) => connected('acme', id)),
  connected('globex', 'notion'),
  connected('globex', 'slack', { access: { proxy: false, tools: false } }),
  connected('globex', 'linear', { suspend: true }),
  connected('paused', 'notion'),
].join('');

export async function startProxyWorld(options: ProxyWorldOptions): Promise<ProxyWorld> {
  const { documents, catalog } = options.stack ?? (await documentsOf(options.yaml ?? STACK));
  const view = stackView(documents, catalog);
  const tokens = fakeTokens();
  const accesses: Access[] = [];
  const used: Used[] = [];
  const settings = sidecarSettingsOf({}, { providerOrigins: options.origins, ...options.settings });
  const spec = { ...settings.spec, limits: { ...settings.spec.limits, ...options.limits } };
  const context = testContext({
    settings: { ...settings, spec },
    stack: { current: () => view },
    tokens,
    accessLog: {
      record: async (access) => {
        if (world.failRecord) throw world.failRecord;
        accesses.push(access);
      },
      flush: async () => undefined,
    },
    usage: {
      admit: () => {
        if (world.quotaLeft-- > 0) return;
        throw new TenantryError('QuotaExceeded', 'too many calls', { retryAfterSeconds: 30 });
      },
      count: (each) => used.push(each),
      days: async () => [],
      flush: async () => undefined,
    },
    ...(options.now && { now: options.now }),
  });
  const authentication = options.authentication?.(context) ?? as(options.caller ?? ACME);
  const app = await testServer(context, options.routes, authentication);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const world: ProxyWorld = {
    app,
    context,
    tokens,
    accesses,
    used,
    url: `http://127.0.0.1:${port}`,
    failRecord: undefined,
    quotaLeft: Number.POSITIVE_INFINITY,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
  return world;
}

/** Waits until it is true. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
