/** To older entries and back to the newest, by addresses. */
import { Link, useSearchParams } from 'react-router';

interface Props {
  /** For `before` of the next page; null: this is the last. */
  readonly next: string | null;
  readonly isFirst: boolean;
}

export function Pages({ next, isFirst }: Props) {
  const [search] = useSearchParams();
  if (isFirst && next === null) return null;
  const at = (value: string | null): string => {
    const changed = new URLSearchParams(search);
    if (value === null) changed.delete('before');
    else changed.set('before', value);
    return `?${changed}`;
  };
  return (
    <nav aria-label="Older and newer" className="actions">
      {!isFirst && (
        <Link className="button" to={at(null)}>
          To the newest
        </Link>
      )}
      {next !== null && (
        <Link className="button" to={at(next)}>
          Older
        </Link>
      )}
    </nav>
  );
}
