/**
 * Brings rows and jobs in step with Vault: what was written there by hand gets both, and jobs that a queue has lost are
 * made again.
 */
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError } from '../../errors.ts';
import { listCredentialNames, readMetadata } from '../../resources/vault/kv.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { type IntegrationView, requireIntegration, type StackView } from '../stack/view.ts';
import type { Adoption } from './adoption.ts';
import type { ReadCredential } from './custody.ts';
import { endRow, type InstallationRow } from './installation-row.ts';
import type { TokenParts } from './parts.ts';
import { REFRESH_TASK, type Schedule } from './schedule.ts';

export interface ReconcileParts extends TokenParts {
  readonly read: ReadCredential;
  readonly adoption: Adoption;
  readonly schedule: Schedule;
}

export interface Reconciled {
  /** Credentials that no row knew, or knew in another version. */
  readonly adopted: number;
  /** Jobs of the next hours, made again where they were not there. */
  readonly scheduled: number;
  /** Rows of credentials that are not in Vault any more. */
  readonly ended: number;
}

/** Jobs until the reconciliation after the next. In milliseconds. */
const AHEAD_MS = 2 * 3_600_000;
const TENANTS_AT_ONCE = 8;

type Row = InstallationRow & { readonly integration: string };

const ROWS = `select integration, status, credential_state, credential_version, reason_code, reason_message,
    last_refreshed_at, next_refresh_at, refresh_failures
  from tenantry.installations where tenant = $1 and status <> 'revoked'`;

export function createReconcile(parts: ReconcileParts): (signal?: AbortSignal) => Promise<Reconciled> {
  return async (signal) => {
    const stack = parts.stack.current();
    const total = { adopted: 0, scheduled: 0, ended: 0 };
    let failure: unknown;
    const left = stack.documents.tenants.map(({ metadata }) => metadata.name)[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (const tenant of left) {
        if (signal?.aborted) return;
        try {
          const done = await reconcileTenant(parts, stack, tenant);
          total.adopted += done.adopted;
          total.scheduled += done.scheduled;
          total.ended += done.ended;
        } catch (error) {
          // One tenant without a key must not keep the others from their refreshes.
          failure = error;
          parts.log.warn({ tenant, err: asTenantryError(error) }, 'a tenant was not reconciled');
        }
      }
    };
    await Promise.all(Array.from({ length: TENANTS_AT_ONCE }, worker));
    if (failure !== undefined) throw failure;
    return total;
  };
}

async function reconcileTenant(parts: ReconcileParts, stack: StackView, tenant: string): Promise<Reconciled> {
  const { database, queue, schedule, now } = parts;
  const views = new Map(
    stack
      .integrationsOf(tenant)
      .map(({ spec }) => [spec.integration, requireIntegration(stack, tenant, spec.integration)]),
  );
  const names = await listCredentialNames(parts.vault, tenant, {});
  const rows = new Map(
    (await database.asTenant(tenant, (query) => query<Row>(ROWS, [tenant]))).map((row) => [
      row.integration,
      row,
    ]),
  );
  let adopted = 0;
  for (const name of names) {
    const view = views.get(name);
    if (view && (await adoptIfNew(parts, view, rows.get(name)))) adopted++;
  }
  let ended = 0;
  for (const [integration, { credential_version: seen }] of rows) {
    if (names.includes(integration) || seen === null) continue;
    const place = { tenant, integration };
    const isOver = await database.asTenant(tenant, (query) => endRow(query, place, { now: now(), seen }));
    if (isOver) ended++;
  }
  const due = [...rows.values()].filter(
    ({ next_refresh_at: at, integration }) =>
      at !== null && at.getTime() < now() + AHEAD_MS && names.includes(integration) && views.has(integration),
  );
  const jobs = due.map(({ integration, next_refresh_at: at }) =>
    schedule.job({ tenant, integration }, at?.getTime() ?? now()),
  );
  if (jobs.length > 0) await queue.addMany(REFRESH_TASK, jobs);
  return { adopted, scheduled: jobs.length, ended };
}

/** A row that is good and knows the newest version needs no look into Vault. */
async function adoptIfNew(
  { vault, read, adoption }: ReconcileParts,
  view: IntegrationView,
  row: Row | undefined,
): Promise<boolean> {
  if (row?.credential_state === 'active' && row.credential_version !== null) return false;
  const place: CredentialPlace = {
    tenant: view.document.spec.tenant,
    integration: view.document.spec.integration,
  };
  const metadata = await readMetadata(vault, credentialPath(place.tenant, place.integration), {});
  if (!metadata || metadata.current_version === row?.credential_version) return false;
  const held = await read(place);
  if (!held || held.version === row?.credential_version) return false;
  return await adoption.now(view, held, row);
}
