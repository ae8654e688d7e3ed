/** The report of an import: for people what they have to look at, as JSON everything. */
import type { Problem } from '../errors.ts';
import { storeCommand } from './configuration.ts';
import type { CustodyResult } from './custody.ts';
import type { FoundCredential } from './draft.ts';
import type { FileStatus, PlannedFile } from './files.ts';
import type { Entry } from './ledger.ts';
import type { Import } from './run.ts';

export interface ReportInput {
  readonly made: Import;
  /** Folder of the stack, as the user named it. */
  readonly dir: string;
  /** False when nothing was written: a dry run, or files in the way. */
  readonly written: boolean;
  /** What became of secrets, where they were to be stored. */
  readonly custody?: readonly CustodyResult[] | undefined;
  /** Completes commands with the stack. */
  readonly hint: (text: string) => string;
  readonly formatProblem: (problem: Problem) => string;
}

const SIGNS: Readonly<Record<FileStatus, string>> = {
  create: '+',
  unchanged: '=',
  replace: '~',
  conflict: '!',
};

/** More of one kind is only counted; `--output json` has all. */
const MOST_LINES = 40;

export function formatReport(input: ReportInput): string {
  const { made, dir, written } = input;
  const of = (outcome: Entry['outcome']): Entry[] =>
    made.entries.filter((entry) => entry.outcome === outcome);
  const conflicts = made.files.some(({ status }) => status === 'conflict');
  const parts = [
    `Read ${made.from}: ${counted(made.tenants, 'tenant')}, ${counted(made.integrations, 'integration')}; ${counted(of('mapped').length, 'attribute')} mapped.`,
    section(written ? `Files in ${dir}` : `Files in ${dir} (nothing was written)`, made.files.map(fileLine)),
    section('Secrets, which stand in no document', of('secret').map(entryLine(input))),
    section('Left out', of('left').map(entryLine(input))),
    section('Ignored', ignoredLines(of('ignored'))),
    section('Custody', (input.custody ?? []).map(custodyLine(input))),
    section('Not valid yet', made.problems.map(input.formatProblem)),
    conflicts
      ? section('Files marked with ! say something else; --force replaces them, and nothing was written', [
          'look at them first',
        ])
      : section('Next', nextSteps(input)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

export function reportJson(input: ReportInput): Record<string, unknown> {
  const { made, dir, written, custody, hint } = input;
  const conflicts = made.files.filter(({ status }) => status === 'conflict');
  return {
    ok:
      conflicts.length === 0 &&
      made.problems.length === 0 &&
      !custody?.some(({ status }) => status === 'failed'),
    from: made.from,
    stack: dir,
    written,
    tenants: made.tenants,
    integrations: made.integrations,
    files: made.files.map(({ path, status }) => ({ path, status })),
    entries: made.entries.map((entry) =>
      entry.next === undefined ? entry : { ...entry, next: hint(entry.next) },
    ),
    credentials: custody
      ? custody.map(({ problem, ...result }) => ({
          ...result,
          ...(problem
            ? { problem: { code: problem.code, message: problem.message, hint: hint(problem.hint) } }
            : {}),
        }))
      : made.credentials.map((found) => credentialJson(found, hint)),
    problems: made.problems,
    forget: made.forget,
    next: nextSteps(input),
  };
}

/** Everything of it but its value. */
function credentialJson(
  { tenant, integration, field, path }: FoundCredential,
  hint: ReportInput['hint'],
): object {
  const command = hint(storeCommand(tenant, integration, field)).replaceAll('`', '');
  return { tenant, integration, field, path, status: 'found', command };
}

function counted(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const shown = lines.slice(0, MOST_LINES);
  const more = lines.length - shown.length;
  const rest = more > 0 ? [`and ${more} more (--output json has all)`] : [];
  return [`${title}:`, ...[...shown, ...rest].map((line) => `  ${line}`)].join('\n');
}

function fileLine({ path, status }: PlannedFile): string {
  return `${SIGNS[status]} ${path}`;
}

function entryLine({ hint }: ReportInput): (entry: Entry) => string {
  return ({ path, to, reason, next }) =>
    `${path}${to === undefined ? '' : ` (${to})`}: ${reason}${next === undefined ? '' : `\n      → ${hint(next)}`}`;
}

/** By rule: the same few rules hold for thousands of attributes. */
function ignoredLines(entries: readonly Entry[]): string[] {
  return [...Map.groupBy(entries, ({ reason }) => reason ?? '')].map(
    ([reason, group]) => `${counted(group.length, 'attribute')}: ${reason}`,
  );
}

function custodyLine({ hint }: ReportInput): (result: CustodyResult) => string {
  return ({ tenant, integration, field, status, problem }) => {
    const place = `${tenant}/${integration} ${field}`;
    if (status === 'stored') return `${place}: stored, encrypted`;
    if (status === 'kept') return `${place}: is there already and was kept; --force replaces it`;
    const command = hint(storeCommand(tenant, integration, field));
    if (status === 'missing') return `${place}: its value is not in the file\n      → ${command}`;
    return `${place}: ${problem?.code}: ${problem?.message}\n      → ${hint(problem?.hint ?? command)}`;
  };
}

function nextSteps({ made, custody, hint }: ReportInput): string[] {
  const isStored = custody?.every(({ status }) => status === 'stored' || status === 'kept') ?? false;
  const steps = [
    ...made.next,
    ...(made.forget.length > 0 ? [forgetStep(made.forget)] : []),
    ...(made.problems.length > 0 ? ['correct what is not valid yet, then `tenantry validate`'] : []),
    made.forget.length > 0
      ? '`tenantry plan`, then `tenantry apply`: what exists is taken over under its old id'
      : '`tenantry plan`, then `tenantry apply`',
    ...(made.credentials.length > 0 && !isStored
      ? [
          'store the secrets by the commands above (or import again with --store-credentials), then `tenantry apply` once more',
        ]
      : []),
  ];
  return steps.map((step, index) => `${index + 1}. ${hint(step)}`);
}

function forgetStep(addresses: readonly string[]): string {
  const shown = addresses.slice(0, 3).map((address) => `'${address.replaceAll("'", "'\\''")}'`);
  const more = addresses.length - shown.length;
  const rest = more > 0 ? ` and ${more} more ("forget" in --output json)` : '';
  return `make Terraform forget what Tenantry takes over, before the first apply: terraform state rm ${shown.join(' ')}${rest}`;
}
