/** Waits for the syncs that an apply started, and counts what they brought. */
import { setTimeout as wait } from 'node:timers/promises';
import { defaultTablePrefix } from '../catalog/entry.ts';
import { quoteIdent } from '../clients/postgres.ts';
import type { IntegrationStatus } from '../reconcile/status.ts';
import type { World } from '../resources/kind.ts';
import type { Documents } from '../spec/documents.ts';
import type { IntegrationDocument } from '../spec/integration.ts';
import { schemaOf } from '../spec/names.ts';

const RUNNING: ReadonlySet<string> = new Set(['pending', 'queued', 'running', 'incomplete']);
const POLL_MS = 100;

/** Asks for the statuses until no sync runs any more, or the time is over. */
export async function waitForSyncs(
  statuses: () => Promise<IntegrationStatus[]>,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<IntegrationStatus[]> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const found = await statuses();
    const running = found.some((item) => item.lastSync && RUNNING.has(item.lastSync.status));
    if (!running || Date.now() > deadline || options.signal?.aborted) return found;
    await wait(POLL_MS);
  }
}

/** Rows in an integration's tables. */
export async function countRows(
  document: IntegrationDocument,
  documents: Documents,
  world: World,
): Promise<number> {
  const tenant = documents.tenants.find((item) => item.metadata.name === document.spec.tenant);
  if (!tenant) return 0;
  const schema = document.spec.sync.namespace ?? schemaOf(tenant);
  const prefix = document.spec.sync.prefix ?? defaultTablePrefix(document.spec.integration);
  const tables = await world.postgres.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND starts_with(tablename, $2) AND NOT starts_with(tablename, 'raw_')",
    [schema, prefix],
    world,
  );
  let rows = 0;
  for (const { name } of tables) {
    const [row] = await world.postgres.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${quoteIdent(schema)}.${quoteIdent(name)}`,
      [],
      world,
    );
    rows += row?.count ?? 0;
  }
  return rows;
}
