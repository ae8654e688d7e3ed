/** Every route of the sidecar: what it serves is what its OpenAPI document tells. */
import { healthRoutes, type Life } from './admin/health.ts';
import { metricsRoutes } from './admin/metrics.ts';
import { overviewRoutes } from './admin/overview.ts';
import { tenantRecordRoutes } from './admin/tenant-records.ts';
import { callerRoutes } from './callers/routes.ts';
import type { Routes } from './context.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { proxyRoutes } from './proxy/routes.ts';
import { tenantRoutes } from './tenants/routes.ts';
import { toolRoutes } from './tools/routes.ts';
import { uiRoutes } from './ui/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export function sidecarRoutes(life: Life): readonly Routes[] {
  return [
    healthRoutes(life),
    metricsRoutes,
    overviewRoutes,
    tenantRecordRoutes,
    callerRoutes,
    oauthRoutes,
    tenantRoutes,
    proxyRoutes,
    toolRoutes,
    webhookRoutes,
    uiRoutes,
  ];
}
