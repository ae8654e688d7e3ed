/** Sample rows of a stream, asked for at the provider and kept nowhere. */
import { useQuery } from '@tanstack/react-query';
import { Button } from 'react-aria-components';
import type { Schema } from '../../../client/index.ts';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { countOf } from '../../parts/figures.ts';
import { cut, Outside } from '../../parts/outside.tsx';
import { ScrollTable } from '../../parts/scroll-table.tsx';
import { sampleRowsQuery } from '../../parts/tenant-queries.ts';
import type { Stream } from './stream-list.tsx';

type Rows = Schema<'RowsPreview'>;

interface Props {
  readonly tenant: string;
  readonly integration: string;
  readonly stream: Stream;
}

export function SampleRows({ tenant, integration, stream }: Props) {
  const canShow = stream.noRows === null;
  const rows = useQuery({
    ...sampleRowsQuery(tenant, integration, stream.name),
    enabled: canShow,
  });
  if (!canShow) {
    return (
      <p className="card">
        No sample rows: <Outside text={stream.noRows ?? ''} most={300} />
      </p>
    );
  }
  if (rows.isPending) return <Busy label="Asking for sample rows" />;
  if (rows.isError) return <Failure error={rows.error} onRetry={() => rows.refetch()} />;
  const { columns, isCut } = rows.data;
  const hidden = columns.filter(({ isHidden }) => isHidden);
  return (
    <>
      {rows.data.rows.length === 0 ? (
        <p className="card">The stream has no rows, or none that this account may see.</p>
      ) : (
        <RowTable rows={rows.data} />
      )}
      <div className="actions">
        <span className="quiet">
          {countOf(rows.data.rows.length, 'sample row')}, stored nowhere.
          {isCut && ' Long values, further rows or columns are left out.'}
          {hidden.length > 0 &&
            ` Hidden because named like secrets: ${hidden.map(({ name }) => cut(name)).join(', ')}.`}
        </span>
        <Button className="button" onPress={() => void rows.refetch()} isDisabled={rows.isFetching}>
          Ask again
        </Button>
      </div>
    </>
  );
}

function RowTable({ rows: { stream, columns, rows } }: { readonly rows: Rows }) {
  return (
    <ScrollTable
      label={`Sample rows of ${cut(stream)}`}
      columns={columns.map(({ name }) => cut(name))}
      isDense
    >
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows of one answer never move
        <tr key={index}>
          {columns.map(({ name, isHidden }) => (
            <td key={name}>
              {isHidden ? (
                <span className="quiet">hidden</span>
              ) : (
                <Cell value={Object.hasOwn(row, name) ? row[name] : null} />
              )}
            </td>
          ))}
        </tr>
      ))}
    </ScrollTable>
  );
}

const MOST = 200;

function Cell({ value }: { readonly value: Rows['rows'][number][string] | undefined }) {
  if (value === null || value === undefined) return <span className="quiet">empty</span>;
  const text = cut(String(value), MOST);
  return <bdi title={text}>{text}</bdi>;
}
