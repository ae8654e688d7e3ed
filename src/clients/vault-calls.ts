/** One call to Vault from start to end: login, standby redirect, retry, and the error at last. */
import { TenantryError } from '../errors.ts';
import { Redactor } from '../redact.ts';
import { createHttpClient, type HttpAnswer, type HttpRequest, NoAnswer } from './http.ts';
import { createRetry, type Outcome } from './retry.ts';
import type { VaultHealth, VaultOptions } from './vault.ts';
import {
  saysInvalidToken,
  type VaultCall,
  type VaultFailure,
  vaultFailure,
  vaultSilence,
  vaultText,
} from './vault-errors.ts';
import { type LoginRequest, VaultSession } from './vault-login.ts';

export type VaultRequest = VaultCall & Pick<HttpRequest, 'signal' | 'query' | 'headers' | 'body'>;

export interface VaultCalls {
  /** The answer where it is a success, or a 404 for a GET or DELETE. Everything else is thrown. */
  call(request: VaultRequest): Promise<HttpAnswer>;
  health(signal: AbortSignal | undefined): Promise<VaultHealth>;
  close(): Promise<void>;
}

const MOST_TIMEOUT_MS = 30_000;

export function createVaultCalls(options: VaultOptions): VaultCalls {
  const now = options.now ?? Date.now;
  const redactor = options.redactor ?? new Redactor();
  const { retries = 3, retryDelayMs: delayMs = 200, timeoutMs = MOST_TIMEOUT_MS } = options;
  const retry = createRetry({ retries, delayMs, random: options.random, sleep: options.sleep });
  const http = createHttpClient({ ...options, backend: 'vault', baseUrl: options.address, timeoutMs });
  const session = new VaultSession({ auth: options.auth, redactor, now, call: loginCall, refused });
  const context = { redactor, now };

  /** Sends once, and once more to the active node where a standby names it. */
  async function send(request: VaultRequest, token?: string): Promise<HttpAnswer> {
    const wire: HttpRequest = {
      ...request,
      path: wirePath(request.path),
      headers: {
        // Vault Agent and proxies refuse requests without it, as a guard against request forgery.
        'X-Vault-Request': 'true',
        ...(token !== undefined && { 'X-Vault-Token': token }),
        ...(options.namespace !== undefined && { 'X-Vault-Namespace': options.namespace }),
        ...request.headers,
      },
    };
    const answer = await http.send(wire);
    const baseUrl = activeNode(options.address, wire.path, answer);
    return baseUrl === undefined ? answer : await http.send({ ...wire, baseUrl });
  }

  async function sendWithLogin(request: VaultRequest): Promise<HttpAnswer> {
    const login = await session.current(request.signal);
    const answer = await send(request, login.token);
    if (answer.status !== 403 || !session.mayReplace(login, saysInvalidToken(answer))) return answer;
    return await send(request, (await session.current(request.signal)).token);
  }

  async function attempt(request: VaultCall, sending: Promise<HttpAnswer>): Promise<Outcome<HttpAnswer>> {
    let failure: VaultFailure;
    try {
      const answer = await sending;
      if (isFine(request, answer)) return { value: answer };
      failure = vaultFailure(request, answer, context);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      failure = vaultSilence(request, error, redactor);
    }
    if (!failure.again) throw failure.error;
    return { again: failure.error };
  }

  async function loginCall(request: LoginRequest): Promise<HttpAnswer> {
    if (request.optional) return await send(request, request.token);
    return await retry(async () => {
      const sending = send(request, request.token);
      const answer = await sending.catch(() => undefined);
      if (answer !== undefined && answer.status >= 400 && answer.status < 429) return { value: answer };
      // A login may be repeated: at worst there is a token more, which ends by itself.
      return await attempt({ ...request, repeatable: true }, sending);
    });
  }

  function refused(request: LoginRequest, answer: HttpAnswer): TenantryError {
    const text = vaultText(answer, redactor);
    return new TenantryError(
      'VaultUnauthorized',
      `login at ${request.path}: Vault answers ${answer.status}: ${text}`,
    );
  }

  async function health(signal: AbortSignal | undefined): Promise<VaultHealth> {
    const call: VaultRequest = { method: 'GET', path: 'sys/health', signal };
    // Every status tells a state here; the namespace is left out, because the path exists in the root only.
    const answer = await retry(async () => {
      const sending = http.send({ ...call, path: '/v1/sys/health', headers: { 'X-Vault-Request': 'true' } });
      return await sending.then(
        (value) => ({ value }),
        () => attempt(call, sending),
      );
    }, signal);
    const body = answer.body as Partial<VaultHealth> | undefined;
    if (typeof body?.initialized !== 'boolean') throw vaultFailure(call, answer, context).error;
    const { version = '', sealed = false, initialized, standby = false } = body;
    return { version, sealed, initialized, standby };
  }

  return {
    call: (request) => retry(() => attempt(request, sendWithLogin(request)), request.signal),
    health,
    async close() {
      await session.close();
      http.close();
    },
  };
}

function isFine(request: VaultCall, answer: HttpAnswer): boolean {
  if (typeof answer.body === 'string') return false;
  if (answer.status >= 200 && answer.status < 300) return true;
  return answer.status === 404 && (request.method === 'GET' || request.method === 'DELETE');
}

/** Dots in a path would climb out of the place that a policy or a tenant's name is about. */
function wirePath(path: string): string {
  const segments = path.replace(/^\/+|\/+$/g, '').split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new TenantryError(
      'InvalidUsage',
      `"${path}" is no path in Vault: empty, "." or ".." between slashes`,
    );
  }
  return `/v1/${segments.map(encodeURIComponent).join('/')}`;
}

/**
 * Base URL of the active node, where a standby answers with a redirect to it. Only the same path is followed, once,
 * and never from https to http: the token goes along.
 */
function activeNode(address: string, path: string, answer: HttpAnswer): string | undefined {
  const { location } = answer.headers;
  if (answer.status !== 307 || location === undefined || !URL.canParse(location)) return undefined;
  const target = new URL(location);
  const downgrade = new URL(address).protocol === 'https:' && target.protocol !== 'https:';
  if (downgrade || !/^https?:$/.test(target.protocol) || !target.pathname.endsWith(path)) return undefined;
  return target.origin + target.pathname.slice(0, -path.length);
}
