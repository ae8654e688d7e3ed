/** Ends a call when neither side has moved for too long, or when its caller is gone. */
import { TenantryError } from '../../errors.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Something moved: the time begins anew. */
  readonly touch: () => void;
  /** A wait that is meant to be one begins; `touch` ends it. */
  readonly pause: () => void;
  /** @param reason what the call fails with */
  readonly abort: (reason: TenantryError) => void;
  /** Must be called at the end of the call. */
  readonly stop: () => void;
}

/** What a call ended with: where its time was up, that, and not that something was stopped because of it. */
export function endedBy(error: unknown, { signal }: Pick<Deadline, 'signal'>): unknown {
  const isStopped = error instanceof TenantryError && error.code === 'Cancelled';
  return signal.aborted && isStopped ? signal.reason : error;
}

export function createDeadline(ms: number, host: string): Deadline {
  const controller = new AbortController();
  let isStopped = false;
  const expire = (): void => {
    const words = `nothing moved between ${host} and the caller for ${ms / 1000} s`;
    controller.abort(new TenantryError('UpstreamTimeout', words));
  };
  const timer = setTimeout(expire, ms);
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    // A timer that was cleared would run again.
    touch: () => void (isStopped || timer.refresh()),
    pause: () => clearTimeout(timer),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
