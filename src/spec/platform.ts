/** The Platform document: the systems that a stack talks to. One per stack. */
import { z } from 'zod';
import { apiVersion, metadata } from './fields.ts';
import { oauthApp } from './integration.ts';
import { documentName } from './names.ts';
import { operator } from './operator.ts';
import { envOr, secretRef } from './secret-ref.ts';
import { sidecar } from './sidecar.ts';
import { syncs } from './syncs.ts';

const url = z.string().regex(/^https?:\/\/[^\s/]+/, { error: 'must be an http:// or https:// URL' });
const setting = (about: string) => envOr(z.string().min(1)).describe(about).optional();
const mount = z.string().regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, {
  error: 'must be a mount path without a slash at its ends',
});

const vaultAuth = z
  .discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('token'),
      token: secretRef.optional().describe('Token to use. Default: VAULT_TOKEN.'),
    }),
    z.strictObject({
      method: z.literal('approle'),
      mount: mount.default('approle').describe('Mount of the AppRole method. Default approle.'),
      roleId: setting('Role id. Default: VAULT_ROLE_ID.'),
      secretId: secretRef.optional().describe('Secret id. Default: VAULT_SECRET_ID.'),
    }),
    z.strictObject({
      method: z.literal('kubernetes'),
      mount: mount.default('kubernetes').describe('Mount of the Kubernetes method. Default kubernetes.'),
      role: z.string().min(1).describe('Vault role to log in as.'),
      tokenFile: z.string().optional().describe('Service account token. Default: the pod’s projected token.'),
    }),
    z.strictObject({
      method: z.literal('jwt'),
      mount: mount.default('jwt').describe('Mount of the JWT method. Default jwt.'),
      role: z.string().min(1).describe('Vault role to log in as.'),
      tokenFile: z.string().describe('File with the JWT; read anew at each login.'),
    }),
  ])
  .describe('How Tenantry logs in to Vault. Default: method token.');

const tenantAuth = z
  .strictObject({
    method: z
      .enum(['approle', 'kubernetes', 'jwt'])
      .describe('Auth method that tenants’ applications log in with.'),
    mount: mount.optional().describe('Mount of that method. Default: the method’s name.'),
    tokenTtl: z.string().default('1h').describe('Life of a tenant’s Vault token. Default 1h.'),
    boundServiceAccountNamespaces: z
      .array(z.string().min(1))
      .optional()
      .describe('kubernetes: namespaces of the service accounts. Default: the tenant’s name.'),
    boundServiceAccountNames: z
      .array(z.string().min(1))
      .optional()
      .describe('kubernetes: names of the service accounts. Default: default.'),
    boundAudiences: z.array(z.string().min(1)).optional().describe('jwt: accepted audiences.'),
    userClaim: z.string().default('sub').describe('jwt: claim that names the user. Default sub.'),
    tenantClaim: z
      .string()
      .default('tenant')
      .describe('jwt: claim that must equal the tenant’s name. Default tenant.'),
  })
  .describe('Auth roles that bind the tenants’ policies. Default: none are made.');

const auditDevice = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('file'),
      path: mount.default('file').describe('Path of the device. Default file.'),
      filePath: z
        .string()
        .min(1)
        .describe('File on Vault’s own machine, or stdout. Cannot be changed while the device is there.'),
    }),
    z.strictObject({
      type: z.literal('syslog'),
      path: mount.default('syslog').describe('Path of the device. Default syslog.'),
      facility: z.string().min(1).default('AUTH').describe('Syslog facility. Default AUTH.'),
      tag: z.string().min(1).default('vault').describe('Syslog tag. Default vault.'),
    }),
  ])
  .describe('An audit device: Vault writes every request and answer to it, with secrets hashed.');

const vault = z
  .strictObject({
    address: envOr(url).optional().describe('Address of Vault. Default: VAULT_ADDR.'),
    namespace: setting('Vault Enterprise or OpenBao namespace. Default: VAULT_NAMESPACE, else none.'),
    auth: vaultAuth.prefault({ method: 'token' }),
    kvMount: mount.optional().describe('Mount of KV v2. Default: VAULT_KV_ENGINE, else secret.'),
    transitMount: mount.optional().describe('Mount of Transit. Default: VAULT_TRANSIT_ENGINE, else transit.'),
    caCertFile: z
      .string()
      .optional()
      .describe('PEM file of the CA that signed Vault’s certificate. Default: VAULT_CACERT.'),
    tenantAuth: tenantAuth.optional(),
    audit: z
      .array(auditDevice)
      .default([])
      .describe(
        'Audit devices that shall be there. Tenantry makes them and never removes one. Default: none are made.',
      ),
    concurrency: z.int().min(1).max(256).default(32).describe('Most calls to Vault at once. Default 32.'),
  })
  .describe('HashiCorp Vault or OpenBao.');

