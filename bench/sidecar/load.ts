/** Sends load with autocannon and gives what a report needs of it. */
import autocannon from 'autocannon';
import { rounded } from '../measures.ts';

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second over all connections. Default: as many as go. */
  readonly rate?: number;
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/** @throws when a single request failed: figures of refusals would look good */
export async function send({ url, headers, connections, seconds, rate }: Load): Promise<Measured> {
  // autocannon's own histogram knows whole milliseconds only.
  const times: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(
      { url, headers: { ...headers }, connections, duration: seconds, ...(rate && { overallRate: rate }) },
      (error: unknown, done) => (error ? reject(error) : resolve(done)),
    );
    running.on('response', (_client, _status, _bytes, ms) => times.push(ms));
  });
  if (result.non2xx + result.errors + result.timeouts > 0) {
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed, ${result.timeouts} late`);
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => rounded(times[Math.ceil(times.length * part) - 1] ?? Number.NaN, 2);
  return {
    requests: times.length,
    perSecond: rounded(times.length / result.duration),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    mostMs: at(1),
  };
}
