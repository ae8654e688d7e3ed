/** The first rows of what was connected, so that a person sees that it is the right account. */
import { useQuery } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import { type Schema, SidecarError } from '../../../client/index.ts';
import { Busy } from '../../parts/busy.tsx';
import { messageOf } from '../../parts/failure.tsx';
import { cut } from '../../parts/outside.tsx';
import { ScrollTable } from '../../parts/scroll-table.tsx';
import { sampleRowsQuery, streamsQuery } from '../../parts/tenant-queries.ts';
import type { Place } from './use-attempt.ts';

const ROWS = 5;
const COLUMNS = 6;

interface Props {
  readonly place: Place;
  readonly name: string;
  /** The provider refuses what is there now: back to where it is given. */
  readonly onAgain: () => void;
}

export function FirstRows({ place, name, onAgain }: Props) {
  const streams = useQuery(streamsQuery(place.tenant, place.integration));
  if (streams.isPending) return <Busy label={`Asking ${name} for the first rows`} />;
  if (streams.isError) return <NotShown error={streams.error} name={name} onAgain={onAgain} />;
  const shown = streams.data.streams.filter(({ noRows }) => noRows === null);
  const synced = shown.filter(({ isSynced }) => isSynced);
  const stream = synced.find(isTelling) ?? synced[0] ?? shown[0];
  return stream ? (
    <Sample place={place} name={name} onAgain={onAgain} stream={stream.name} />
  ) : (
    <NoRows why="The rows of this integration can be seen after its first sync." />
  );
}

function Sample({ place, name, onAgain, stream }: Props & { readonly stream: string }) {
  const sample = useQuery(sampleRowsQuery(place.tenant, place.integration, stream, ROWS));
  if (sample.isPending) return <Busy label={`Asking ${name} for the first rows`} />;
  if (sample.isError) return <NotShown error={sample.error} name={name} onAgain={onAgain} />;
  const { columns, rows } = sample.data;
  if (rows.length === 0) return <NoRows why={`${name} has no ${cut(stream)} that it lets us see yet.`} />;
  const shown = tellingFirst(columns).slice(0, COLUMNS);
  return (
    <>
      <p className="connect-rows-title">
        The first rows of {cut(stream)}, as {name} gives them now:
      </p>
      <ScrollTable
        label={`First rows of ${cut(stream)}`}
        columns={shown.map((column) => cut(column))}
        isDense
      >
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows of a sample have no key and never move
          <tr key={index}>
            {shown.map((column) => (
              <td key={column}>{cut(String(row[column] ?? ''), 120)}</td>
            ))}
          </tr>
        ))}
      </ScrollTable>
    </>
  );
}

/** What a person knows their things by. */
const TELLING = ['name', 'title', 'real_name', 'summary', 'subject', 'email', 'full_name', 'login'];

type Column = Schema<'RowsPreview'>['columns'][number];

/** A person knows its rows at a glance. */
function isTelling({ columns }: { readonly columns: readonly Column[] }): boolean {
  return columns.some(({ name, type }) => TELLING.includes(name) && type !== 'json');
}

/** Names and titles first, nested values last. */
function tellingFirst(columns: readonly Column[]): string[] {
  const rank = ({ name, type }: Column): number => {
    if (type === 'json') return TELLING.length + 1;
    const place = TELLING.indexOf(name);
    return place >= 0 ? place : TELLING.length;
  };
  return columns.toSorted((one, other) => rank(one) - rank(other)).map(({ name }) => name);
}

interface NotShownProps extends Pick<Props, 'name' | 'onAgain'> {
  readonly error: unknown;
}

function NotShown({ error, name, onAgain }: NotShownProps) {
  const code = error instanceof SidecarError ? error.code : undefined;
  if (code === 'Forbidden') {
    return (
      <NoRows why="Your role, or the document of this integration, does not let them be shown here. They arrive with the first sync." />
    );
  }
  if (code !== 'NeedsReauthorization') return <NoRows why={messageOf(error)} />;
  return (
    <div role="alert" className="card failure">
      <p>
        What was given is kept, but {name} does not accept it: it may be mistyped, ended, or of another
        account.
      </p>
      <Button className="button" onPress={onAgain}>
        Give it again
      </Button>
    </div>
  );
}

function NoRows({ why }: { readonly why: string }) {
  return <p className="quiet">No rows to show yet. {why}</p>;
}
