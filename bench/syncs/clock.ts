/** A clock of the benchmark of syncs that runs fast while little is due, and slower the more there is. */

export interface PacedClock {
  /** Milliseconds since 1970: when it begins to run; before, it stands still. */
  readonly realStart: number;
  /** What it shows then. */
  readonly start: number;
  /** Real milliseconds from `realStart` to the end of each simulated minute. */
  readonly minuteEnds: readonly number[];
}

const MINUTE_MS = 60_000;

export interface Pace {
  /** Most simulated seconds in a real one. */
  readonly mostSpeed: number;
  /** Syncs that are due in a real second, on the average of a minute; the clock is slowed down to that. */
  readonly perSecond: number;
}

/** @param due how many are due in each simulated minute */
export function paced(start: number, realStart: number, due: readonly number[], pace: Pace): PacedClock {
  const least = MINUTE_MS / pace.mostSpeed;
  let end = 0;
  const minuteEnds = due.map((count) => {
    end += Math.max(least, (count / pace.perSecond) * 1000);
    return end;
  });
  return { realStart, start, minuteEnds };
}

export function timeOf({ realStart, start, minuteEnds }: PacedClock): number {
  const passed = Date.now() - realStart;
  if (passed <= 0) return start;
  let low = 0;
  let high = minuteEnds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((minuteEnds[middle] ?? 0) <= passed) low = middle + 1;
    else high = middle;
  }
  const begin = minuteEnds[low - 1] ?? 0;
  const end = minuteEnds[low] ?? begin + MINUTE_MS;
  return Math.floor(start + (low + (passed - begin) / (end - begin)) * MINUTE_MS);
}

/** Real milliseconds from `realStart` to when it shows `time`. */
export function realMsAt({ start, minuteEnds }: PacedClock, time: number): number {
  const passed = Math.max(0, time - start) / MINUTE_MS;
  const minute = Math.floor(passed);
  const begin = minuteEnds[minute - 1] ?? 0;
  const end = minuteEnds[minute] ?? begin + MINUTE_MS;
  return begin + (passed - minute) * (end - begin);
}
