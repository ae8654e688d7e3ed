/** The log of what runs for long: one JSON line each, with every known secret taken out. */
import { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';
import type { Redactor } from './redact.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly redactor: Redactor;
  /** Default: standard output. */
  readonly write?: (line: string) => void;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Names under which a secret may stand in an object that somebody logs. */
const SECRET_KEYS = [
  'access_token',
  'accessToken',
  'refresh_token',
  'refreshToken',
  'client_secret',
  'clientSecret',
  'password',
  'authorization',
  'cookie',
  'secret',
];

/** By LOG_LEVEL; what it does not know is info. */
function levelOf(env: NodeJS.ProcessEnv): string {
  const level = env['LOG_LEVEL']?.toLowerCase() ?? 'info';
  return LEVELS.includes(level) ? level : 'info';
}

export function isLevelOn(level: (typeof LEVELS)[number], env: NodeJS.ProcessEnv): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(levelOf(env));
}

/** Takes whole lines. */
export function writerOf({ write }: Pick<LogOptions, 'write'>): (lines: string) => void {
  return write ?? ((lines) => void process.stdout.write(lines));
}

/** Level by LOG_LEVEL, default info. A request is logged by its route, not its URL: the query may hold a code. */
export function createLog(options: LogOptions): Logger {
  const { env, redactor } = options;
  const out = writerOf(options);
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      out(redactor.redact(chunk.toString()));
      done();
    },
  });
  return pino(
    {
      level: levelOf(env),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
      serializers: {
        req: (request: { id?: string; method?: string; routeOptions?: { url?: string } }) => ({
          id: request.id,
          method: request.method,
          route: request.routeOptions?.url,
        }),
        res: (reply: { statusCode?: number }) => ({ status: reply.statusCode }),
        err: (error: Error & { code?: unknown; hint?: unknown }) => ({
          type: error.name,
          message: error.message,
          ...(typeof error.code === 'string' && { code: error.code }),
          stack: error.stack,
          ...(error.cause instanceof Error && { cause: `${error.cause.name}: ${error.cause.message}` }),
        }),
      },
    },
    stream,
  );
}
