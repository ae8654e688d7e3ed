/** What works badly and keeps nothing from starting: told once in the log, so that nobody has to learn it from calls. */
import { asTenantryError } from '../errors.ts';
import type { SidecarContext } from './context.ts';
import { rowSecurityBypass } from './database/bypass.ts';

/** Resolves when all has been looked at; never rejects, because a system that is away comes back. */
export async function warnAtStart(context: SidecarContext, signal: AbortSignal): Promise<void> {
  const { log, settings } = context;
  if (settings.withoutAirbyte) log.warn({ reason: settings.withoutAirbyte }, 'sources are not kept in step');
  if (settings.posture === 'sidecar' && settings.loopbackTenants.length === 0) {
    log.warn('without --tenant a sidecar takes no call without a credential');
  }
  await Promise.all([warnOfBypass(context), warnOfVaultLogin(context, signal)]);
}

async function warnOfBypass({ database, log }: SidecarContext): Promise<void> {
  const bypass = await rowSecurityBypass(database).catch(() => undefined);
  if (bypass) log.warn({ reason: bypass }, 'the login to Postgres is not bound by row-level security');
}

/** `/ready` asks only whether Vault is there: a login that it refuses would show at the first call. */
async function warnOfVaultLogin({ vault, log }: SidecarContext, signal: AbortSignal): Promise<void> {
  try {
    await vault.read('auth/token/lookup-self', { signal });
  } catch (error) {
    const { code, message } = asTenantryError(error);
    if (code !== 'VaultUnauthorized') return;
    log.error(
      { code, reason: message },
      'Vault refuses the login: check spec.vault.auth (VAULT_TOKEN, VAULT_ROLE_ID)',
    );
  }
}
