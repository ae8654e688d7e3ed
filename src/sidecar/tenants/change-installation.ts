/** Changes of an installation that a person asks for. */
import type { SidecarContext } from '../context.ts';
import { tellChanged } from '../tokens/notices.ts';
import type { InstallationAnswer } from './installation-rows.ts';

export interface InstallationChange {
  readonly status?: 'active' | 'suspended';
  /** Transit cipher text. */
  readonly webhookSecret?: string;
}

/** Nothing happens to one that was revoked meanwhile. Every replica forgets what it remembers of the token. */
export async function changeInstallation(
  { database, now }: Pick<SidecarContext, 'database' | 'now'>,
  { id, tenantId, platform }: Pick<InstallationAnswer, 'id' | 'tenantId' | 'platform'>,
  { status, webhookSecret }: InstallationChange,
): Promise<void> {
  await database.asTenant(tenantId, (query) =>
    query(
      `update tenantry.installations set status = coalesce($2, status),
         webhook_secret = coalesce($3, webhook_secret), updated_at = to_timestamp($4)
       where id = $1 and status <> 'revoked'`,
      [id, status ?? null, webhookSecret ?? null, now() / 1000],
    ),
  );
  if (status !== undefined) await tellChanged(database, { tenant: tenantId, integration: platform });
}
