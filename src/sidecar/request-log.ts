/**
 * One line for each request. It is written a thousand times more often than any other, so it goes past the general log,
 * with whose lines it is the same: of its few fields only one can hold what a sender chose.
 */
import { isLevelOn, type LogOptions, writerOf } from '../log.ts';

export interface RequestLine {
  /** Cleaned of secrets, where it is the sender's own word. */
  readonly id: string;
  readonly method: string;
  /** Pattern of the route, not the address: a query may hold a code. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
  /** Id of the caller. */
  readonly caller: string | undefined;
}

export type LogRequest = (line: RequestLine) => void;

/** Lines of one turn of the event loop are written together. Nothing below level info. */
export function createRequestLog(options: Pick<LogOptions, 'env' | 'write'>): LogRequest {
  if (!isLevelOn('info', options.env)) return () => undefined;
  const write = writerOf(options);
  let lines = '';
  const flush = (): void => {
    write(lines);
    lines = '';
  };
  // Most lines of a second differ in little else than these.
  const text = (value: string | undefined): string => (value === undefined ? 'null' : JSON.stringify(value));
  let second = 0;
  let prefix = '';
  return ({ id, method, route, status, ms, caller }) => {
    if (lines === '') setImmediate(flush);
    const now = Date.now();
    if (now - second >= 1000) {
      second = now - (now % 1000);
      prefix = `{"level":"info","time":"${new Date(second).toISOString().slice(0, -4)}`;
    }
    const millis = String(now - second).padStart(3, '0');
    const req = `{"id":${text(id)},"method":${text(method)},"route":${text(route)}}`;
    lines += `${prefix}${millis}Z","req":${req},"status":${status},"ms":${ms},"caller":${text(caller)},"msg":"request"}\n`;
  };
}
