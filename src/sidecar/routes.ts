/** Every route of the sidecar: what it serves is what its OpenAPI document tells. */
import { catalogRoutes } from './admin/catalog.ts';
import { healthRoutes, type Life } from './admin/health.ts';
import { metricsRoutes } from './admin/metrics.ts';
import { overviewRoutes } from './admin/overview.ts';
import { overviewNowRoutes } from './admin/overview-now.ts';
import { quotaRoutes } from './admin/quotas.ts';
import { setupRoutes } from './admin/setup.ts';
import { tenantRecordRoutes } from './admin/tenant-records.ts';
import { usageRoutes } from './admin/usage.ts';
import { callerRoutes } from './callers/routes.ts';
import type { Routes } from './context.ts';
import { embedRoutes } from './embed/routes.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { previewRoutes } from './preview/routes.ts';
import { proxyRoutes } from './proxy/routes.ts';
import { syncRoutes } from './syncs/routes.ts';
import { schemaRoutes } from './syncs/schema/routes.ts';
import { tenantRoutes } from './tenants/routes.ts';
import { toolRoutes } from './tools/routes.ts';
import { uiRoutes } from './ui/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export function sidecarRoutes(life: Life): readonly Routes[] {
  return [
    healthRoutes(life),
    metricsRoutes,
    overviewRoutes,
    overviewNowRoutes,
    setupRoutes,
    catalogRoutes,
    tenantRecordRoutes,
    usageRoutes,
    quotaRoutes,
    callerRoutes,
    oauthRoutes,
    tenantRoutes,
    proxyRoutes,
    syncRoutes,
    schemaRoutes,
    previewRoutes,
    toolRoutes,
    webhookRoutes,
    embedRoutes,
    uiRoutes,
  ];
}
