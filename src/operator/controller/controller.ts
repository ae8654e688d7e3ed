/** Takes what is due from the queue, in batches, until this replica no longer leads. */
import { createBatchRunner } from './batch.ts';
import type { ControllerContext } from './context.ts';

/** Most tenants of one batch: the cost of a look is shared, and its memory bounded. */
const BATCH = 250;
/**
 * Batches that look at the systems at the same time; what comes due meanwhile is the next batch. Those of a single slow
 * tenant come on top: they must hold up nobody.
 */
const LOOKING = 2;
/** Tenants in work at once. */
const IN_WORK = 600;

/** Resolves when the signal has aborted and what was under way has ended. */
export async function runController(context: ControllerContext, signal: AbortSignal): Promise<void> {
  const { queue, units, due } = context;
  const room = createRoom();
  const runner = createBatchRunner(context, { onFinished: () => room.leave() });
  const running = new Set<Promise<void>>();
  for (const key of units.keys()) due.add(key, 'changed');
  while (!signal.aborted) {
    const keys = await queue.take(Math.min(BATCH, room.free()), signal);
    if (keys.length === 0) break;
    const { together, alone } = context.slow.apart(keys);
    for (const batch of [together, ...alone.map((key) => [key])]) {
      if (batch.length === 0) continue;
      const isShared = batch === together;
      room.enter(batch.length, isShared);
      const { looked, done } = runner.run(batch);
      const all = done.finally(() => running.delete(all));
      running.add(all);
      if (isShared) void looked.finally(() => room.looked());
    }
    await room.wait(signal);
  }
  await Promise.all(running);
}

interface Room {
  /** @param looks it counts among the batches that look; `looked` is called for it */
  enter(tenants: number, looks: boolean): void;
  looked(): void;
  leave(): void;
  free(): number;
  /** Until another batch may begin. */
  wait(signal: AbortSignal): Promise<void>;
}

/** Counts what is under way. A tenant that is slow holds one place, and no batch. */
function createRoom(): Room {
  let looking = 0;
  let inWork = 0;
  let change = Promise.withResolvers<void>();
  const changed = (): void => {
    change.resolve();
    change = Promise.withResolvers();
  };
  return {
    enter(tenants, looks) {
      if (looks) looking += 1;
      inWork += tenants;
    },
    looked() {
      looking -= 1;
      changed();
    },
    leave() {
      inWork -= 1;
      changed();
    },
    free: () => IN_WORK - inWork,
    async wait(signal) {
      signal.addEventListener('abort', changed, { once: true });
      while (!signal.aborted && (looking >= LOOKING || inWork >= IN_WORK)) await change.promise;
      signal.removeEventListener('abort', changed);
    },
  };
}
