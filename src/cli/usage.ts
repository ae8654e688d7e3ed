/** `tenantry usage`: what tenants used by day, and how far their quotas are used up. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from './command.ts';
import { count } from './format/show.ts';
import { formatTable } from './format/table.ts';
import type { Io } from './io.ts';
import type { StackOptions } from './session.ts';
import { type Quotas, type Usage, withSyncs } from './syncs/access.ts';
import { size, time } from './syncs/figures.ts';

interface UsageOptions extends Omit<StackOptions, 'output'> {
  readonly output: 'text' | 'json' | 'csv';
  readonly from?: string;
  readonly to?: string;
}

export function usageCommand(context: CommandContext): Command {
  const command = documentsCommand('usage', {
    summary: 'show what tenants used by day',
    description:
      'Shows calls through the proxy and what syncs brought, by day (UTC) and integration, of one tenant or of all; for one tenant its quotas too. Asks the same way as `tenantry sync` does.',
    examples: [
      'tenantry usage acme --stack prod',
      'tenantry usage --from 2026-01-01 --to 2026-01-31 --output csv > january.csv',
    ],
  });
  const shared = command.options.find(({ long }) => long === '--output');
  if (shared)
    shared.choices(['text', 'json', 'csv']).description = 'text for people, json or csv for programs';
  return command
    .argument('[tenant]', 'name of the tenant')
    .addOption(new Option('--from <day>', 'first day, YYYY-MM-DD (default: 30 days before)').argParser(dayOf))
    .addOption(new Option('--to <day>', 'last day (default: today)').argParser(dayOf))
    .action((tenant: string | undefined, options: UsageOptions) =>
      report(context, { ...options, output: reportAs(options) }, () => usage(tenant, options, context.io)),
    );
}

function reportAs({ output }: UsageOptions): 'text' | 'json' {
  return output === 'json' ? 'json' : 'text';
}

function dayOf(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('must be a day, YYYY-MM-DD');
}

async function usage(tenant: string | undefined, options: UsageOptions, io: Io): Promise<ExitCode> {
  const { from, to, output } = options;
  return withSyncs({ ...options, output: reportAs(options), place: { tenant } }, io, async (access) => {
    const tenants = await access.usage(tenant, { from, to });
    if (output === 'csv') {
      const { usageCsv } = await import('../sidecar/admin/usage.ts');
      io.out(usageCsv(tenants));
      return 0 as const;
    }
    const quotas = tenant === undefined ? undefined : await access.quotas(tenant);
    if (output === 'json') writeJson(io, { tenants, ...(quotas && { quotas: quotas.quotas }) });
    else io.out(`${formatUsage(tenants, io)}${quotas ? formatQuotas(quotas) : ''}`);
    return 0 as const;
  });
}

function formatUsage(tenants: readonly Usage[], io: Io): string {
  const head = ['DAY', 'TENANT', 'INTEGRATION', 'SYNCS', 'ROWS', 'SYNCED', 'CALLS', 'ERRORS'];
  const days = tenants.flatMap(({ tenant, days: own }) => own.map((day) => ({ tenant, ...day })));
  const rows = days.map((day) => [
    day.day,
    day.tenant,
    day.integration,
    String(day.syncs),
    String(day.rows),
    size(day.syncBytes),
    String(day.calls),
    String(day.errors),
  ]);
  const table = rows.length > 0 ? `${formatTable(head, rows, io)}\n` : '';
  const sum = (name: 'syncs' | 'rows' | 'calls'): number => days.reduce((all, day) => all + day[name], 0);
  return `${table}${count(sum('syncs'), 'sync')}, ${count(sum('rows'), 'row')}, ${count(sum('calls'), 'call')}.\n`;
}

function formatQuotas({ quotas }: Quotas): string {
  return quotas
    .flatMap(({ name, limit, used, resetsAt }) =>
      limit === null ? [] : [`${name}: ${used} of ${limit} used, until ${time(resetsAt)}\n`],
    )
    .join('');
}
