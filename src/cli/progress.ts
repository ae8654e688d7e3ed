/** Progress of a run on stderr: one line that is drawn over itself on a terminal, plain lines elsewhere. */
import type { ErrorCode } from '../errors.ts';
import type { Listener } from '../reconcile/events.ts';
import { shortName } from './format/show.ts';
import type { Io } from './io.ts';

export interface Progress {
  /** While the systems are read, before anything is planned. Shown on terminals only: it is over soon. */
  readonly onProgress: (done: number, total: number) => void;
  readonly onEvent: Listener;
  /** Ends the line, so that other text can follow. */
  end(): void;
}

/** Plain lines come at these steps of the way, in percent. */
const PLAIN_STEP = 10;

const CLEAR = '\r\u001b[2K';

export function createProgress(io: Pick<Io, 'err' | 'progress' | 'columns'>): Progress {
  let drawn = false;
  let lastPercent = 0;
  const retried = new Set<ErrorCode>();
  const draw = (text: string): void => {
    drawn = true;
    // A line that wraps could not be drawn over.
    io.err(`${CLEAR}${text.slice(0, io.columns - 1)}`);
  };
  const end = (): void => {
    if (drawn) io.err(CLEAR);
    drawn = false;
  };
  return {
    onProgress(done, total) {
      if (io.progress) draw(`  looking at Vault, Postgres and Airbyte (${done}/${total})`);
    },
    onEvent(event) {
      if (event.type === 'retrying') {
        // What one resource meets, the others meet too.
        if (retried.has(event.problem.code)) return;
        retried.add(event.problem.code);
        end();
        io.err(`  trying again: ${event.problem.code}: ${event.problem.message}\n`);
        return;
      }
      const { done, total, result } = event;
      const percent = Math.floor((done / total) * 100);
      if (io.progress) draw(`  ${done}/${total} (${percent}%)  ${result.kind} ${shortName(result.name)}`);
      else if (percent >= lastPercent + PLAIN_STEP && total >= 50) {
        lastPercent = percent - (percent % PLAIN_STEP);
        io.err(`  ${done}/${total} (${percent}%)\n`);
      }
    },
    end,
  };
}
