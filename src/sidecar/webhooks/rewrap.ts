/** Encrypts the secrets of webhooks anew after a tenant's key was rotated, so that old versions of it can be ended. */
import type { CallOptions } from '../../clients/http.ts';
import { keyVersionOf } from '../../credentials/fields.ts';
import type { SidecarContext } from '../context.ts';
import { decryptAll, encryptAll } from './ciphertext.ts';

interface Kept extends Record<string, unknown> {
  readonly tenant: string;
  readonly place: 'endpoint' | 'installation';
  readonly id: string;
  readonly secret: string;
}

const UPDATE: Readonly<Record<Kept['place'], string>> = {
  endpoint: 'update tenantry.webhook_endpoints set secret = $2 where id = $1 and secret = $3',
  installation: 'update tenantry.installations set webhook_secret = $2 where id = $1 and webhook_secret = $3',
};

/** @returns how many were encrypted anew */
export async function rewrapSecrets(
  context: Pick<SidecarContext, 'database' | 'vault' | 'log'>,
  options: CallOptions = {},
): Promise<number> {
  const rows = await context.database.asPlatform(
    (query) =>
      query<Kept>(
        `select tenant, 'endpoint' as place, id, secret from tenantry.webhook_endpoints
         union all
         select tenant, 'installation', id, webhook_secret from tenantry.installations
          where webhook_secret is not null and status <> 'revoked'`,
      ),
    options,
  );
  let done = 0;
  for (const [tenant, kept] of Map.groupBy(rows, (row) => row.tenant)) {
    try {
      done += await rewrapOf(context, tenant, kept, options);
    } catch (error) {
      // The others' are not to wait for a tenant whose key is gone; tomorrow it is tried again.
      context.log.warn({ err: error, tenant }, 'the secrets of webhooks were not encrypted anew');
    }
  }
  return done;
}

async function rewrapOf(
  { database, vault }: Pick<SidecarContext, 'database' | 'vault'>,
  tenant: string,
  kept: readonly Kept[],
  options: CallOptions,
): Promise<number> {
  // The sidecar may not read the key itself; what it encrypts tells the version.
  const [probe] = await encryptAll(vault, tenant, ['version'], options);
  const old = kept.filter(({ secret }) => keyVersionOf(secret) !== keyVersionOf(probe));
  if (old.length === 0) return 0;
  const opened = await decryptAll(
    vault,
    tenant,
    old.map(({ secret }) => secret),
    options,
  );
  const anew = await encryptAll(vault, tenant, opened, options);
  await database.asTenant(
    tenant,
    async (query) => {
      for (const [index, { place, id, secret }] of old.entries()) {
        await query(UPDATE[place], [id, anew[index], secret]);
      }
    },
    options,
  );
  return old.length;
}
