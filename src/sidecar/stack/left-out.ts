/** Tells in the log, once for each change, which custom resources are not served and why. */
import type { Logger } from '../../log.ts';
import type { ReadResult } from '../../operator/documents/read.ts';

export interface LeftOut {
  /** To be called with each reading, one after the other. */
  tell(read: Pick<ReadResult, 'problems' | 'states'>): void;
}

/** Lines for one change: a mistake in the catalog may concern thousands of objects, whose status says the same. */
const MOST_LINES = 20;

export function createLeftOut(log: Pick<Logger, 'warn' | 'info'>): LeftOut {
  let known = new Map<string, string>();
  return {
    tell(read) {
      const found = reasonsOf(read);
      const isNew = [...found].filter(([object, reason]) => known.get(object) !== reason);
      const isServed = [...known.keys()].filter((object) => !found.has(object));
      known = found;
      for (const [object, reason] of isNew.slice(0, MOST_LINES)) log.warn({ object, reason }, 'left out');
      const more = isNew.length - MOST_LINES;
      if (more > 0) log.warn({ objects: more }, 'more objects were left out; their status says why');
      if (isServed.length > 0) log.info({ objects: isServed.slice(0, MOST_LINES) }, 'no longer left out');
    },
  };
}

/** By `Kind namespace/name`. */
function reasonsOf({ problems, states }: Pick<ReadResult, 'problems' | 'states'>): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const [object, own] of problems) {
    reasons.set(object, own.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '));
  }
  for (const [object, { reason, message }] of states) {
    // Every new Tenant is so for a moment.
    if (reason !== 'Pending') reasons.set(object, message);
  }
  return reasons;
}
