/** A table that scrolls inside itself, by keyboard too. */
import type { ReactNode } from 'react';
import { VisuallyHidden } from 'react-aria-components';
import './scroll-table.css';

interface Props {
  /** Names the table and the region that scrolls. */
  readonly label: string;
  /** One without a name holds buttons. */
  readonly columns: readonly (string | { readonly name: string; readonly isFigure: true })[];
  /** Rows. */
  readonly children: ReactNode;
  /** Cells of one line each, however long; for sample rows. */
  readonly isDense?: boolean;
}

export function ScrollTable({ label, columns, children, isDense = false }: Props) {
  return (
    <section
      className="table-scroll"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
    >
      <table aria-label={label} className={isDense ? 'table table-dense' : 'table'}>
        <thead>
          <tr>
            {columns.map((column, index) => {
              const { name, isFigure } =
                typeof column === 'string' ? { name: column, isFigure: false } : column;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns from outside may look the same when cut
                <th key={index} scope="col" {...(isFigure && { className: 'table-figure' })}>
                  {name === '' ? <VisuallyHidden>Actions</VisuallyHidden> : name}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
