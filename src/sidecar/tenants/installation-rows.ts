/** The rows of installations, as routes show and change them. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { type Caller, mayActFor } from '../callers/caller.ts';
import type { Database } from '../database/database.ts';
import { errorCode, integrationName, tenantName, when } from '../oauth/schemas.ts';

export const installationStatus = z.enum(['active', 'suspended', 'revoked']);

export const installationAnswer = z
  .object({
    id: z.uuid(),
    platform: integrationName,
    tenantId: tenantName,
    status: installationStatus.describe('suspended: the token rests and is given to nobody.'),
    credentialState: z.string().describe('State of the credential.'),
    reason: z.object({ code: errorCode, message: z.string() }).nullable(),
    externalOrgId: z.string().nullable().describe('Organisation, workspace or site at the provider.'),
    externalOrgName: z.string().nullable(),
    externalInstallId: z.string().nullable().describe('Installation, as the provider’s webhooks name it.'),
    scopes: z.array(z.string()),
    permissions: z.record(z.string(), z.unknown()),
    installedBy: z.string().nullable().describe('Caller that began to connect.'),
    metadata: z.record(z.string(), z.unknown()),
    hasWebhookSecret: z.boolean().describe('Has it a webhook secret of its own?'),
    createdAt: when,
    lastUsedAt: when.nullable(),
    revokedAt: when.nullable(),
  })
  .meta({ id: 'Installation', description: 'An account of a tenant at a provider.' });

export type InstallationAnswer = z.output<typeof installationAnswer>;

type Row = {
  id: string;
  integration: string;
  tenant: string;
  status: z.output<typeof installationStatus>;
  credential_state: string;
  reason_code: string | null;
  reason_message: string | null;
  external_org_id: string | null;
  external_org_name: string | null;
  external_install_id: string | null;
  scopes: string[];
  permissions: Record<string, unknown>;
  installed_by: string | null;
  metadata: Record<string, unknown>;
  has_webhook_secret: boolean;
  created_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
};

const COLUMNS = `id, integration, tenant, status, credential_state, reason_code, reason_message, external_org_id,
  external_org_name, external_install_id, scopes, permissions, installed_by, metadata,
  webhook_secret is not null as has_webhook_secret, created_at, last_used_at, revoked_at`;

export interface InstallationFilter {
  /** Undefined: all. */
  readonly tenants: readonly string[] | undefined;
  readonly platform: string | undefined;
  readonly status: string | undefined;
  /** Id of the last one of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** In the order of their ids, which never changes: a page misses nothing and shows nothing twice. */
export async function listInstallations(
  database: Database,
  { tenants, platform, status, after, limit }: InstallationFilter,
): Promise<InstallationAnswer[]> {
  const rows = await database.asPlatform((query) =>
    query<Row>(
      `select ${COLUMNS} from tenantry.installations
        where ($1::text[] is null or tenant = any($1)) and ($2::text is null or integration = $2)
          and ($3::text is null or status = $3) and ($4::uuid is null or id > $4)
        order by id limit $5`,
      [tenants ?? null, platform ?? null, status ?? null, after ?? null, limit],
    ),
  );
  return rows.map(answerOf);
}

/** @throws NotFound, in the same words whether it is another tenant's or nobody's */
export async function requireInstallation(
  database: Database,
  caller: Caller,
  id: string,
): Promise<InstallationAnswer> {
  const [row] = await database.asPlatform((query) =>
    query<Row>(`select ${COLUMNS} from tenantry.installations where id = $1`, [id]),
  );
  if (row && mayActFor(caller, row.tenant)) return answerOf(row);
  throw new TenantryError('NotFound', 'none of the caller’s tenants has this installation');
}

function answerOf(row: Row): InstallationAnswer {
  return {
    id: row.id,
    platform: row.integration,
    tenantId: row.tenant,
    status: row.status,
    credentialState: row.credential_state,
    reason: row.reason_code === null ? null : { code: row.reason_code, message: row.reason_message ?? '' },
    externalOrgId: row.external_org_id,
    externalOrgName: row.external_org_name,
    externalInstallId: row.external_install_id,
    scopes: row.scopes,
    permissions: row.permissions,
    installedBy: row.installed_by,
    metadata: row.metadata,
    hasWebhookSecret: row.has_webhook_secret,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
