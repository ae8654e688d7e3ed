/** Columns of a stream with their types and keys. */
import { Badge } from '../../parts/badge.tsx';
import { cut, Outside } from '../../parts/outside.tsx';
import { ScrollTable } from '../../parts/scroll-table.tsx';
import type { Stream } from './stream-list.tsx';

export function Columns({ stream }: { readonly stream: Stream }) {
  const key = stream.primaryKey.map((path) => path.join('.'));
  const cursor = stream.cursor.join('.');
  return (
    <>
      <h3>Columns</h3>
      {stream.columns.length === 0 ? (
        <p className="card">The columns are not known before the first rows.</p>
      ) : (
        <ScrollTable label="Columns" columns={['Name', 'Type', 'What it is']}>
          {stream.columns.map(({ name, type, isHidden }) => (
            <tr key={name}>
              <th scope="row" className="table-wide">
                <Outside text={name} />
              </th>
              <td>{type ?? <span className="quiet">not known</span>}</td>
              <td>
                {[key.includes(name) && 'key', cursor === name && 'order of changes']
                  .filter(Boolean)
                  .join(', ')}{' '}
                {isHidden && <Badge tone="warn">Values hidden: named like a secret</Badge>}
              </td>
            </tr>
          ))}
        </ScrollTable>
      )}
      {stream.syncModes.length > 0 && (
        <p className="quiet">Ways to sync: {cut(stream.syncModes.join(', '), 200)}</p>
      )}
    </>
  );
}
