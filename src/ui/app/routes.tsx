/** Addresses below /ui and their pages; each page is loaded when it is first opened. */
import type { RouteObject } from 'react-router';
import { NotFoundPage } from '../pages/not-found-page.tsx';
import { PageFailure } from './page-failure.tsx';
import { Shell } from './shell.tsx';

export const routes: RouteObject[] = [
  {
    element: <Shell />,
    errorElement: <PageFailure />,
    children: [
      {
        index: true,
        lazy: async () => ({ Component: (await import('../pages/overview/page.tsx')).OverviewPage }),
      },
      { path: '*', element: <NotFoundPage /> },
    ],
  },
];
