/** Shows how a run comes on: drawn over itself on a terminal, a line at each change elsewhere. */
import type { Io } from '../io.ts';
import type { Run } from './access.ts';
import { arrived, reason, took } from './figures.ts';

export interface RunProgress {
  /** @param run undefined: nothing is new, only time has passed */
  show(run: Run | undefined): void;
  /** Ends the line, so that other text can follow. */
  end(): void;
}

const CLEAR = '\r\u001b[2K';
/** Where lines stay: rows are told at most so often, in milliseconds. */
const ROWS_EVERY_MS = 15_000;
/** A run that nobody begins is spoken of after so long, in milliseconds. */
const LONG_WAIT_MS = 15_000;

export function createRunProgress(
  io: Pick<Io, 'err' | 'progress' | 'columns'>,
  now: () => number = Date.now,
): RunProgress {
  const began = now();
  let last: Run | undefined;
  let drawn = false;
  let printed = { text: '', at: 0 };
  let spoken = false;
  const end = (): void => {
    if (drawn) io.err(CLEAR);
    drawn = false;
  };
  return {
    show(run) {
      last = run ?? last;
      if (last === undefined) return;
      if (!spoken && last.status === 'waiting' && !last.error && now() - began >= LONG_WAIT_MS) {
        spoken = true;
        end();
        io.err('  it still waits: a sidecar of the stack must run to begin it\n');
      }
      if (io.progress) {
        drawn = true;
        io.err(`${CLEAR}${lineOf(last, now()).slice(0, io.columns - 1)}`);
      } else if (run !== undefined) {
        const text = [last.status, last.attempt, last.error?.message].join(' ');
        if (text === printed.text && now() - printed.at < ROWS_EVERY_MS) return;
        printed = { text, at: now() };
        io.err(`${lineOf(last, now())}\n`);
      }
    },
    end,
  };
}

function lineOf(run: Run, now: number): string {
  const facts = [
    run.attempt > 1 ? `try ${run.attempt}` : '',
    arrived(run),
    took(run, now),
    run.status === 'waiting' ? reason(run) : '',
  ];
  return `  ${[run.status, ...facts].filter((text) => text !== '').join(', ')}`;
}
