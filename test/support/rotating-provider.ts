/**
 * A strict OAuth provider: each refresh token is good once, and using one again ends the whole grant (RFC 9700 section
 * 4.14.2), with every access token of it. It stands in for any catalog entry whose token endpoint is sent here.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What becomes of a call to the token endpoint. Undefined: it is answered. */
export type Trouble =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: object }
  /** The connection breaks before or after the work is done. */
  | 'cut'
  | 'lost';

export interface RotatingProvider {
  readonly url: string;
  /** Calls to the token endpoint that were answered with tokens. */
  readonly refreshed: number;
  /** All calls to the token endpoint. */
  readonly calls: number;
  /** Refresh tokens that came a second time. */
  readonly reused: number;
  /** Tokens that were given to the revocation endpoint. */
  readonly revoked: readonly string[];
  /** Decides about each call to the token endpoint; may wait. */
  onCall: ((refreshToken: string) => Promise<Trouble | undefined> | Trouble | undefined) | undefined;
  /** Called after the tokens were made, before they are answered. */
  beforeAnswer: (() => Promise<void> | void) | undefined;
  /** A new grant, as after a connect flow. */
  grant(seconds?: number): Grant;
  /** True when a call to the API with this token would be answered. */
  accepts(accessToken: string): boolean;
  /** Ends the grant that this token is of, as a person does at the provider. */
  end(accessToken: string): void;
  close(): Promise<void>;
}

export interface RotatingOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Life of an access token, in seconds. */
  readonly seconds: number;
  /** False: a refresh token may be used again and again. Default true. */
  readonly rotates?: boolean;
}

interface Family {
  current: string;
  ended: boolean;
}

export async function startRotatingProvider(options: RotatingOptions): Promise<RotatingProvider> {
  const { now, seconds, rotates = true } = options;
  const byRefresh = new Map<string, Family>();
  const byAccess = new Map<string, { readonly family: Family; readonly expiresAt: number }>();
  const revoked: string[] = [];
  const counts = { calls: 0, refreshed: 0, reused: 0 };

  function issue(family: Family, life: number): Grant {
    const accessToken = `at_${randomBytes(18).toString('hex')}`;
    const expiresAt = now() + life * 1000;
    if (rotates || family.current === '') family.current = `rt_${randomBytes(18).toString('hex')}`;
    byRefresh.set(family.current, family);
    byAccess.set(accessToken, { family, expiresAt });
    return { accessToken, refreshToken: family.current, expiresAt };
  }

  /** Whoever sends a used refresh token may be a thief, or be robbed: the grant ends for both. */
  function live(refreshToken: string): Family | undefined {
    const family = byRefresh.get(refreshToken);
    if (!family || family.ended) return undefined;
    if (family.current === refreshToken) return family;
    counts.reused++;
    family.ended = true;
    return undefined;
  }

  async function token(body: URLSearchParams, response: ServerResponse): Promise<void> {
    counts.calls++;
    const refreshToken = body.get('refresh_token') ?? '';
    const trouble = await provider.onCall?.(refreshToken);
    if (trouble === 'cut') return void response.destroy();
    if (typeof trouble === 'object')
      return answer(response, trouble.status, trouble.body ?? {}, trouble.headers);
    const family = live(refreshToken);
    if (!family) return answer(response, 400, { error: 'invalid_grant' });
    const grant = issue(family, seconds);
    counts.refreshed++;
    await provider.beforeAnswer?.();
    if (trouble === 'lost') return void response.destroy();
    answer(response, 200, {
      access_token: grant.accessToken,
      ...(rotates && { refresh_token: grant.refreshToken }),
      token_type: 'Bearer',
      expires_in: seconds,
      scope: 'read',
    });
  }

  function end(text: string): void {
    const family = byAccess.get(text)?.family ?? byRefresh.get(text);
    if (family) family.ended = true;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = new URLSearchParams(Buffer.concat(chunks).toString());
    if (request.url === '/oauth/token') return await token(body, response);
    if (request.url === '/oauth/revoke') {
      const given = body.get('token') ?? (request.headers.authorization ?? '').replace('Bearer ', '');
      revoked.push(given);
      end(given);
      return answer(response, 200, {});
    }
    answer(response, 404, {});
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const provider: RotatingProvider = {
    url: `http://127.0.0.1:${port}`,
    get calls() {
      return counts.calls;
    },
    get refreshed() {
      return counts.refreshed;
    },
    get reused() {
      return counts.reused;
    },
    revoked,
    onCall: undefined,
    beforeAnswer: undefined,
    grant: (life = seconds) => issue({ current: '', ended: false }, life),
    accepts(accessToken) {
      const known = byAccess.get(accessToken);
      return known !== undefined && !known.family.ended && known.expiresAt > now();
    },
    end,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
