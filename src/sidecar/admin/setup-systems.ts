/** Questions of the check list to Vault, Postgres and Airbyte: those of `tenantry doctor`, with the sidecar's own logins. */
import { checkAirbyte } from '../../doctor/airbyte.ts';
import { checkPostgresUse } from '../../doctor/postgres.ts';
import { checkVaultUse } from '../../doctor/vault.ts';
import { usedCapabilities } from '../../doctor/vault-capabilities.ts';
import type { SidecarContext } from '../context.ts';
import { rowSecurityBypass } from '../database/bypass.ts';
import { requireTables } from '../prepare-tables.ts';
import { ofDoctor, type Question, type SetupCheck } from './setup-check.ts';

export function systemQuestions(context: SidecarContext): Question[] {
  const { vault, settings } = context;
  return [
    {
      id: 'vault-reachable',
      group: 'vault',
      title: 'Vault can be reached',
      ask: async (signal) =>
        ofDoctor(await checkVaultUse({ vault }, { needed: usedCapabilities(vault), signal })),
    },
    {
      id: 'postgres-login',
      group: 'postgres',
      title: 'Login to Postgres',
      ask: async () => ofDoctor(await checkPostgresUse(postgresOf(context))),
    },
    {
      id: 'postgres-tables',
      group: 'postgres',
      title: 'Tables of the sidecar',
      ask: async () => [await tables(context)],
    },
    ...(settings.withoutAirbyte === undefined
      ? airbyteQuestions(context)
      : [noAirbyte(settings.withoutAirbyte)]),
  ];
}

/** Only the platform's role may do more; these questions are of the server itself. */
function postgresOf({ database, settings }: SidecarContext): Parameters<typeof checkPostgresUse>[0] {
  return {
    database: settings.backends.postgres.database,
    query: (sql, params) => database.asPlatform((query) => query(sql, params)),
  };
}

async function tables(context: SidecarContext): Promise<SetupCheck> {
  const line = { id: 'postgres-tables', group: 'postgres', title: 'Tables of the sidecar' } as const;
  await requireTables(context);
  const bypass = await rowSecurityBypass(context.database);
  if (bypass === undefined)
    return { ...line, state: 'ok', detail: 'There, with row-level security.', remedy: null };
  const [detail = bypass, remedy = null] = bypass.split(/; (?=set )/);
  return { ...line, state: 'warning', detail, remedy };
}

function noAirbyte(reason: string): Question {
  const line = { id: 'airbyte-login', group: 'airbyte', title: 'Login to Airbyte' } as const;
  const remedy = 'Set it in the Platform document or in the environment; without Airbyte nothing is synced.';
  return { ...line, ask: async () => [{ ...line, state: 'failed', detail: reason, remedy }] };
}

function airbyteQuestions({ airbyte, settings }: SidecarContext): Question[] {
  const found = { id: 'airbyte-found', group: 'airbyte', title: 'Workspaces and sources found' } as const;
  return [
    {
      id: 'airbyte-login',
      group: 'airbyte',
      title: 'Login to Airbyte',
      ask: async (signal) => ofDoctor(await checkAirbyte({ airbyte }, settings.backends, { signal })),
    },
    {
      ...found,
      async ask(signal) {
        const counted = async (path: string): Promise<number> =>
          (await airbyte.get<{ data?: unknown[] }>(path, { limit: MOST_COUNTED }, { signal }))?.data
            ?.length ?? 0;
        const [workspaces, sources] = await Promise.all([counted('/workspaces'), counted('/sources')]);
        const detail = `${plural(workspaces, 'workspace')}, ${plural(sources, 'source')}.`;
        const isEmpty = workspaces === 0;
        const remedy = 'Give this login a workspace in Airbyte, or apply a stack that makes one per tenant.';
        return [{ ...found, state: isEmpty ? 'warning' : 'ok', detail, remedy: isEmpty ? remedy : null }];
      },
    },
  ];
}

/** One page: thousands would not be counted in time. */
const MOST_COUNTED = 100;

function plural(count: number, what: string): string {
  const more = count >= MOST_COUNTED ? ' or more' : '';
  return `${count}${more} ${what}${count === 1 ? '' : 's'}`;
}
