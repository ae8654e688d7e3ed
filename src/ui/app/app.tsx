/** The application: sign-in first, then the pages. */
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { I18nProvider } from 'react-aria-components';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { Busy } from '../parts/busy.tsx';
import { Failure } from '../parts/failure.tsx';
import { forget, useSessionWatch } from '../session/leave.ts';
import { SessionContext } from '../session/session.ts';
import { SignInPage } from '../session/sign-in-page.tsx';
import { readSession, type Who } from './api.ts';
import { createQueries } from './queries.ts';
import { routes } from './routes.tsx';

export function App() {
  const [queries] = useState(() => {
    const client = createQueries(() => {
      // Undefined while the page does not know yet who is there.
      if (client.getQueryData<SessionState>(['session'])) client.setQueryData(['session'], 'ended');
      forget(client);
    });
    return client;
  });
  useSessionWatch(queries);
  return (
    <I18nProvider locale="en-US">
      <QueryClientProvider client={queries}>
        <Session />
      </QueryClientProvider>
    </I18nProvider>
  );
}

/** Null: nobody has signed in. */
type SessionState = Who | 'ended' | null;

function Session() {
  const session = useQuery<SessionState>({
    queryKey: ['session'],
    // Undefined would be "not known yet".
    queryFn: async ({ signal }) => (await readSession(signal)) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  if (session.isPending) return <Busy label="Opening Tenantry" />;
  if (session.data === undefined) {
    return (
      <main className="page">
        <title>Tenantry</title>
        <h1>Tenantry</h1>
        <Failure error={session.error} onRetry={() => session.refetch()} />
      </main>
    );
  }
  if (session.data === null || session.data === 'ended') {
    return <SignInPage hasEnded={session.data === 'ended'} />;
  }
  return (
    // Another person is another session: no state of the page is theirs.
    <SessionContext value={session.data} key={session.data.csrfToken ?? session.data.caller.id}>
      <Pages />
    </SessionContext>
  );
}

/** One for the life of the page: who signs in again is where they were. */
let router: ReturnType<typeof createBrowserRouter> | undefined;

function Pages() {
  router ??= createBrowserRouter(routes, { basename: '/ui' });
  return <RouterProvider router={router} />;
}
