/** Addresses below /ui and their pages; each page is loaded when it is first opened. */
import type { ComponentType } from 'react';
import type { RouteObject } from 'react-router';
import { NotFoundPage } from '../pages/not-found-page.tsx';
import { Busy } from '../parts/busy.tsx';
import { AppFailure, PageFailure } from './page-failure.tsx';
import { Shell } from './shell.tsx';
import { StartPage } from './start-page.tsx';

/** @param name of what the page's module exports */
function page<Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) {
  return { lazy: async () => ({ Component: (await load())[name] }) };
}

const tabs: RouteObject[] = [
  { index: true, ...page(() => import('../pages/tenant/integrations/tab.tsx'), 'IntegrationsTab') },
  { path: 'syncs', ...page(() => import('../pages/tenant/syncs-tab.tsx'), 'SyncsTab') },
  { path: 'usage', ...page(() => import('../pages/tenant/usage/tab.tsx'), 'UsageTab') },
  { path: 'access-log', ...page(() => import('../pages/tenant/access/tab.tsx'), 'AccessTab') },
  { path: 'api-keys', ...page(() => import('../pages/tenant/api-keys/tab.tsx'), 'ApiKeysTab') },
  { path: 'webhooks', ...page(() => import('../pages/tenant/webhooks/tab.tsx'), 'WebhooksTab') },
];

const integrationPages: RouteObject[] = [
  { path: 'syncs', ...page(() => import('../pages/syncs/page.tsx'), 'SyncsPage') },
  { path: 'syncs/:id', ...page(() => import('../pages/syncs/run-page.tsx'), 'RunPage') },
  { path: 'preview', ...page(() => import('../pages/preview/page.tsx'), 'PreviewPage') },
];

const pages: RouteObject[] = [
  { index: true, element: <StartPage /> },
  { path: 'tenants', ...page(() => import('../pages/tenants/page.tsx'), 'TenantsPage') },
  {
    path: 'tenants/:tenant/connect',
    ...page(() => import('../pages/connect/choose-page.tsx'), 'ChoosePage'),
  },
  {
    path: 'tenants/:tenant/connect/:integration',
    ...page(() => import('../pages/connect/page.tsx'), 'ConnectPage'),
  },
  { path: 'tenants/:tenant/integrations/:integration', children: integrationPages },
  {
    path: 'tenants/:tenant',
    ...page(() => import('../pages/tenant/page.tsx'), 'TenantPage'),
    children: tabs,
  },
  { path: 'catalog', ...page(() => import('../pages/catalog/page.tsx'), 'CatalogPage') },
  {
    path: 'catalog/:integration',
    ...page(() => import('../pages/catalog/entry-page.tsx'), 'CatalogEntryPage'),
  },
  { path: 'setup', ...page(() => import('../pages/setup/page.tsx'), 'SetupPage') },
  { path: '*', element: <NotFoundPage /> },
];

export const routes: RouteObject[] = [
  {
    element: <Shell />,
    errorElement: <AppFailure />,
    HydrateFallback: () => <Busy label="Opening Tenantry" />,
    // A page that breaks leaves the way to the others.
    children: [{ errorElement: <PageFailure />, children: pages }],
  },
];
