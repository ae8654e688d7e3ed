/** Follows one run to its end: each change of state, and how far it has come. */
import type { CallOptions } from '../../clients/http.ts';
import { asTenantryError } from '../../errors.ts';

export interface FollowOptions<Run> {
  /** The run as it is now. */
  readonly look: (options: CallOptions) => Promise<Run>;
  readonly isUnderWay: (run: Run) => boolean;
  /** Waits between two looks; ends early, without an error, when the signal aborts. */
  readonly sleep: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** So many failures in a row that may pass are waited out. */
const MOST_FAILURES = 10;

/**
 * Yields after each look the run as it is, or undefined where nothing is new. Ends with the run's end, or when the signal
 * aborts.
 * @throws what a look fails with; in passing only when the first look does, or it goes on failing
 */
export async function* followRun<Run>(options: FollowOptions<Run>): AsyncGenerator<Run | undefined, void> {
  const { isUnderWay, sleep, signal } = options;
  const look = patientLook(options);
  let told: string | undefined;
  while (!signal.aborted) {
    const run = await look();
    if (signal.aborted) return;
    const text = run === undefined ? told : JSON.stringify(run);
    yield text === told ? undefined : run;
    told = text;
    if (run !== undefined && !isUnderWay(run)) return;
    await sleep(signal);
  }
}

/** Gives undefined for what fails in passing, once there was a first answer. */
function patientLook<Run>({ look, signal }: FollowOptions<Run>): () => Promise<Run | undefined> {
  let failures: number | undefined;
  return async () => {
    try {
      const run = await look({ signal });
      failures = 0;
      return run;
    } catch (thrown) {
      const error = asTenantryError(thrown);
      if (signal.aborted) return undefined;
      if (failures === undefined || !error.retryable || failures >= MOST_FAILURES) throw error;
      failures++;
      return undefined;
    }
  };
}
