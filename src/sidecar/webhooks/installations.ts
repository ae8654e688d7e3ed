/** Finds the installation that a webhook is for, and the secret of its own subscription. */
import QuickLRU from 'quick-lru';
import type { CallOptions } from '../../clients/http.ts';
import type { SidecarContext } from '../context.ts';
import { decryptAll } from './ciphertext.ts';

export interface Installation extends Record<string, unknown> {
  readonly id: string;
  readonly tenant: string;
  readonly integration: string;
  readonly external_install_id: string | null;
  /** Transit cipher text. */
  readonly webhook_secret: string | null;
}

const COLUMNS = 'id, tenant, integration, external_install_id, webhook_secret';

/** The one that has this id at the provider; an account there belongs to one tenant only. */
export async function installationOfAccount(
  { database }: Pick<SidecarContext, 'database'>,
  integration: string,
  account: string,
  options: CallOptions = {},
): Promise<Installation | undefined> {
  const rows = await database.asPlatform(
    (query) =>
      query<Installation>(
        `select ${COLUMNS} from tenantry.installations
          where integration = $1 and external_install_id = $2 and status <> 'revoked'`,
        [integration, account],
      ),
    options,
  );
  return rows.length === 1 ? rows[0] : undefined;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function installationById(
  { database }: Pick<SidecarContext, 'database'>,
  integration: string,
  id: string,
  options: CallOptions = {},
): Promise<Installation | undefined> {
  if (!UUID.test(id)) return undefined;
  const [found] = await database.asPlatform(
    (query) =>
      query<Installation>(
        `select ${COLUMNS} from tenantry.installations
          where integration = $1 and id = $2 and status <> 'revoked'`,
        [integration, id],
      ),
    options,
  );
  return found;
}

const CACHED_SECRETS = 5_000;
const CACHED_MS = 5 * 60_000;

/**
 * Reads secrets of subscriptions, which are asked for by every delivery. The cache goes by cipher text: a new secret
 * counts at once.
 */
export function subscriptionSecrets({
  vault,
  redactor,
}: Pick<SidecarContext, 'vault' | 'redactor'>): (
  installation: Installation,
  options?: CallOptions,
) => Promise<string | undefined> {
  const known = new QuickLRU<string, string>({ maxSize: CACHED_SECRETS, maxAge: CACHED_MS });
  return async ({ tenant, webhook_secret: ciphertext }, options = {}) => {
    if (ciphertext === null) return undefined;
    const key = `${tenant} ${ciphertext}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const [plain] = await decryptAll(vault, tenant, [ciphertext], options);
    const secret = plain?.toString('utf8') ?? '';
    redactor.add(secret);
    known.set(key, secret);
    return secret;
  };
}
