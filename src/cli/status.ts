/** `tenantry status`: how each tenant's integrations are, now. */
import type { Command } from 'commander';
import { prepare } from '../reconcile/run.ts';
import { type IntegrationStatus, integrationStatuses } from '../reconcile/status.ts';
import {
  type CommandContext,
  type ExitCode,
  report,
  stackCommand,
  tenantOption,
  writeJson,
} from './command.ts';
import { formatTable } from './format/table.ts';
import { type StackOptions, withSession } from './session.ts';

export function statusCommand(context: CommandContext): Command {
  return stackCommand(
    'status',
    'show how each integration is',
    'Shows for each tenant and integration whether it is as the documents say, what it waits for, and how the last sync went.\nExit code 0: all as wanted or waiting, 2: something differs, 1: an error.',
  )
    .addOption(tenantOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry status --stack prod\n  tenantry status --stack prod --tenant acme --output json',
    )
    .action((options: StackOptions) => report(context, options.output, () => status(options, context)));
}

async function status(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true }, io, async (session) => {
    const prepared = await prepare(session);
    const statuses = await integrationStatuses(prepared, session.documents, session.world);
    if (options.output === 'json') writeJson(io, { integrations: statuses });
    else io.out(formatStatuses(statuses, io));
    return statuses.some((item) => item.status === 'differs' || item.status === 'refused') ? 2 : 0;
  });
}

function formatStatuses(statuses: readonly IntegrationStatus[], io: CommandContext['io']): string {
  const rows = statuses.map((item) => [
    item.tenant,
    item.integration,
    item.status,
    item.lastSync ? `${item.lastSync.status}, ${item.lastSync.rows} rows` : '-',
    item.nextStep ?? '',
  ]);
  return formatTable(['TENANT', 'INTEGRATION', 'STATUS', 'LAST SYNC', 'NEXT STEP'], rows, io);
}
