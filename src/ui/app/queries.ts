/** How answers of the API are kept: shown at once from before, asked for again when they are old. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { SidecarError } from '../../client/index.ts';

const STALE_MS = 10_000;

/** @param onSessionEnd whatever is asked for is refused */
export function createQueries(onSessionEnd: () => void): QueryClient {
  const look = (error: Error): void => {
    if (error instanceof SidecarError && error.status === 401) onSessionEnd();
  };
  return new QueryClient({
    queryCache: new QueryCache({
      onError(error, { queryKey }) {
        if (queryKey[0] !== 'session') look(error);
      },
    }),
    mutationCache: new MutationCache({
      onError(error, _variables, _context, { options }) {
        // A key that is refused ends nobody's session.
        if (options.mutationKey?.[0] !== 'sign-in') look(error);
      },
    }),
    // The client itself tries again what fails in passing.
    defaultOptions: {
      queries: { staleTime: STALE_MS, retry: false },
      // Offline it fails, and says so, where it would wait in silence.
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}