const sslMode = z.enum(['disable', 'require', 'verify-ca', 'verify-full']);

const postgres = z
  .strictObject({
    host: setting('Host. Default: PGHOST.'),
    port: z
      .union([
        z.int().min(1).max(65_535),
        z.string().regex(/^\$\{ENV:[A-Za-z_][A-Za-z0-9_]*\}$/, { error: 'must be ${ENV:NAME}' }),
      ])
      .optional()
      .describe('Port. Default: PGPORT, else 5432.'),
    database: setting('Database. Default: PGDATABASE, else postgres.'),
    user: setting('User that makes schemas and roles. Default: PGUSER, else postgres.'),
    password: secretRef.optional().describe('Its password. Default: PGPASSWORD.'),
    sslMode: sslMode
      .optional()
      .describe('TLS to Postgres. Default: PGSSLMODE, else disable for loopback, require otherwise.'),
    caCertFile: z
      .string()
      .optional()
      .describe('PEM file of the CA that signed the server’s certificate. Default: PGSSLROOTCERT.'),
    concurrency: z.int().min(1).max(64).default(8).describe('Most connections at once. Default 8.'),
  })
  .describe('Postgres (or Supabase) that holds the tenants’ schemas.');

const destination = z
  .strictObject({
    host: setting('Host of Postgres as Airbyte sees it. Default: spec.postgres.host.'),
    port: z.int().min(1).max(65_535).optional().describe('Its port. Default: spec.postgres.port.'),
    sslMode: z
      .enum(['disable', 'allow', 'prefer', 'require'])
      .optional()
      .describe('TLS that Airbyte uses. Default: require, or disable where spec.postgres says so.'),
  })
  .describe('Postgres as Airbyte’s destination sees it.');

const airbyte = z
  .strictObject({
    url: envOr(url)
      .optional()
      .describe(
        'Base of the public API, e.g. https://airbyte.example.com/api/public/v1. Default: AIRBYTE_URL, else Airbyte Cloud.',
      ),
    clientId: setting('Client id of an Airbyte application. Default: AIRBYTE_CLIENT_ID.'),
    clientSecret: secretRef.optional().describe('Its client secret. Default: AIRBYTE_CLIENT_SECRET.'),
    apiKey: secretRef.optional().describe('A static key instead. Default: AIRBYTE_API_KEY.'),
    workspace: z
      .enum(['PerTenant', 'Shared'])
      .default('PerTenant')
      .describe('One workspace per tenant, or one for all. Default PerTenant.'),
    workspaceId: setting('The shared workspace. Default: AIRBYTE_WORKSPACE_ID. Only with workspace: Shared.'),
    organizationId: setting(
      'Organisation that new workspaces belong to. Default: AIRBYTE_ORGANIZATION_ID, else Airbyte’s own.',
    ),
    destination: destination.prefault({}),
    timeoutSeconds: z.number().min(1).max(600).default(30).describe('Limit of one call. Default 30.'),
    retries: z.int().min(0).max(10).default(3).describe('Tries after the first. Default 3.'),
    retryDelaySeconds: z
      .number()
      .min(0.01)
      .max(60)
      .default(1)
      .describe('First delay; it doubles, with jitter. Default 1.'),
    concurrency: z.int().min(1).max(64).default(8).describe('Most calls to Airbyte at once. Default 8.'),
  })
  .describe('Airbyte (self-managed or Cloud), by its public API.');

export const platformSpec = z
  .strictObject({
    vault: vault.prefault({}),
    postgres: postgres.prefault({}),
    airbyte: airbyte.prefault({}),
    sidecar: sidecar.prefault({}),
    operator: operator.prefault({}),
    syncs: syncs.prefault({}),
    apps: z
      .record(documentName, oauthApp)
      .default({})
      .describe('Shared OAuth apps of the platform, by integration.'),
  })
  .describe('The systems that a stack talks to.');

export const platformDocument = z.strictObject({
  apiVersion,
  kind: z.literal('Platform').describe('Kind of the document.'),
  metadata,
  spec: platformSpec,
});

export type PlatformDocument = z.output<typeof platformDocument>;
