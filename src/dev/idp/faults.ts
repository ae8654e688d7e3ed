/** Counts the calls of a fake vendor and makes them fail on demand: what the tests of refresh and of the proxy need. */
import type { ServerResponse } from 'node:http';

export interface Faults {
  /** The next `times` calls are answered with this status and have no effect. */
  failNext(times: number, status: number, headers?: Readonly<Record<string, string>>): void;
  /** The next `times` calls have their effect, and the connection is cut in place of the answer. */
  loseNext(times: number): void;
  /** `true` cuts every connection, a number is the status of every answer, `false` ends the outage. Default false. */
  outage(how: boolean | number): void;
  /** Awaited before a call has its effect; gets the kind of the call (the grant type). Default: no wait. */
  delay(wait: Wait | undefined): void;
  /** Awaited when a call had its effect and before it is answered. Default: no wait. */
  delayAnswer(wait: Wait | undefined): void;
  /** Calls since the start or the last reset, those that failed among them. Without a kind: all. */
  calls(kind?: string): number;
  /** Ends all faults and forgets the counts. */
  reset(): void;
}

export type Wait = (kind: string) => Promise<void>;

export interface FaultSwitch extends Faults {
  /** Answers for a vendor that is out; true when it did. */
  isOut(response: ServerResponse): boolean;
  /** Runs a call under the faults, counted as `kind`. */
  run(kind: string, response: ServerResponse, work: () => Promise<void>): Promise<void>;
}

interface Failure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export function faultSwitch(): FaultSwitch {
  const counts = new Map<string, number>();
  let failures: Failure[] = [];
  let losses = 0;
  let out: boolean | number = false;
  let before: Wait | undefined;
  let after: Wait | undefined;

  const isOut = (response: ServerResponse): boolean => {
    if (out === false) return false;
    if (out === true) response.destroy();
    else fail(response, { status: out, headers: {} });
    return true;
  };

  return {
    failNext(times, status, headers = {}) {
      failures.push(...Array.from({ length: times }, () => ({ status, headers })));
    },
    loseNext(times) {
      losses += times;
    },
    outage(how) {
      out = how;
    },
    delay(wait) {
      before = wait;
    },
    delayAnswer(wait) {
      after = wait;
    },
    calls: (kind) =>
      kind === undefined
        ? [...counts.values()].reduce((sum, count) => sum + count, 0)
        : (counts.get(kind) ?? 0),
    reset() {
      counts.clear();
      failures = [];
      losses = 0;
      out = false;
      before = undefined;
      after = undefined;
    },
    isOut,
    async run(kind, response, work) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (isOut(response)) return;
      await before?.(kind);
      // It may have gone out while this call waited.
      if (isOut(response)) return;
      const failure = failures.shift();
      if (failure !== undefined) {
        fail(response, failure);
        return;
      }
      if (losses > 0) {
        losses -= 1;
        cutAtEnd(response);
      } else if (after !== undefined) {
        waitAtEnd(response, after, kind);
      }
      await work();
    },
  };
}

function fail(response: ServerResponse, { status, headers }: Failure): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify({ error: 'temporarily_unavailable' }));
}

/** Nothing of the answer leaves before its end, where the connection is cut. */
function cutAtEnd(response: ServerResponse): void {
  response.writeHead = () => response;
  response.write = () => true;
  response.end = () => {
    response.destroy();
    return response;
  };
}

function waitAtEnd(response: ServerResponse, wait: Wait, kind: string): void {
  const end = response.end.bind(response) as (data: unknown) => ServerResponse;
  response.end = ((data: unknown) => {
    wait(kind).then(
      () => end(data),
      () => response.destroy(),
    );
    return response;
  }) as ServerResponse['end'];
}
