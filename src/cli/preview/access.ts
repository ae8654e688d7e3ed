/**
 * How `tenantry preview` reaches what it shows: through the sidecar's API where TENANTRY_URL and TENANTRY_API_KEY are set,
 * else with the stack's own parts.
 */
import { createSidecarClient } from '../../client/client.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { RowsAnswer, StreamsAnswer } from '../../sidecar/preview/answers.ts';
import type { Io } from '../io.ts';
import { environment, type StackOptions } from '../session.ts';
import { inOurWords } from '../syncs/through-api.ts';

export interface PreviewAccess {
  streams(): Promise<StreamsAnswer>;
  rows(stream: string, limit: number): Promise<RowsAnswer>;
}

export async function withPreviews<T>(
  options: StackOptions & { readonly place: CredentialPlace },
  io: Io,
  work: (access: PreviewAccess) => Promise<T>,
): Promise<T> {
  const env = await environment(options, io);
  const url = env['TENANTRY_URL'];
  const credential = env['TENANTRY_API_KEY'];
  if (url && credential) {
    const signal = AbortSignal.any([io.stop, io.abort]);
    return await work(throughApi({ url, credential, place: options.place, signal }));
  }
  const { throughStack } = await import('./through-stack.ts');
  return await throughStack(options, io, work);
}

interface ApiOptions {
  readonly url: string;
  readonly credential: string;
  readonly place: CredentialPlace;
  readonly signal: AbortSignal;
}

function throughApi({ url, credential, place, signal }: ApiOptions): PreviewAccess {
  const client = createSidecarClient({ url, credential });
  const told = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw inOurWords(error, url);
    }
  };
  const path = { ...place };
  return {
    streams: () => told(client.get('/tenants/{tenant}/integrations/{integration}/preview', { path, signal })),
    rows: (stream, limit) =>
      told(
        client.get('/tenants/{tenant}/integrations/{integration}/preview/{stream}', {
          path: { ...path, stream },
          query: { limit },
          signal,
        }),
      ),
  };
}
