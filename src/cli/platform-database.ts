/** Opens the platform tables for a command, with the sidecar's own login. */
import { postgresOptions } from '../clients/connect.ts';
import type { Database } from '../sidecar/database/database.ts';
import { sidecarSettings } from '../sidecar/settings.ts';
import type { Session } from './session.ts';

export async function withDatabase<T>(
  { documents, env, backends }: Pick<Session, 'documents' | 'env' | 'backends'>,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { database: login } = sidecarSettings(documents.platform, env, { posture: 'gateway' });
  const { secrets, redactor, settings } = backends;
  const systems = await postgresOptions(settings, secrets, { redactor });
  const password = await secrets.resolve(login.password);
  // Other commands shall not pay for loading it.
  const { createDatabase } = await import('../sidecar/database/pooled-database.ts');
  const database = createDatabase({
    ...systems,
    user: login.user,
    password,
    concurrency: 2,
    applicationName: 'tenantry',
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
