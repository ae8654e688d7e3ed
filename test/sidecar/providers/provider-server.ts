/** A provider for tests: a strict HTTP server that answers as the test says, and the context of calls to it. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { CatalogEntry } from '../../../src/catalog/entry.ts';
import { loadCatalog } from '../../../src/catalog/load.ts';
import type { Secrets } from '../../../src/clients/secrets.ts';
import { TenantryError } from '../../../src/errors.ts';
import { Redactor } from '../../../src/redact.ts';
import type { AuthKind, ProviderContext } from '../../../src/sidecar/providers/kind.ts';
import { createProviders } from '../../../src/sidecar/providers/providers.ts';
import type { IntegrationView } from '../../../src/sidecar/stack/view.ts';
import { integrationDocument } from '../../../src/spec/integration.ts';
import { platformDocument } from '../../../src/spec/platform.ts';
import { formatSecretRef } from '../../../src/spec/secret-ref.ts';
import { tenantDocument } from '../../../src/spec/tenant.ts';

export const NOW = Date.UTC(2030, 0, 1);
export const REDIRECT = 'https://connect.example.com/oauth/callback/x';
export const VERIFIER = 'a-verifier-that-is-long-enough-for-RFC-7636-0123456789';
export const CLIENT = { id: 'client-id', secret: 'the client/secret: ü+1' };

const catalog = await loadCatalog();

export function entryOf(id: string): CatalogEntry {
  const entry = catalog.get(id);
  if (entry === undefined) throw new Error(`no entry ${id}`);
  return entry;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Fields of a form, or the JSON. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: unknown;
  /** The connection is cut, or nothing is ever answered. */
  readonly fault?: 'reset' | 'hang';
}

export interface ProviderServer {
  readonly url: string;
  readonly seen: Seen[];
}

/** Ends with the test. */
export async function providerServer(answer: (seen: Seen) => Reply): Promise<ProviderServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider');
      const text = Buffer.concat(chunks).toString('utf8');
      const { method = '', headers } = request;
      const one = { method, path: pathname, query: searchParams, headers, text, fields: fieldsOf(text) };
      seen.push(one);
      const reply = answer(one);
      if (reply.fault === 'reset') response.destroy();
      if (reply.fault !== undefined) return;
      const isPlain = typeof reply.body === 'string' || reply.body instanceof Uint8Array;
      response.writeHead(reply.status ?? 200, {
        'content-type': isPlain ? 'text/plain' : 'application/json',
        ...reply.headers,
      });
      response.end(isPlain ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function fieldsOf(text: string): Record<string, string> {
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return Object.fromEntries(new URLSearchParams(text));
  }
}

export interface ViewOptions {
  readonly entry: CatalogEntry;
  /** spec of the TenantIntegration. */
  readonly spec?: object;
  /** spec of the Platform. */
  readonly platform?: object;
  readonly tenant?: string;
}

export function viewOf({ entry, spec, platform, tenant = 'acme' }: ViewOptions): IntegrationView {
  const apiVersion = 'tenantry.dev/v1alpha1';
  return {
    entry,
    tenant: tenantDocument.parse({ apiVersion, kind: 'Tenant', metadata: { name: tenant }, spec: {} }),
    document: integrationDocument.parse({
      apiVersion,
      kind: 'TenantIntegration',
      metadata: { name: `${tenant}-${entry.id}` },
      spec: { tenant, integration: entry.id, ...spec },
    }),
    platform: platformDocument.parse({
      apiVersion,
      kind: 'Platform',
      metadata: { name: 'prod' },
      spec: platform ?? {},
    }),
  };
}

export interface ProviderOptions extends ViewOptions {
  readonly origins?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly facts?: Readonly<Record<string, string>>;
  /** Vault's secrets by reference, e.g. `${VAULT:secret/app:id}`. */
  readonly vault?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly redactor?: Redactor;
}

export interface TestProvider {
  readonly kind: AuthKind;
  readonly context: ProviderContext;
  readonly redactor: Redactor;
}

/** Kind and context as the sidecar has them; the app comes from the environment unless the documents have one. */
export async function provider(options: ProviderOptions): Promise<TestProvider> {
  const prefix = options.entry.id.toUpperCase().replaceAll('-', '_');
  const env = options.env ?? {
    [`${prefix}_CLIENT_ID`]: CLIENT.id,
    [`${prefix}_CLIENT_SECRET`]: CLIENT.secret,
  };
  const redactor = options.redactor ?? new Redactor();
  const { fetch, timeoutMs, signal } = options;
  const providers = createProviders({
    secrets: secretsOf(env, options.vault ?? {}),
    redactor,
    settings: { providerOrigins: options.origins ?? {} },
    env,
    now: options.now ?? (() => NOW),
    ...(fetch && { fetch }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  const found = await providers.of(viewOf(options), options.facts ?? {}, { signal });
  return { ...found, redactor };
}

function secretsOf(env: NodeJS.ProcessEnv, vault: Readonly<Record<string, string>>): Secrets {
  return {
    async resolve(ref) {
      const text = formatSecretRef(ref);
      const value = ref.from === 'env' ? env[ref.name] : vault[text];
      if (value === undefined) throw new TenantryError('SecretNotFound', `${text} is not there`);
      return value;
    },
    version: async () => '1',
  };
}

/** The callback of a flow, with our state unless the parameters say otherwise. */
export function callbackOf(parameters: Readonly<Record<string, string>>): {
  callback: URL;
  state: string;
  verifier: string;
  redirectUri: string;
  scopes: readonly string[];
} {
  const callback = new URL(REDIRECT);
  const all = { state: 'the-state', ...parameters };
  for (const [name, value] of Object.entries(all)) if (value !== '') callback.searchParams.set(name, value);
  return { callback, state: 'the-state', verifier: VERIFIER, redirectUri: REDIRECT, scopes: ['read'] };
}

export async function errorOf(work: Promise<unknown>): Promise<TenantryError> {
  const error = await work.then(
    (value) => new Error(`it gave ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof TenantryError) return error;
  throw error;
}
