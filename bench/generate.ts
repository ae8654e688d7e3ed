/** Writes a stack of any size: the documents of a platform, its tenants and their integrations. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StackSize {
  readonly tenants: number;
  /** Integrations of each tenant, at most as many as there are in `INTEGRATIONS`. Default 3. */
  readonly integrationsPerTenant?: number;
}

/** A tenant's account at a service. */
export interface Account {
  readonly tenant: string;
  readonly integration: string;
}

interface Integration {
  readonly id: string;
  /** True when the platform's shared OAuth app is part of the source's configuration or of the login. */
  readonly app: boolean;
  readonly config: (tenant: string) => readonly string[];
}

/** Every auth kind that the catalog fills a source with; two of them also send the app's own secret. */
const INTEGRATIONS: readonly Integration[] = [
  { id: 'notion', app: true, config: () => ['start_date: "2026-01-01T00:00:00.000Z"'] },
  {
    id: 'slack',
    app: true,
    config: () => ['start_date: "2026-01-01T00:00:00Z"', 'channel_filter: [general, support]'],
  },
  { id: 'github', app: true, config: (tenant) => [`repositories: [${tenant}/website, ${tenant}/api]`] },
  { id: 'hubspot', app: true, config: () => [] },
  { id: 'linear', app: true, config: () => [] },
];

const SCHEDULES = ['manual', '"H * * * *"', '"H 6 * * *"', '"H H * * 1"'] as const;

const FILES_AT_ONCE = 64;

/**
 * Writes platform.yaml, one file per tenant and one per tenant integration below `dir`.
 * @returns the accounts, so that their credentials can be brought
 */
export async function generateStack(dir: string, size: StackSize): Promise<Account[]> {
  const perTenant = size.integrationsPerTenant ?? 3;
  if (perTenant > INTEGRATIONS.length) {
    throw new RangeError(`at most ${INTEGRATIONS.length} integrations per tenant can be generated`);
  }
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'platform.yaml'), platformDocument());
  const accounts: Account[] = [];
  const tenants = Array.from({ length: size.tenants }, (_, index) => index);
  for (let begin = 0; begin < tenants.length; begin += FILES_AT_ONCE) {
    const batch = tenants.slice(begin, begin + FILES_AT_ONCE);
    const written = await Promise.all(batch.map((index) => writeTenant(dir, index, perTenant)));
    accounts.push(...written.flat());
  }
  return accounts;
}

async function writeTenant(dir: string, index: number, perTenant: number): Promise<Account[]> {
  const tenant = `tenant-${String(index).padStart(4, '0')}`;
  const folder = join(dir, 'tenants', tenant);
  await mkdir(folder, { recursive: true });
  // Each tenant begins at another integration, so that all occur equally often.
  const integrations = Array.from(
    { length: perTenant },
    (_, offset) => INTEGRATIONS[(index + offset) % INTEGRATIONS.length] as Integration,
  );
  await writeFile(join(folder, 'tenant.yaml'), tenantDocument(tenant, index));
  await Promise.all(
    integrations.map((integration, offset) =>
      writeFile(
        join(folder, `${integration.id}.yaml`),
        integrationDocument(tenant, integration, SCHEDULES[(index + offset) % SCHEDULES.length] ?? 'manual'),
      ),
    ),
  );
  return integrations.map(({ id }) => ({ tenant, integration: id }));
}

export function platformDocument(): string {
  const apps = INTEGRATIONS.filter(({ app }) => app).map(
    ({ id }) =>
      `    ${id}:\n      clientId: \${ENV:${id.toUpperCase()}_CLIENT_ID}\n      clientSecret: \${ENV:${id.toUpperCase()}_CLIENT_SECRET}\n`,
  );
  return `apiVersion: tenantry.dev/v1alpha1
kind: Platform
metadata:
  name: bench
spec:
  vault:
    tenantAuth:
      method: approle
  apps:
${apps.join('')}`;
}

/** Values for the variables that the platform document refers to; made up, and of use nowhere. */
export function appVariables(): Record<string, string> {
  const names = INTEGRATIONS.filter(({ app }) => app).flatMap(({ id }) => [
    `${id.toUpperCase()}_CLIENT_ID`,
    `${id.toUpperCase()}_CLIENT_SECRET`,
  ]);
  return Object.fromEntries(names.map((name) => [name, `bench ${name.toLowerCase()}`]));
}

function tenantDocument(tenant: string, index: number): string {
  return `apiVersion: tenantry.dev/v1alpha1
kind: Tenant
metadata:
  name: ${tenant}
spec:
  displayName: Customer ${index}
  encryption:
    rotationPeriod: 30d
  quotas:
    syncsPerDay: 48
`;
}

function integrationDocument(tenant: string, integration: Integration, schedule: string): string {
  const config = integration.config(tenant);
  return `apiVersion: tenantry.dev/v1alpha1
kind: TenantIntegration
metadata:
  name: ${tenant}-${integration.id}
spec:
  tenant: ${tenant}
  integration: ${integration.id}
${config.length === 0 ? '' : `  config:\n${config.map((line) => `    ${line}\n`).join('')}`}  sync:
    schedule: ${schedule}
    # A job would compete with what is measured.
    initialSync: false
`;
}
