/** How an integration of a tenant stands, by its document and its row: as lists and overviews of many count it. Pure. */
import { type IntegrationView, type StackView, scopesOf } from '../stack/view.ts';

/**
 * - `healthy`: its credential is good;
 * - `needsPerson`: it was connected, and somebody has to do something about it;
 * - `waiting`: nobody has connected it yet, or it was disconnected;
 * - `suspended`: it rests, because a document or a person says so.
 */
export type Standing = 'healthy' | 'needsPerson' | 'waiting' | 'suspended';

/**
 * What counts of a row of tenantry.installations that is not revoked. Texts only: arrays and dates of many thousands of rows
 * take longer to read than all else.
 */
export interface StandingRow {
  readonly status: 'active' | 'suspended';
  readonly credential_state: 'active' | 'expired' | 'needs_reauthorization' | 'revoked';
  /** With a space between them; null: nobody wrote down which there are. See SCOPES_TEXT. */
  readonly scopes: string | null;
}

/** SQL that makes the text of the column. No scope has a space in it (RFC 6749 section 3.3). */
export const SCOPES_TEXT = "nullif(array_to_string(scopes, ' '), '')";

export type IntegrationOf = Pick<IntegrationView, 'tenant' | 'document'> & {
  /** Undefined where the catalog has no such entry any more. */
  readonly entry: IntegrationView['entry'] | undefined;
};

/** Every integration of a tenant with its document and entry. */
export function integrationsOf(view: StackView, tenant: IntegrationView['tenant']): IntegrationOf[] {
  return view.integrationsOf(tenant.metadata.name).map((document) => ({
    tenant,
    document,
    entry: view.catalog.get(document.spec.integration),
  }));
}

export function standingOf(of: IntegrationOf, row: StandingRow | undefined): Standing {
  if (of.tenant.spec.suspend || of.document.spec.suspend || row?.status === 'suspended') return 'suspended';
  if (row === undefined || row.credential_state === 'revoked') return 'waiting';
  if (row.credential_state !== 'active') return 'needsPerson';
  return missingScopes(of, row).length > 0 ? 'needsPerson' : 'healthy';
}

/** Scopes of the document that the token lacks. Where nobody wrote down which it has, nobody is asked to agree again. */
export function missingScopes(
  { document, entry }: IntegrationOf,
  { scopes }: Pick<StandingRow, 'scopes'>,
): readonly string[] {
  if (entry === undefined || scopes === null) return [];
  const held = split(scopes);
  return scopesOf({ document, entry }).filter((scope) => !held.has(scope));
}

const MOST_KNOWN = 1_000;
const known = new Map<string, ReadonlySet<string>>();

/** Most tenants have the same scopes. */
function split(scopes: string): ReadonlySet<string> {
  const found = known.get(scopes);
  if (found) return found;
  const made = new Set(scopes.split(' '));
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(scopes, made);
  return made;
}
