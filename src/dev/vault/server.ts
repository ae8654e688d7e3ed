/**
 * The development Vault: an honest emulator of HashiCorp Vault's HTTP API, in this process and on loopback only.
 * It does real AES-256-GCM and enforces real policies. What it lacks it refuses; it is for development and tests.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TenantryError } from '../../errors.ts';
import { Core } from './core.ts';
import { isRecord } from './fields.ts';
import { parseRequest, Redirect, sendAnswer, sendErrors, sendRedirect } from './http.ts';
import { VaultRefusal } from './request.ts';
import { openStorage, type Storage } from './storage.ts';

export interface DevVaultOptions {
  /** Address to listen on, loopback only. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** Default: the one kept in `dataDir`, else a random one. */
  readonly rootToken?: string;
  /** Folder that keeps the state between runs, in clear, readable by its owner alone. Default: memory. */
  readonly dataDir?: string;
  /** Clock in Unix milliseconds. Default Date.now. */
  readonly now?: () => number;
  /** Enables a file audit device at `file/` when there is none yet. */
  readonly auditFile?: string;
  /**
   * Called before a request is handled; `path` is the URL's path with its query. It may throw
   * `{ status, errors }` to answer with: so do tests inject faults.
   */
  readonly onRequest?: (request: { method: string; path: string }) => void | Promise<void>;
}

export interface DevVault {
  /** e.g. `http://127.0.0.1:8200` */
  readonly address: string;
  readonly rootToken: string;
  /** Writes the state and ends all connections. */
  close(): Promise<void>;
  /** From now on it answers as a sealed Vault does. */
  seal(): void;
  unseal(): void;
}

function ensureRootToken(core: Core, storage: Storage, wanted: string | undefined): string {
  const { state } = storage;
  const id = wanted ?? (state.rootToken || `hvs.${randomBytes(18).toString('base64url')}`);
  if (state.rootToken !== '' && state.rootToken !== id) core.tokens.revoke(state.rootToken);
  if (core.tokens.lookup(id) === undefined) {
    core.tokens.create({
      id,
      parent: '',
      policies: ['root'],
      path: 'auth/token/create',
      meta: null,
      displayName: 'token',
      numUses: 0,
      ttl: 0,
      explicitMaxTtl: 0,
      maxTtl: 0,
      period: 0,
      renewable: false,
    });
  }
  state.rootToken = id;
  storage.changed();
  return id;
}

function sendFailure(response: ServerResponse, error: unknown): void {
  if (error instanceof Redirect) sendRedirect(response, error.location);
  else if (error instanceof VaultRefusal) sendErrors(response, error.status, error.errors);
  else if (isRecord(error) && typeof error.status === 'number') {
    sendErrors(response, error.status, Array.isArray(error.errors) ? error.errors.map(String) : []);
  } else sendErrors(response, 500, ['internal error']);
}

async function serve(
  core: Core,
  onRequest: DevVaultOptions['onRequest'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (onRequest !== undefined) {
      await onRequest({ method: request.method ?? 'GET', path: request.url ?? '/' });
    }
    const parsed = await parseRequest(request);
    sendAnswer(response, parsed, core.handle(parsed, await core.prepare(parsed)));
  } catch (error) {
    if (!response.headersSent) sendFailure(response, error);
    else response.destroy();
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Starts it. Throws a TenantryError when the host is not loopback or `dataDir` cannot be used. */
export async function startDevVault(options: DevVaultOptions = {}): Promise<DevVault> {
  const host = options.host ?? '127.0.0.1';
  if (!isLoopback(host)) {
    throw new TenantryError('InvalidUsage', `the development Vault listens on loopback only, not on ${host}`);
  }
  const now = options.now ?? Date.now;
  const storage = openStorage(options.dataDir, now);
  const core = new Core(storage, now);
  const rootToken = ensureRootToken(core, storage, options.rootToken);
  if (options.auditFile !== undefined && !core.audit.devices.has('file/')) {
    core.audit.enable('file/', options.auditFile, '');
  }
  const server = createServer((request, response) => {
    void serve(core, options.onRequest, request, response);
  });
  // Clients keep connections for long; a short time-out would race with their next request.
  server.keepAliveTimeout = 60_000;
  const { port } = await listen(server, options.port ?? 0, host);
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    rootToken,
    async close() {
      await closeServer(server);
      storage.flush();
    },
    seal() {
      core.sealed = true;
    },
    unseal() {
      core.sealed = false;
    },
  };
}
