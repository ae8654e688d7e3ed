/** Speaks to a development Vault over plain HTTP, with paths sent exactly as they are written. */
import { Agent, request } from 'node:http';
import type { DevVault } from '../../../src/dev/vault/server.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
export type Body = any;

export interface Reply {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  readonly body: Body;
}

const agent = new Agent({ keepAlive: true });

export interface CallOptions {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const TRIES_AFTER_RESET = 5;

/**
 * The root token unless another one, or null for none, is given. `path` begins after `/v1/`.
 *
 * A connection that is reset before an answer is tried again: Go's HTTP server closes the connection of a request that it
 * cannot parse, and where the request's body has not been read by then, the reset overtakes the answer 400.
 */
export async function call(
  vault: Pick<DevVault, 'address' | 'rootToken'>,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Reply> {
  for (let left = TRIES_AFTER_RESET; ; left -= 1) {
    try {
      return await callOnce(vault, method, path, options);
    } catch (error) {
      if (left <= 1 || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    }
  }
}

function callOnce(
  vault: Pick<DevVault, 'address' | 'rootToken'>,
  method: string,
  path: string,
  options: CallOptions,
): Promise<Reply> {
  const { token = vault.rootToken, body } = options;
  const headers: Record<string, string> = {
    ...(token === null ? {} : { 'X-Vault-Token': token }),
    'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    ...options.headers,
  };
  const text = body === undefined ? undefined : JSON.stringify(body);
  if (text !== undefined) headers['Content-Length'] = String(Buffer.byteLength(text));
  const { hostname, port } = new URL(vault.address);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, agent, method, path: `/v1/${path}`, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const parsed: Body = text.startsWith('{') ? JSON.parse(text) : undefined;
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          text,
          body: parsed,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

/** A token with this policy text as its only policy besides `default`. */
export async function tokenWith(
  vault: Pick<DevVault, 'address' | 'rootToken'>,
  name: string,
  policy: string,
): Promise<string> {
  await call(vault, 'PUT', `sys/policies/acl/${name}`, { body: { policy } });
  const made = await call(vault, 'POST', 'auth/token/create', { body: { policies: [name] } });
  return made.body.auth.client_token as string;
}

export const denied = { errors: ['1 error occurred:\n\t* permission denied\n\n'] };
export const invalidToken = { errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'] };
