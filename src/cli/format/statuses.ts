/** The statuses of a stack's integrations as a table and a summary. */
import type { IntegrationStatus, Status } from '../../reconcile/status.ts';
import type { Style } from '../io.ts';
import { count, type Show } from './show.ts';
import { formatTable } from './table.ts';

export interface Overview {
  /** Changes that apply would make, in the whole stack. */
  readonly changes: number;
  /** Differences that are only observed, in the whole stack. */
  readonly observed: number;
  /** Objects that are in the way, in the whole stack. */
  readonly refused: number;
  readonly summary: Readonly<Record<Status, number>>;
  readonly integrations: readonly IntegrationStatus[];
}

/** With more integrations than that, those that are ready are only counted, and of the others the worst are shown. */
const MOST_ROWS = 40;

const STYLES: Readonly<Record<Status, Style>> = {
  ready: 'green',
  waiting: 'cyan',
  differs: 'yellow',
  refused: 'red',
  suspended: 'dim',
  observed: 'yellow',
};

export function formatStatuses(overview: Overview, show: Show, options: { readonly all: boolean }): string {
  const { integrations } = overview;
  const short = !options.all && integrations.length > MOST_ROWS;
  const shown = short ? worst(integrations) : integrations;
  // By hand only, or not known: a column of dashes would tell nothing.
  const hasNext = shown.some(({ nextSync }) => nextSync !== undefined);
  const next = hasNext ? ['NEXT SYNC'] : [];
  const head = ['TENANT', 'INTEGRATION', 'STATUS', 'LAST SYNC', ...next, 'NEXT STEP'];
  const table =
    shown.length > 0
      ? `${formatTable(
          head,
          shown.map((item) => cells(item, show, hasNext)),
          show,
        )}\n`
      : '';
  const hidden = integrations.length - shown.length;
  const more = hidden > 0 ? ` ${hidden} not shown: --all shows them.` : '';
  return `${table}${summaryLine(overview, show)}${more}\n`;
}

const BY_URGENCY: readonly Status[] = ['refused', 'differs', 'observed', 'ready', 'waiting', 'suspended'];

/** Those that somebody should look at, the most urgent first; ready ones only when their last sync failed or the next one is held up. */
function worst(integrations: readonly IntegrationStatus[]): IntegrationStatus[] {
  return integrations
    .filter(({ status, lastSync, held }) => status !== 'ready' || lastSync?.status === 'failed' || held)
    .sort((a, b) => BY_URGENCY.indexOf(a.status) - BY_URGENCY.indexOf(b.status))
    .slice(0, MOST_ROWS);
}

function cells(item: IntegrationStatus, show: Show, hasNext: boolean): string[] {
  const failed = item.lastSync?.status === 'failed';
  const sync = item.lastSync ? `${item.lastSync.status}, ${count(item.lastSync.rows, 'row')}` : '-';
  return [
    item.tenant,
    item.integration,
    show.style(STYLES[item.status], item.status),
    failed ? show.style('red', sync) : sync,
    ...(hasNext ? [item.nextSync?.replace(/:\d\d(\.\d+)?Z$/, 'Z') ?? '-'] : []),
    [reasonOf(item), item.nextStep ?? afterSync(item)].filter((text) => text !== '').join(' → '),
  ];
}

/** What to do about a sync that failed or is held up. */
function afterSync({ name, lastSync, held }: IntegrationStatus): string {
  if (held !== undefined) return held;
  if (lastSync?.message !== undefined)
    return [lastSync.message, lastSync.nextStep].filter((text) => text !== undefined).join(' → ');
  return lastSync?.status === 'failed' ? `see the log of the last job of connection ${name} in Airbyte` : '';
}

/** What it waits for follows from the next step; why it is refused does not. */
function reasonOf({ status, waitsFor = '' }: IntegrationStatus): string {
  return status === 'refused' ? waitsFor : '';
}

function summaryLine({ integrations, summary, changes, refused }: Overview, show: Show): string {
  const parts = (Object.keys(STYLES) as Status[]).flatMap((status) =>
    summary[status] > 0
      ? [`${summary[status]} ${status === 'differs' && summary[status] > 1 ? 'differ' : status}`]
      : [],
  );
  const failed = integrations.filter((item) => item.lastSync?.status === 'failed').length;
  if (failed > 0) parts.push(`${count(failed, 'last sync', 'last syncs')} failed`);
  const counted = parts.length > 0 ? `: ${parts.join(', ')}` : '';
  const next = [
    ...(changes > 0 ? [`${count(changes, 'change')} to apply`] : []),
    ...(refused > 0 ? [`${count(refused, 'object')} in the way`] : []),
  ];
  const hint = next.length > 0 ? ` ${next.join(' and ')}: see ${show.hint('`tenantry plan`')}.` : '';
  return `${count(integrations.length, 'integration')}${counted}.${hint}`;
}
