/** What needs a person now, worst first, each with its reason and the next step in plain words. Pure. */
import { errorCodes } from '../../errors.ts';
import { type IntegrationOf, missingScopes, standingOf } from '../tenants/standing.ts';
import type { CredentialRow, SyncTroubleRow } from './overview-rows.ts';

export interface Need {
  readonly tenant: string;
  readonly tenantName: string;
  readonly integration: string;
  readonly name: string;
  readonly about: 'credential' | 'sync';
  readonly code: string;
  readonly reason: string;
  readonly remedy: string;
  /** RFC 3339. */
  readonly since: string;
}

/** Of two needs with the same rank the older one is worse. */
interface Ranked {
  readonly rank: number;
  readonly need: Need;
}

/** No data comes at all; it will not come soon; it comes late; it comes, but not all. */
const RANK = { credentialEnded: 0, syncFails: 1, held: 2, scopes: 3 } as const;

export interface Troubles {
  readonly credentials: readonly CredentialRow[];
  readonly syncs: readonly SyncTroubleRow[];
  /** Undefined for what no document names. */
  readonly find: (place: { tenant: string; integration: string }) => IntegrationOf | undefined;
}

export function needsOf({ credentials, syncs, find }: Troubles): Need[] {
  const ofCredentials = credentials.flatMap((row) => {
    const of = find(row);
    return of && standingOf(of, row) === 'needsPerson' ? [credentialNeed(of, row)] : [];
  });
  // A credential that ended is why the sync fails: it is told once.
  const told = new Set(
    ofCredentials.filter(({ rank }) => rank === RANK.credentialEnded).map(({ need }) => placeOf(need)),
  );
  const ofSyncs = syncs.flatMap((row) => {
    const of = find(row);
    const rests = of?.tenant.spec.suspend || of?.document.spec.suspend;
    return of && !rests && !told.has(placeOf(row)) ? [syncNeed(of, row)] : [];
  });
  return [...ofCredentials, ...ofSyncs].sort(worstFirst).map(({ need }) => need);
}

function worstFirst(one: Ranked, other: Ranked): number {
  return one.rank - other.rank || (one.need.since < other.need.since ? -1 : 1);
}

function placeOf({ tenant, integration }: { tenant: string; integration: string }): string {
  return `${tenant}/${integration}`;
}

function credentialNeed(of: IntegrationOf, row: CredentialRow): Ranked {
  const base = baseOf(of, row, new Date(row.updated_at));
  const again = `let somebody of ${base.tenantName} connect ${base.name} again`;
  if (row.credential_state === 'active') {
    const lacking = missingScopes(of, row).join(', ');
    const reason = `The token lacks scopes that the document asks for: ${lacking}.`;
    const need = {
      ...base,
      about: 'credential',
      code: 'ScopesMissing',
      reason,
      remedy: sentence(`${again} and agree`),
    };
    return { rank: RANK.scopes, need: need as Need };
  }
  const isExpired = row.credential_state === 'expired';
  const code = row.reason_code ?? (isExpired ? 'ProviderUnavailable' : 'NeedsReauthorization');
  const reason = row.reason_message
    ? sentence(row.reason_message)
    : isExpired
      ? 'The token has ended and was not renewed.'
      : 'The provider no longer accepts the grant.';
  const remedy = isExpired ? `Wait for the next try; if the token stays so, ${again}.` : sentence(again);
  return { rank: RANK.credentialEnded, need: { ...base, about: 'credential', code, reason, remedy } };
}

function syncNeed(of: IntegrationOf, row: SyncTroubleRow): Ranked {
  const base = { ...baseOf(of, row, row.since), about: 'sync' as const };
  if (row.failures === 0) {
    const code = row.held_code ?? 'Blocked';
    const reason = sentence(row.held_message ?? 'It is due and not begun.');
    return { rank: RANK.held, need: { ...base, code, reason, remedy: hintOf(code) } };
  }
  const code = row.error_code ?? 'Internal';
  const times = row.failures === 1 ? 'The last sync failed' : `The last ${row.failures} syncs failed`;
  const reason = `${times}: ${sentence(row.error_message ?? code)}`;
  const remedy = row.next_step === null ? hintOf(code) : sentence(row.next_step);
  return { rank: RANK.syncFails, need: { ...base, code, reason, remedy } };
}

function baseOf(
  { tenant, document, entry }: IntegrationOf,
  { tenant: name, integration }: { tenant: string; integration: string },
  since: Date,
): Pick<Need, 'tenant' | 'tenantName' | 'integration' | 'name' | 'since'> {
  return {
    tenant: name,
    tenantName: tenant.spec.displayName ?? name,
    integration,
    name: entry?.name ?? document.spec.integration,
    since: since.toISOString(),
  };
}

const hints = new Map<string, string>(errorCodes().map(({ code, hint }) => [code, hint]));

function hintOf(code: string): string {
  return sentence(hints.get(code) ?? 'look at the log of the run');
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
