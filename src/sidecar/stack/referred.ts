/** Takes credentials that a tenant config file refers to into custody, where none is kept yet. */
import type { Secrets } from '../../clients/secrets.ts';
import { asTenantryError } from '../../errors.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { parseSecretRef } from '../../spec/secret-ref.ts';
import type { ReferredCredential } from '../../spec/tenant-config.ts';
import type { SidecarContext } from '../context.ts';

/** One that cannot be taken is told in the log and does not keep the others from being served. */
export async function adoptReferred(
  referred: readonly ReferredCredential[],
  { tokens, secrets, vault, log }: Pick<SidecarContext, 'tokens' | 'secrets' | 'vault' | 'log'>,
): Promise<number> {
  let taken = 0;
  for (const credential of referred) {
    const place = { tenant: credential.tenant, integration: credential.integration };
    // What the reference names is the place where custody itself looks: there is nothing to copy.
    if (isOwnPlace(credential, vault.kvMount)) continue;
    try {
      if ((await tokens.status(place)).hasCredentials) continue;
      const accessToken = await resolve(secrets, credential.accessToken);
      const refreshToken = await resolve(secrets, credential.refreshToken);
      await tokens.put(
        place,
        {
          secrets: { access_token: accessToken ?? '', ...(refreshToken && { refresh_token: refreshToken }) },
          tokenType: 'bearer',
          expiresAt: undefined,
          scopes: undefined,
          facts: {},
        },
        { id: 'system:tenant-config' },
      );
      taken++;
    } catch (error) {
      log.error(
        { err: asTenantryError(error), ...place },
        'a credential of the tenant config file was not taken',
      );
    }
  }
  return taken;
}

function isOwnPlace({ tenant, integration, accessToken }: ReferredCredential, kvMount: string): boolean {
  const ref = parseSecretRef(accessToken ?? '');
  return ref?.from === 'vault' && ref.path === `${kvMount}/data/${credentialPath(tenant, integration)}`;
}

async function resolve(secrets: Secrets, text: string | undefined): Promise<string | undefined> {
  const ref = text === undefined ? undefined : parseSecretRef(text);
  return ref && (await secrets.resolve(ref));
}
