/** `tenantry preview`: what an integration would bring, before its first sync. */
import { type Command, InvalidArgumentError } from 'commander';
import type { CredentialPlace } from '../credentials/store.ts';
import type { RowsAnswer, StreamsAnswer } from '../sidecar/preview/answers.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from './command.ts';
import { count } from './format/show.ts';
import { formatTable } from './format/table.ts';
import type { Io } from './io.ts';
import { withPreviews } from './preview/access.ts';
import type { StackOptions } from './session.ts';

const MOST_ROWS = 20;
/** Characters of a cell on the terminal. */
const MOST_CELL = 40;
/** Columns that fit beside each other; JSON has all. */
const MOST_COLUMNS = 6;

interface PreviewOptions extends StackOptions {
  readonly limit: number;
}

export function previewCommand(context: CommandContext): Command {
  return documentsCommand('preview', {
    summary: 'show streams and sample rows before the first sync',
    description:
      'Shows the streams of an integration with their columns and keys: those of its source in Airbyte, and before there is one those of the catalog. With the name of a stream it shows up to 20 of its rows, asked for at the provider with the tenant’s credential. Nothing is stored; what looks like a secret is hidden.\nIt asks the sidecar at TENANTRY_URL where TENANTRY_API_KEY is set, and needs no documents then.\nExit code 1: the credential or the provider does not allow it, or the catalog has no request for rows of this stream.',
    examples: [
      'tenantry preview acme notion --stack prod',
      'tenantry preview acme notion pages --limit 5',
      'tenantry preview acme github issues --output json | jq .rows',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration, e.g. notion')
    .argument('[stream]', 'name of a stream, to see rows of it')
    .option('--limit <rows>', `most rows, at most ${MOST_ROWS}`, rowsOf, MOST_ROWS)
    .action((tenant: string, integration: string, stream: string | undefined, options: PreviewOptions) =>
      report(context, options, () => preview({ tenant, integration }, stream, options, context.io)),
    );
}

function rowsOf(text: string): number {
  const rows = Number(text);
  if (Number.isInteger(rows) && rows >= 1 && rows <= MOST_ROWS) return rows;
  throw new InvalidArgumentError(`must be from 1 to ${MOST_ROWS}`);
}

async function preview(
  place: CredentialPlace,
  stream: string | undefined,
  options: PreviewOptions,
  io: Io,
): Promise<ExitCode> {
  return withPreviews({ ...options, place }, io, async (access) => {
    const found = stream === undefined ? await access.streams() : await access.rows(stream, options.limit);
    if (options.output === 'json') writeJson(io, found);
    else io.out('rows' in found ? rowsText(found, io) : streamsText(found, io));
    return 0 as const;
  });
}

function streamsText({ tenantId, integration, from, streams }: StreamsAnswer, io: Io): string {
  const where = from === 'source' ? 'as its source has them' : 'by the catalog: there is no source yet';
  const head = `${tenantId}/${integration}: ${count(streams.length, 'stream')}, ${where}\n\n`;
  if (streams.length === 0) return `${head}Only the source knows its streams; connect and apply first.\n`;
  const rows = streams.map((stream) => [
    shown(stream.name),
    stream.isSynced ? 'yes' : 'no',
    stream.noRows === null ? 'yes' : 'no',
    stream.primaryKey.map((path) => shown(path.join('.'))).join(', '),
    shown(stream.cursor.join('.')),
    listed(stream.columns.map(({ name, type }) => (type === null ? name : `${name} ${type}`))),
  ]);
  const table = formatTable(['STREAM', 'SYNCED', 'ROWS', 'KEY', 'CURSOR', 'COLUMNS'], rows, io);
  // A hint is copied into a shell: a name that is not shown whole, or is several words there, would ask for another.
  const first = streams.find(
    ({ name, noRows }) => noRows === null && shown(name) === name && !/\s/u.test(name),
  )?.name;
  return first === undefined
    ? `${head}${table}`
    : `${head}${table}\nRows: tenantry preview ${tenantId} ${integration} ${first}\n`;
}

const MOST_LISTED = 5;

function listed(names: readonly string[]): string {
  const more = names.length - MOST_LISTED;
  const some = names.slice(0, MOST_LISTED).map(shown).join(', ');
  return more > 0 ? `${some} and ${more} more` : some;
}

function rowsText({ tenantId, integration, stream, columns, rows, isCut }: RowsAnswer, io: Io): string {
  const head = `${tenantId}/${integration} ${shown(stream)}: ${count(rows.length, 'row')}\n\n`;
  if (rows.length === 0) return `${head}The provider has none for this credential.\n`;
  const named = columns.slice(0, MOST_COLUMNS);
  const table = formatTable(
    named.map(({ name, type }) => shown(type === null ? name : `${name} (${type})`)),
    rows.map((row) => named.map(({ name }) => shown(String(row[name] ?? '')))),
    io,
  );
  const left = columns.length - named.length;
  const notes = [
    ...(left > 0 ? [`${count(left, 'more column', 'more columns')}: --output json`] : []),
    ...(isCut ? ['cut for its size'] : []),
  ];
  return `${head}${table}${notes.length > 0 ? `\n${notes.join('; ')}\n` : ''}`;
}

/** A provider's text must not move the cursor or change the colours of a terminal. */
function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return line.length > MOST_CELL ? `${line.slice(0, MOST_CELL - 1).toWellFormed()}…` : line;
}
