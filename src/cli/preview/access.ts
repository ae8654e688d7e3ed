/**
 * How `tenantry preview` reaches what it shows: through the sidecar's API where TENANTRY_URL and TENANTRY_API_KEY are set,
 * else with the stack's own parts.
 */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { RowsAnswer, StreamsAnswer } from '../../sidecar/preview/answers.ts';
import type { Io } from '../io.ts';
import type { StackOptions } from '../session.ts';
import { wayOf } from '../way.ts';

export interface PreviewAccess {
  streams(): Promise<StreamsAnswer>;
  rows(stream: string, limit: number): Promise<RowsAnswer>;
}

export async function withPreviews<T>(
  options: StackOptions & { readonly place: CredentialPlace },
  io: Io,
  work: (access: PreviewAccess) => Promise<T>,
): Promise<T> {
  const { env, api } = await wayOf(options, io);
  if (api) {
    const { throughApi } = await import('./through-api.ts');
    return await work(throughApi(api, options.place));
  }
  const { throughStack } = await import('./through-stack.ts');
  return await throughStack({ ...options, env }, io, work);
}
