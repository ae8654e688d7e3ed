/** Calls of a sidecar's API for commands. Imported only when it is needed: others shall not pay for loading the client. */
import { createSidecarClient, type SidecarClient } from '../client/client.ts';
import { SidecarError } from '../client/error.ts';
import { isErrorCode, TenantryError } from '../errors.ts';

export interface ApiOptions {
  readonly url: string;
  /** An API key or a JWT. */
  readonly credential: string;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

export interface SidecarApi {
  readonly client: SidecarClient;
  /** The answer of a call; its failure is one of ours. */
  told<T>(call: Promise<T>): Promise<T>;
}

export function sidecarApi({ url, credential }: Pick<ApiOptions, 'url' | 'credential'>): SidecarApi {
  return {
    client: createSidecarClient({ url, credential }),
    async told(call) {
      try {
        return await call;
      } catch (error) {
        throw inOurWords(error, url);
      }
    },
  };
}

export function inOurWords(error: unknown, url: string): unknown {
  if (!(error instanceof SidecarError)) return error;
  const { code, message, hint, retryAfterSeconds } = error;
  const options = {
    cause: error,
    ...(hint !== undefined && { hint }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  if (isErrorCode(code)) return new TenantryError(code, message, options);
  return new TenantryError('UpstreamUnreachable', `${url}: ${message}`, {
    cause: error,
    hint: 'check TENANTRY_URL, and that the sidecar runs; without TENANTRY_API_KEY the command goes to the stack itself',
  });
}
