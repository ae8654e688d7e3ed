/** The fetch of an MCP client: to one origin, within limits, with the tenant's credential put in last. */
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type Dispatcher, fetch as undiciFetch } from 'undici';
import { TenantryError } from '../../errors.ts';
import type { UsableToken } from '../tokens/service.ts';

export interface BearerFetchOptions {
  readonly agent: Dispatcher;
  readonly origin: string;
  readonly token: UsableToken;
  /** Asked once, after a 401. */
  readonly renew: (refused: UsableToken) => Promise<UsableToken>;
  readonly signal: AbortSignal;
  /** Most bytes of all answers together. */
  readonly most: number;
  /** Called when there are more; it has to end the call, because a client waits for a stream that breaks. */
  readonly onTooMuch: (reason: TenantryError) => void;
}

export interface BearerFetch {
  readonly fetch: FetchLike;
  /** Every token that was sent. */
  readonly sent: readonly UsableToken[];
  readonly bytesIn: () => number;
  readonly bytesOut: () => number;
}

/** Longest wait for the end of a session, for which nobody waits. */
const END_MS = 5_000;

/** DELETE ends the session (Model Context Protocol, "Session Management"). */
function isEnd(init: RequestInit | undefined): boolean {
  return init?.method === 'DELETE';
}

export function bearerFetch(options: BearerFetchOptions): BearerFetch {
  const { agent, origin, signal } = options;
  const sent = [options.token];
  let renewal: Promise<UsableToken> | undefined;
  let bytesIn = 0;
  let bytesOut = 0;

  /** One renewal for all requests of this client: more would not help. */
  async function newer(refused: UsableToken): Promise<UsableToken> {
    renewal ??= options.renew(refused).then((token) => {
      sent.push(token);
      return token;
    });
    return await renewal;
  }

  async function send(
    url: string | URL,
    init: RequestInit | undefined,
    token: UsableToken,
  ): Promise<Response> {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token.value}`);
    // The session is ended also when the call was broken off.
    const limit = isEnd(init) ? AbortSignal.timeout(END_MS) : signal;
    const signals = init?.signal ? AbortSignal.any([init.signal, limit]) : limit;
    type Init = Parameters<typeof undiciFetch>[1];
    const request = {
      ...init,
      headers: [...headers],
      redirect: 'manual',
      signal: signals,
      dispatcher: agent,
    };
    return (await undiciFetch(url, request as Init)) as unknown as Response;
  }

  function counted(response: Response): Response {
    if (response.body === null) return response;
    const meter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytesOut += chunk.length;
        if (bytesOut <= options.most) return controller.enqueue(chunk);
        const reason = new TenantryError(
          'PayloadTooLarge',
          `the tool answers with more than ${options.most} bytes`,
          {
            hint: 'ask for less',
          },
        );
        options.onTooMuch(reason);
        controller.error(reason);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(meter), { status, statusText, headers: [...headers] });
  }

  return {
    sent,
    bytesIn: () => bytesIn,
    bytesOut: () => bytesOut,
    async fetch(url, init) {
      // The client follows redirects within an origin by itself; this is what that must come to.
      if (new URL(url).origin !== origin) {
        throw new TenantryError('AddressNotAllowed', 'the MCP server leads to another origin');
      }
      if (typeof init?.body === 'string') bytesIn += Buffer.byteLength(init.body);
      const token = sent.at(-1) ?? options.token;
      const response = await send(url, init, token);
      if (response.status !== 401 || isEnd(init)) return counted(response);
      const next = await newer(token);
      if (next.value === token.value) return counted(response);
      await response.body?.cancel();
      return counted(await send(url, init, next));
    },
  };
}
