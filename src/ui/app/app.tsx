/** The application: sign-in first, then the pages. */
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { I18nProvider } from 'react-aria-components';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { Busy } from '../parts/busy.tsx';
import { Failure } from '../parts/failure.tsx';
import { SessionContext } from '../session/session.ts';
import { SignInPage } from '../session/sign-in-page.tsx';
import { readSession } from './api.ts';
import { createQueries } from './queries.ts';
import { routes } from './routes.tsx';

export function App() {
  const [queries] = useState(() => {
    const client = createQueries(() => client.setQueryData(['session'], null));
    return client;
  });
  return (
    <I18nProvider locale="en-US">
      <QueryClientProvider client={queries}>
        <Session />
      </QueryClientProvider>
    </I18nProvider>
  );
}

function Session() {
  const session = useQuery({
    queryKey: ['session'],
    // Undefined would be "not known yet".
    queryFn: async ({ signal }) => (await readSession(signal)) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (session.isPending) return <Busy label="Opening Tenantry" />;
  if (session.isError) return <Failure error={session.error} onRetry={() => session.refetch()} />;
  if (session.data === null) return <SignInPage />;
  return (
    <SessionContext value={session.data}>
      <Pages />
    </SessionContext>
  );
}

function Pages() {
  const [router] = useState(() => createBrowserRouter(routes, { basename: '/ui' }));
  return <RouterProvider router={router} />;
}
