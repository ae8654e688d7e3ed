/** `tenantry api-keys list`: shows which keys there are. */
import type { Command } from 'commander';
import { type ApiKey, listEveryApiKey } from '../../sidecar/callers/api-keys/store.ts';
import { type CommandContext, documentsCommand, report, tenantOption, writeJson } from '../command.ts';
import { count } from '../format/show.ts';
import { formatTable } from '../format/table.ts';
import type { Io } from '../io.ts';
import { withDatabase } from '../platform-database.ts';
import { type StackOptions, withSession } from '../session.ts';

export function listCommand(context: CommandContext): Command {
  const { io } = context;
  return documentsCommand('list', {
    summary: 'show which keys there are',
    description:
      'Shows the keys of all tenants and of the platform, revoked ones too. No key can be shown again.',
    examples: ['tenantry api-keys list --stack prod', 'tenantry api-keys list --tenant acme --output json'],
  })
    .addOption(tenantOption())
    .action((options: StackOptions) =>
      report(context, options, () =>
        withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
          const { only } = session;
          const every = await withDatabase(session, listEveryApiKey);
          const keys = only ? every.filter(({ tenant }) => tenant !== null && only.has(tenant)) : every;
          if (options.output === 'json') writeJson(io, { apiKeys: keys });
          else io.out(formatKeys(keys, io));
          return 0 as const;
        }),
      ),
    );
}

function formatKeys(keys: readonly ApiKey[], io: Io): string {
  const head = ['ID', 'TENANT', 'NAME', 'ROLE', 'STATE', 'LAST USED'];
  const now = Date.now();
  const rows = keys.map((key) => [
    key.id,
    key.tenant ?? '(platform)',
    key.name,
    key.role,
    stateOf(key, now),
    key.lastUsedAt === null ? 'never' : timeOf(key.lastUsedAt),
  ]);
  const table = rows.length > 0 ? `${formatTable(head, rows, io)}\n` : '';
  return `${table}${count(keys.length, 'key')}.\n`;
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: number): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'live';
  return expiresAt.getTime() <= now ? 'ended' : `until ${timeOf(expiresAt)}`;
}

function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
