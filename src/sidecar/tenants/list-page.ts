/** Chooses a page of tenants from the documents in memory, and counts what their rows say. Pure. */
import type { TenantDocument } from '../../spec/tenant.ts';
import { type Caller, mayActFor } from '../callers/caller.ts';
import type { StackView } from '../stack/view.ts';
import type { ListRow } from './list-rows.ts';
import { integrationsOf, type Standing, standingOf } from './standing.ts';

export type TenantState = 'healthy' | 'needsPerson' | 'failing' | 'waiting' | 'suspended';

export interface Summary {
  readonly name: string;
  readonly displayName: string | null;
  readonly suspended: boolean;
  readonly integrations: {
    readonly total: number;
    readonly healthy: number;
    readonly needPerson: number;
    readonly waiting: number;
    readonly suspended: number;
  };
  /** Null: nothing is known of syncs. */
  readonly failingSyncs: number | null;
  readonly nextSyncAt: string | null;
}

const sorted = new WeakMap<StackView, readonly TenantDocument[]>();

/** By name; made once for each view, because sorting thousands costs more than all the rest. */
function tenantsByName(view: StackView): readonly TenantDocument[] {
  const known = sorted.get(view);
  if (known) return known;
  const made = view.documents.tenants.toSorted((one, other) =>
    one.metadata.name < other.metadata.name ? -1 : 1,
  );
  sorted.set(view, made);
  return made;
}

/** Tenants that the caller may act for and whose name or display name holds the text. */
export function tenantsFor(view: StackView, caller: Caller, search: string | undefined): TenantDocument[] {
  const wanted = search?.trim().toLowerCase() ?? '';
  const holds = (text: string | undefined): boolean => text?.toLowerCase().includes(wanted) === true;
  return tenantsByName(view).filter(
    ({ metadata, spec }) =>
      mayActFor(caller, metadata.name) && (wanted === '' || holds(metadata.name) || holds(spec.displayName)),
  );
}

export function rowsByPlace(rows: readonly ListRow[]): ReadonlyMap<string, ListRow> {
  return new Map(rows.map((row) => [`${row.tenant}/${row.integration}`, row]));
}

export function summaryOf(
  view: StackView,
  tenant: TenantDocument,
  rows: ReadonlyMap<string, ListRow>,
): Summary {
  const { name } = tenant.metadata;
  const count: Record<Standing, number> = { healthy: 0, needsPerson: 0, waiting: 0, suspended: 0 };
  let [failing, nextAt]: [number | null, number | null] = [null, null];
  const integrations = integrationsOf(view, tenant);
  for (const of of integrations) {
    const row = rows.get(`${name}/${of.document.spec.integration}`);
    count[standingOf(of, heldOf(row))] += 1;
    if (row?.failures == null) continue;
    failing = (failing ?? 0) + (row.failures > 0 ? 1 : 0);
    if (row.next_at !== null && (nextAt === null || row.next_at < nextAt)) nextAt = row.next_at;
  }
  return {
    name,
    displayName: tenant.spec.displayName ?? null,
    suspended: tenant.spec.suspend,
    integrations: {
      total: integrations.length,
      healthy: count.healthy,
      needPerson: count.needsPerson,
      waiting: count.waiting,
      suspended: count.suspended,
    },
    failingSyncs: failing,
    nextSyncAt: nextAt === null ? null : new Date(nextAt).toISOString(),
  };
}

function heldOf(row: ListRow | undefined): Parameters<typeof standingOf>[1] {
  if (!row || row.status === null || row.credential_state === null) return undefined;
  return { status: row.status, credential_state: row.credential_state, scopes: row.scopes };
}

/** A tenant may be in several states but for `healthy`, which says that there is nothing to be done. */
export function isIn(state: TenantState, { suspended, integrations, failingSyncs }: Summary): boolean {
  const { needPerson, waiting } = integrations;
  const isFailing = (failingSyncs ?? 0) > 0;
  switch (state) {
    case 'needsPerson':
      return needPerson > 0;
    case 'failing':
      return isFailing;
    case 'waiting':
      return waiting > 0;
    case 'suspended':
      return suspended;
    case 'healthy':
      return !suspended && needPerson === 0 && waiting === 0 && !isFailing;
  }
}
