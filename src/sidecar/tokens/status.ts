/** What may be told of a credential without decrypting it. */
import type { CallOptions } from '../../clients/http.ts';
import { type CredentialPlace, readStored } from '../../credentials/store.ts';
import { requireIntegration, scopesOf } from '../stack/view.ts';
import { environmentToken } from './environment.ts';
import { type Held, heldOf, isTombstone } from './held.ts';
import { type InstallationRow, isJudged, readRow } from './installation-row.ts';
import { freshness } from './lifetime.ts';
import type { TokenParts } from './parts.ts';
import type { CredentialState, CredentialStatus } from './service.ts';
import { passing } from './trouble.ts';

export function createStatus(
  parts: TokenParts,
): (place: CredentialPlace, options?: CallOptions) => Promise<CredentialStatus> {
  const { vault, database, stack, settings, now } = parts;
  const { environment: variables } = settings.spec.tokens;
  const env = parts.env ?? process.env;

  return async ({ tenant, integration }, options = {}) => {
    const view = requireIntegration(stack.current(), tenant, integration);
    const place = { tenant, integration };
    const [stored, row] = await Promise.all([
      readStored(vault, place, options),
      readRow(database, place, options),
    ]).catch((error: unknown) => {
      throw passing(error);
    });
    const isThere = stored !== undefined && !isTombstone(stored.data);
    const held = isThere
      ? heldOf(stored, {})
      : environmentToken({ ...parts, variables, env }, stack.current(), view);
    const wanted = scopesOf(view);
    const scopes = held?.scopes ?? [];
    const { createdAt, expiresAt } = held ?? {};
    const reason = held && row && reasonOf(row, held);
    return {
      tenant,
      integration,
      state: stateOf(held, row, now()),
      hasCredentials: held !== undefined,
      ...(createdAt !== undefined && { createdAt }),
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
      ...(held && time('lastRefreshedAt', row?.last_refreshed_at)),
      ...(held && time('nextRefreshAt', row?.next_refresh_at)),
      scopes,
      // Where nobody wrote down which scopes there are, nobody is asked to agree again.
      missingScopes: held?.scopes ? wanted.filter((scope) => !scopes.includes(scope)) : [],
      ...(reason && { reason }),
    };
  };
}

function stateOf(held: Held | undefined, row: InstallationRow | undefined, now: number): CredentialState {
  if (!held) return row?.status === 'revoked' ? 'revoked' : 'missing';
  if (row?.status === 'suspended') return 'suspended';
  if (isJudged(row, held.version)) return 'needs_reauthorization';
  return freshness(held, now, 0) === 'ended' ? 'expired' : 'active';
}

/** Of an earlier version nothing is told. */
function reasonOf(row: InstallationRow, { version }: Held): CredentialStatus['reason'] {
  const { reason_code: code, reason_message: message } = row;
  if (row.status === 'revoked' || row.credential_version !== version || code === null) return undefined;
  return { code, message: message ?? '' };
}

function time<K extends string>(name: K, at: Date | null | undefined): Partial<Record<K, string>> {
  return (at ? { [name]: at.toISOString() } : {}) as Partial<Record<K, string>>;
}
