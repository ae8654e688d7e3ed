/** How answers of the API are kept: shown at once from before, asked for again when they are old. */
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { SidecarError } from '../../client/index.ts';

const STALE_MS = 10_000;

/** @param onSignedOut the session has ended: whatever is asked for is refused */
export function createQueries(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError(error, query) {
        const isSession = query.queryKey[0] === 'session';
        if (!isSession && error instanceof SidecarError && error.status === 401) onSignedOut();
      },
    }),
    // The client itself tries again what fails in passing.
    defaultOptions: { queries: { staleTime: STALE_MS, retry: false }, mutations: { retry: false } },
  });
}
