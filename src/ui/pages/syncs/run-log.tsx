/** What happened in a run, line by line. */
import { useQuery } from '@tanstack/react-query';
import type { SyncPlace } from '../../../client/index.ts';
import { fullTime } from '../../parts/ago.tsx';
import { Busy } from '../../parts/busy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Outside } from '../../parts/outside.tsx';
import { isUnderWay, type Run } from '../../parts/runs/run-words.ts';
import { runLogQuery } from './queries.ts';

const REFRESH_MS = 5_000;
const CLOCK = new Intl.DateTimeFormat('en-US', { timeStyle: 'medium', hour12: false });

export function RunLog({ place, run }: { readonly place: SyncPlace; readonly run: Run }) {
  const log = useQuery({
    ...runLogQuery(place),
    refetchInterval: isUnderWay(run) ? REFRESH_MS : false,
  });
  return (
    <>
      <h2 id="log">Log</h2>
      {log.isPending && <Busy label="Loading the log" />}
      {log.isError && <Failure error={log.error} onRetry={() => log.refetch()} />}
      {log.data && log.data.lines.length === 0 && <p className="card">Nothing was written yet.</p>}
      {log.data && log.data.lines.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <ol className="card syncs-log" aria-labelledby="log" tabIndex={0}>
          {log.data.lines.map(({ at, text }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only added at the end
            <li key={index}>
              <time dateTime={at} title={fullTime(at)} className="quiet">
                {CLOCK.format(new Date(at))}
              </time>
              <span>
                <Outside text={text} most={1_000} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
