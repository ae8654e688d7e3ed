/** Opens the platform tables with the sidecar's own login, for a process that is not the sidecar. */
import { postgresOptions } from '../../clients/connect.ts';
import type { Secrets } from '../../clients/secrets.ts';
import type { Settings } from '../../clients/settings.ts';
import type { Redactor } from '../../redact.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import { sidecarSettings } from '../settings.ts';
import type { Database } from './database.ts';

export interface LoginOptions {
  readonly platform: PlatformDocument;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  /** As Postgres shows it in pg_stat_activity. */
  readonly applicationName: string;
}

/** At most two connections. @throws MissingSetting where no login of the sidecar's is known */
export async function openDatabase(options: LoginOptions): Promise<Database> {
  const { platform, env, settings, secrets, redactor, applicationName } = options;
  const { database: login } = sidecarSettings(platform, env, { posture: 'gateway' });
  const systems = await postgresOptions(settings, secrets, { redactor });
  const password = await secrets.resolve(login.password);
  // Who does not need the tables shall not pay for loading it.
  const { createDatabase } = await import('./pooled-database.ts');
  return createDatabase({ ...systems, user: login.user, password, concurrency: 2, applicationName });
}
