/** `tenantry credentials list`: which integrations are connected. */
import type { Command } from 'commander';
import { type CredentialRow, listCredentials } from '../../credentials/list.ts';
import { type CommandContext, documentsCommand, report, tenantOption, writeJson } from '../command.ts';
import { count } from '../format/show.ts';
import { formatTable } from '../format/table.ts';
import type { Io } from '../io.ts';
import { type StackOptions, withSession } from '../session.ts';

export function listCommand(context: CommandContext): Command {
  const { io } = context;
  return documentsCommand('list', {
    summary: 'show which credentials there are',
    description:
      'Shows for each integration whether it is connected, and whether its secrets are known to be encrypted. Reads no secret.',
    examples: [
      'tenantry credentials list --stack prod',
      'tenantry credentials list --tenant acme --output json',
    ],
  })
    .addOption(tenantOption())
    .action((options: StackOptions) =>
      report(context, options, () =>
        withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
          const rows = await listCredentials(session.documents, session.world.vault, session.only);
          if (options.output === 'json') writeJson(io, { credentials: rows });
          else io.out(formatRows(rows, io));
          return 0 as const;
        }),
      ),
    );
}

function formatRows(rows: readonly CredentialRow[], io: Io): string {
  const head = ['TENANT', 'INTEGRATION', 'CONNECTED', 'VERSION', 'ENCRYPTED', 'SINCE'];
  const table = rows.length > 0 ? `${formatTable(head, rows.map(cells), io)}\n` : '';
  const connected = rows.filter((row) => row.connected).length;
  return `${table}${count(rows.length, 'integration')}, ${connected} connected.\n`;
}

function cells(row: CredentialRow): string[] {
  const { tenant, integration, connected, version, encrypted, createdAt } = row;
  if (!connected) return [tenant, integration, 'no', '-', '-', '-'];
  const since = createdAt.replace(/\.\d+Z$/, 'Z');
  return [tenant, integration, 'yes', String(version), encrypted ? 'yes' : 'not checked', since];
}
