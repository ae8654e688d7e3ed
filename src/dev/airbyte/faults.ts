/**
 * Makes jobs and the API itself fail on demand. As with Airbyte, a job tells only that it failed: what a provider refuses
 * (token, rate limit, an error of its own) is brought about at the provider's fake API, where it can be found again.
 */

/**
 * - `fail`: the connector ends with this reason, which only `onJob` is told;
 * - `stuck`: it runs and moves no row until it is cancelled;
 * - `incomplete`: an attempt fails, and Airbyte begins another one when `until` resolves (default: at once).
 */
export type JobFault =
  | { readonly kind: 'fail'; readonly reason: string }
  | { readonly kind: 'stuck' }
  | { readonly kind: 'incomplete'; readonly until?: Promise<void> };

export interface AirbyteFaults {
  /** The next jobs, of this connection or of any, have this fault. */
  nextJobs(times: number, fault: JobFault, connectionId?: string): void;
  /** The next requests are refused with 429 and Retry-After. */
  limitNext(times: number, retryAfterSeconds: number): void;
  /** A number is the status of every answer, `false` ends the outage. Default false. */
  outage(status: number | false): void;
  /** Ends all faults; a stuck job stays as it is. */
  reset(): void;
}

export interface AirbyteFaultSwitch extends AirbyteFaults {
  /** The fault of a job that begins now; it is used up by that. */
  ofJob(connectionId: string): JobFault | undefined;
  /** The answer in place of the request's own. */
  ofRequest(): RefusedRequest | undefined;
}

export interface RefusedRequest {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly fault: JobFault;
  readonly connectionId: string | undefined;
}

export function airbyteFaults(): AirbyteFaultSwitch {
  let jobs: Waiting[] = [];
  let limits: number[] = [];
  let out: number | false = false;
  return {
    nextJobs(times, fault, connectionId) {
      jobs.push(...Array.from({ length: times }, () => ({ fault, connectionId })));
    },
    limitNext(times, retryAfterSeconds) {
      limits.push(...Array.from({ length: times }, () => retryAfterSeconds));
    },
    outage(status) {
      out = status;
    },
    reset() {
      jobs = [];
      limits = [];
      out = false;
    },
    ofJob(connectionId) {
      const index = jobs.findIndex((each) => (each.connectionId ?? connectionId) === connectionId);
      return index < 0 ? undefined : jobs.splice(index, 1)[0]?.fault;
    },
    ofRequest() {
      if (out !== false) return { status: out, headers: {} };
      const seconds = limits.shift();
      return seconds === undefined ? undefined : { status: 429, headers: { 'retry-after': String(seconds) } };
    },
  };
}
