/** The first page: that of the caller's own tenant, or the overview of all. */
import { lazy } from 'react';
import { Navigate } from 'react-router';
import { useSession } from '../session/session.ts';
import { startFor } from './navigation.ts';

const OverviewPage = lazy(async () => ({
  default: (await import('../pages/overview/page.tsx')).OverviewPage,
}));

export function StartPage() {
  const start = startFor(useSession());
  return start === undefined ? <OverviewPage /> : <Navigate to={start} replace />;
}
