/** Rows of runs and their states, written as the runner writes them. */
import { randomUUID } from 'node:crypto';
import type { PostgresClient } from '../../../src/clients/postgres.ts';
import { RUN_COLUMNS, type RunRow } from '../../../src/sidecar/syncs/rows.ts';

export async function insertState(
  admin: PostgresClient,
  { tenant, integration }: { readonly tenant: string; readonly integration: string },
): Promise<void> {
  await admin.query(
    `insert into tenantry.sync_states (tenant, integration, schedule, runner) values ($1, $2, '@hourly', 'Sidecar')`,
    [tenant, integration],
  );
}

/** Columns beside those that have a default here; times are milliseconds since 1970 or RFC 3339. */
export async function insertRun(admin: PostgresClient, columns: Record<string, unknown>): Promise<RunRow> {
  const row: Record<string, unknown> = {
    id: randomUUID(),
    tenant: 'acme',
    integration: 'notion',
    trigger: 'schedule',
    status: 'waiting',
    ...columns,
  };
  const names = Object.keys(row);
  const [inserted] = await admin.query<RunRow>(
    `insert into tenantry.sync_runs (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})
     returning ${RUN_COLUMNS}`,
    names.map((name) => row[name]),
  );
  if (!inserted) throw new Error('no row');
  return inserted;
}
