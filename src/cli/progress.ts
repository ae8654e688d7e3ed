/** Progress of a run on stderr: one line that is drawn over itself on a terminal, plain lines elsewhere. */
import type { Listener } from '../reconcile/events.ts';
import type { Io } from './io.ts';

export interface Progress {
  readonly onEvent: Listener;
  /** Ends the line, so that other text can follow. */
  end(): void;
}

/** Plain lines come at these steps of the way, in percent. */
const PLAIN_STEP = 10;

export function createProgress(io: Pick<Io, 'err' | 'progress'>): Progress {
  let drawn = false;
  let lastPercent = 0;
  return {
    onEvent(event) {
      if (event.type === 'retrying') {
        if (drawn) io.err('\n');
        drawn = false;
        io.err(`  trying again: ${event.id}: ${event.problem.message}\n`);
        return;
      }
      const { done, total, result } = event;
      const percent = Math.floor((done / total) * 100);
      if (io.progress) {
        drawn = true;
        io.err(`\r\u001b[2K  ${done}/${total} (${percent}%)  ${result.kind} ${result.name}`);
      } else if (percent >= lastPercent + PLAIN_STEP && total >= 50) {
        lastPercent = percent - (percent % PLAIN_STEP);
        io.err(`  ${done}/${total} (${percent}%)\n`);
      }
    },
    end() {
      if (drawn) io.err('\r\u001b[2K');
      drawn = false;
    },
  };
}
