/** Posts a message to an address that a tenant gave: to public addresses only, following nothing, within bounds. */
import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { request } from 'undici';
import { retryAfterSeconds } from '../../clients/retry.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { createAgents } from '../proxy/agents.ts';
import type { SidecarSettings } from '../settings.ts';
import { isLoopbackUrl, mayCallLoopback } from './endpoint-url.ts';

export interface SenderOptions {
  readonly settings: SidecarSettings;
  readonly now: () => number;
  /** Default: the resolver of the system. */
  readonly lookup?: LookupFunction;
  /** Limit of one try in milliseconds. Default 15,000. */
  readonly timeoutMs?: number;
}

/** What came of a try. */
export interface Sent {
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** Why there was none, in an error code. */
  readonly failure?: string;
}

export interface Sender {
  /** @throws Cancelled when the signal aborts: then it was no try */
  post(
    url: URL,
    message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
    signal: AbortSignal,
  ): Promise<Sent>;
  close(): Promise<void>;
}

const USUAL_TIMEOUT_MS = 15_000;

/** Nobody reads it; so much is taken that the connection can be used again. */
const MOST_ANSWER_BYTES = 16_384;

const CONNECTIONS = 8;

export function createSender(options: SenderOptions): Sender {
  const lookup = options.lookup ?? (resolve as LookupFunction);
  const agents = createAgents({ lookup, connections: CONNECTIONS });
  return {
    async post(url, { headers, body }, signal) {
      const limit = AbortSignal.timeout(options.timeoutMs ?? USUAL_TIMEOUT_MS);
      const isNear = isLoopbackUrl(url) && mayCallLoopback(options.settings);
      try {
        const answer = await request(url, {
          method: 'POST',
          headers,
          body,
          dispatcher: isNear ? agents.direct : agents.guarded,
          signal: AbortSignal.any([signal, limit]),
        });
        const wait = answer.headers['retry-after'];
        // The status is the answer; a body that does not end must not undo it.
        await answer.body.dump({ limit: MOST_ANSWER_BYTES, signal: limit }).catch(() => undefined);
        return {
          status: answer.statusCode,
          retryAfterSeconds: retryAfterSeconds([wait].flat()[0], options.now()),
        };
      } catch (error) {
        if (signal.aborted) throw new TenantryError('Cancelled', 'stopped before the end', { cause: error });
        return { status: undefined, failure: failureOf(error, limit) };
      }
    },
    close: () => agents.close(),
  };
}

/** The code alone: what else is in the error may tell of the network inside. */
function failureOf(error: unknown, limit: AbortSignal): string {
  if (limit.aborted) return 'UpstreamTimeout';
  const { code } = asTenantryError(error);
  return code === 'AddressNotAllowed' ? code : 'UpstreamUnreachable';
}
