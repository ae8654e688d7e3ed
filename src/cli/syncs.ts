/** `tenantry syncs`: what fails now, how the syncs of a tenant are, and the history and logs of one. */
import { type Command, InvalidArgumentError } from 'commander';
import type { CredentialPlace } from '../credentials/store.ts';
import { TenantryError } from '../errors.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from './command.ts';
import { count } from './format/show.ts';
import { formatTable } from './format/table.ts';
import type { Io } from './io.ts';
import type { StackOptions } from './session.ts';
import { type Run, type State, type SyncAccess, withSyncs } from './syncs/access.ts';
import { arrived, reason, time, took } from './syncs/figures.ts';

const MOST = 200;

interface SyncsOptions extends StackOptions {
  readonly limit: number;
  readonly before?: string;
  readonly log?: string | true;
}

export function syncsCommand(context: CommandContext): Command {
  return documentsCommand('syncs', {
    summary: 'show past, present and next syncs',
    description:
      'Without a name: which syncs fail or are held up now. With a tenant: the last and the next sync of each of its integrations. With an integration too: its history, newest first, or with --log what happened in one run.\nAsks the same way as `tenantry sync` does.',
    examples: [
      'tenantry syncs --stack prod',
      'tenantry syncs acme',
      'tenantry syncs acme notion --limit 50 --output json',
      'tenantry syncs acme notion --log',
    ],
  })
    .argument('[tenant]', 'name of the tenant')
    .argument('[integration]', 'id of the integration, e.g. notion')
    .option('--limit <number>', `most shown, at most ${MOST}`, limitOf, 20)
    .option('--before <next>', 'older ones: `next` of the JSON document')
    .option('--log [id]', 'what happened in this run (default: the newest)')
    .action((tenant: string | undefined, integration: string | undefined, options: SyncsOptions) =>
      report(context, options, () => syncs({ tenant, integration }, options, context.io)),
    );
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidArgumentError(`must be a whole number from 1 to ${MOST}`);
  return limit;
}

async function syncs(
  place: { readonly tenant: string | undefined; readonly integration: string | undefined },
  options: SyncsOptions,
  io: Io,
): Promise<ExitCode> {
  const { tenant, integration } = place;
  if (integration === undefined && (options.log !== undefined || options.before !== undefined)) {
    throw new TenantryError('InvalidUsage', '--log and --before need a tenant and an integration');
  }
  return withSyncs({ ...options, place }, io, async (access) => {
    if (tenant === undefined) await trouble(access, options, io);
    else if (integration === undefined) await states(access, tenant, options, io);
    else if (options.log !== undefined) await log(access, { tenant, integration }, options, io);
    else await history(access, { tenant, integration }, options, io);
    return 0 as const;
  });
}

async function trouble(access: SyncAccess, { limit, output }: SyncsOptions, io: Io): Promise<void> {
  const found = await access.trouble(limit);
  if (output === 'json') return writeJson(io, found);
  const hidden = Math.max(found.failing, found.held) - found.syncs.length;
  const table = found.syncs.length > 0 ? `${stateTable(found.syncs, io)}\n` : '';
  io.out(
    `${table}${count(found.failing, 'sync')} failing, ${found.held} held up.${hidden > 0 ? ' --limit shows more.' : ''}\n`,
  );
}

async function states(access: SyncAccess, tenant: string, { output }: SyncsOptions, io: Io): Promise<void> {
  const found = await access.states(tenant);
  if (output === 'json') return writeJson(io, { tenant, syncs: found });
  const table = found.length > 0 ? `${stateTable(found, io)}\n` : '';
  io.out(`${table}${count(found.length, 'integration')}.\n`);
}

function stateTable(found: readonly State[], io: Io): string {
  const head = ['TENANT', 'INTEGRATION', 'SCHEDULE', 'LAST SYNC', 'AT', 'NEXT', 'WHY'];
  const now = Date.now();
  const rows = found.map(({ tenant, integration, schedule, nextAt, last, held }) => [
    tenant,
    integration,
    schedule,
    last ? [statusText(last, io), arrived(last)].filter((text) => text !== '').join(', ') : '-',
    last ? time(last.endedAt ?? last.startedAt ?? last.dueAt) : '-',
    nextText(nextAt, now),
    held?.message ?? (last ? reason(last) : ''),
  ]);
  return formatTable(head, rows, io);
}

function nextText(nextAt: string | null, now: number): string {
  if (nextAt === null) return '-';
  return Date.parse(nextAt) <= now ? 'now' : time(nextAt);
}

async function history(
  access: SyncAccess,
  place: CredentialPlace,
  { limit, before, output }: SyncsOptions,
  io: Io,
): Promise<void> {
  const page = await access.runs(place, { limit, ...(before !== undefined && { before }) });
  if (output === 'json') return writeJson(io, { ...place, ...page });
  const head = ['AT', 'STATUS', 'ROWS', 'TOOK', 'BY', 'ID', 'WHY'];
  const now = Date.now();
  const rows = page.runs.map((run) => [
    time(run.startedAt ?? run.dueAt ?? run.endedAt),
    statusText(run, io),
    arrived(run),
    took(run, now),
    run.attempt > 1 ? `${run.trigger} (try ${run.attempt})` : run.trigger,
    run.id,
    reason(run),
  ]);
  const table = rows.length > 0 ? `${formatTable(head, rows, io)}\n` : '';
  const more = page.next === null ? '' : ` Older ones: --before ${page.next}`;
  io.out(`${table}${count(rows.length, 'sync')}.${more}\n`);
}

async function log(
  access: SyncAccess,
  place: CredentialPlace,
  { log: asked, output }: SyncsOptions,
  io: Io,
): Promise<void> {
  const id = typeof asked === 'string' ? asked : (await access.runs(place, { limit: 1 })).runs[0]?.id;
  const lines = id === undefined ? [] : await access.log(place, id);
  if (output === 'json') return writeJson(io, { ...place, id: id ?? null, lines });
  if (id === undefined) io.out('0 syncs.\n');
  else io.out(lines.map(({ at, text }) => `${time(at)}  ${text}\n`).join(''));
}

const STYLES = {
  waiting: 'cyan',
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
  skipped: 'yellow',
} as const satisfies Record<Run['status'], string>;

function statusText({ status }: Run, io: Pick<Io, 'style'>): string {
  return io.style(STYLES[status], status);
}
