/** `tenantry/pulumi`: components and resources for programs of one's own. */
export { Platform, type PlatformArgs } from './components/platform.ts';
export { Tenant, type TenantArgs } from './components/tenant.ts';
export { TenantIntegration, type TenantIntegrationArgs } from './components/tenant-integration.ts';
export * from './sdk/index.ts';
