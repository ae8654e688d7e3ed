/** Reads runs and states for who asks about syncs; each within its tenant. */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { Database } from '../database/database.ts';
import type { StackView } from '../stack/view.ts';
import { nextInAirbyte } from './due.ts';
import { readStates as readKept } from './every-state.ts';
import { RUN_COLUMNS, type RunRow, runOf } from './rows.ts';
import type { RunPage, SyncState } from './syncs.ts';
import { type Wanted, wantedOf } from './wanted.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws NotFound */
export async function readRun(
  database: Pick<Database, 'asTenant'>,
  { tenant, integration }: CredentialPlace,
  id: string,
  options?: CallOptions,
): Promise<RunRow> {
  const [row] = UUID.test(id)
    ? await database.asTenant(
        tenant,
        (query) =>
          query<RunRow>(
            `select ${RUN_COLUMNS} from tenantry.sync_runs where id = $1 and tenant = $2 and integration = $3`,
            [id, tenant, integration],
          ),
        options,
      )
    : [];
  if (!row) throw new TenantryError('NotFound', `no such sync of ${tenant}/${integration}`);
  return row;
}

/** @throws InvalidRequest when `before` is none of ours */
export async function readRuns(
  database: Pick<Database, 'asTenant'>,
  { tenant, integration }: { readonly tenant: string; readonly integration?: string },
  { limit, before }: { readonly limit: number; readonly before?: string },
  options?: CallOptions,
): Promise<RunPage> {
  const after = before === undefined ? undefined : parsePage(before);
  const rows = await database.asTenant(
    tenant,
    (query) =>
      query<RunRow>(
        `select ${RUN_COLUMNS} from tenantry.sync_runs
         where tenant = $1 and ($2::text is null or integration = $2)
           and ($3::timestamptz is null or (created_at, id) < ($3::timestamptz, $4::uuid))
         order by created_at desc, id desc limit $5`,
        [tenant, integration ?? null, after?.at ?? null, after?.id ?? null, limit + 1],
      ),
    options,
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last ? `${last.created_at.getTime()}.${last.id}` : undefined;
  return { runs: shown.map(runOf), next };
}

function parsePage(text: string): { readonly at: Date; readonly id: string } {
  const [ms = '', id = ''] = text.split('.');
  const at = new Date(Number(ms));
  if (/^\d{1,15}$/.test(ms) && UUID.test(id) && !Number.isNaN(at.getTime())) return { at, id };
  throw new TenantryError('InvalidRequest', 'before must be the `next` of another page');
}

/** Of every integration that its documents sync, whether it has been synced or not. */
export async function readStates(
  of: { readonly database: Pick<Database, 'asTenant'>; readonly view: StackView; readonly now: number },
  tenant: string,
  options?: CallOptions,
): Promise<readonly SyncState[]> {
  const { database, view, now } = of;
  const states = await database.asTenant(tenant, (query) => readKept(query, [tenant]), options);
  const stateOf = new Map(states.map((state) => [state.integration, state]));
  return view.integrationsOf(tenant).flatMap(({ spec: { integration } }) => {
    const wanted = wantedOf(view, { tenant, integration });
    return wanted ? [stateView(wanted, stateOf.get(integration), now)] : [];
  });
}

function stateView(wanted: Wanted, kept: SyncState | undefined, now: number): SyncState {
  const { tenant, integration, schedule, runner } = wanted;
  const inAirbyte = runner === 'Airbyte' ? nextInAirbyte(wanted, now) : undefined;
  const ours = runner === 'Sidecar' ? kept?.nextAt : undefined;
  return {
    tenant,
    integration,
    schedule,
    nextAt: inAirbyte === undefined ? ours : new Date(inAirbyte).toISOString(),
    last: kept?.last,
    consecutiveFailures: kept?.consecutiveFailures ?? 0,
    held: kept?.held,
  };
}
