/** The streams of an integration, each an address. */
import { Link } from 'react-router';
import type { Schema } from '../../../client/index.ts';
import { Outside } from '../../parts/outside.tsx';

export type Stream = Schema<'StreamsPreview'>['streams'][number];

interface Props {
  readonly streams: readonly Stream[];
  readonly chosen: string | undefined;
}

export function StreamList({ streams, chosen }: Props) {
  return (
    <nav aria-label="Streams" className="preview-streams">
      <ul>
        {streams.map(({ name, isSynced }) => (
          <li key={name}>
            <Link
              to={`?${new URLSearchParams({ stream: name })}`}
              replace
              preventScrollReset
              aria-current={name === chosen ? 'true' : undefined}
            >
              <Outside text={name} />
              {!isSynced && <span className="quiet"> · not synced</span>}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
