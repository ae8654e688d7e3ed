/** Asks a service for a WebSocket, and answers the caller's own request for one, both in HTTP/1.1's words. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { TenantryError } from '../../errors.ts';
import { PROBLEM_TYPE, presentable, problemBody } from '../problem.ts';
import type { Headers } from './headers.ts';

export interface UpgradeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Only with status 101. */
  readonly socket: Duplex | undefined;
}

export interface UpgradeOptions {
  readonly agent: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

/** Resolves with whatever the service answers. @throws what undici throws, and the reason of the signal */
export function askForUpgrade(options: UpgradeOptions): Promise<UpgradeAnswer> {
  const { agent, origin, path, headers, signal } = options;
  return new Promise((resolve, reject) => {
    let abort: (() => void) | undefined;
    const over = (): void => {
      if (abort) signal.removeEventListener('abort', abort);
    };
    agent.dispatch(
      { origin, path, method: 'GET', headers, upgrade: 'websocket' },
      {
        onRequestStart(controller) {
          over();
          abort = () => controller.abort(signal.reason as Error);
          if (signal.aborted) abort();
          else signal.addEventListener('abort', abort, { once: true });
        },
        onRequestUpgrade(_controller, status, given, socket) {
          over();
          socket.on('error', () => undefined);
          resolve({ status, headers: given, socket });
        },
        onResponseStart(controller, status, given) {
          // An interim answer; the one that counts follows.
          if (status < 200) return;
          over();
          resolve({ status, headers: given, socket: undefined });
          controller.abort(new TenantryError('Cancelled', 'the service makes no WebSocket of it'));
        },
        onResponseError(_controller, error) {
          over();
          reject(error);
        },
      },
    );
  });
}

/** @throws NotSupported for what is no WebSocket handshake (RFC 6455, section 4.2.1) */
export function requireHandshake({ method, headers }: IncomingMessage): void {
  const isHandshake =
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '');
  if (!isHandshake)
    throw new TenantryError('NotSupported', 'the only upgrade is that to a WebSocket, version 13');
}

/** Head of an answer, written past Node's HTTP server, which has let go of the connection. */
export function writeHead(socket: Duplex, status: number, headers: Headers): void {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((text) => `${name}: ${text}`),
  );
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n');
  // Node's parser gives headers as latin1, in which each byte stays what it was.
  socket.write(head, 'latin1');
}

export function writeProblem(socket: Duplex, error: unknown, requestId: string): void {
  const shown = presentable(error);
  const body = Buffer.from(JSON.stringify(problemBody(shown, requestId)));
  writeHead(socket, shown.status, {
    'content-type': PROBLEM_TYPE,
    'content-length': String(body.length),
    connection: 'close',
    'x-request-id': requestId,
    ...(shown.status === 401 && { 'www-authenticate': 'Bearer realm="tenantry"' }),
    ...(shown.retryable && { 'retry-after': String(Math.ceil(shown.retryAfterSeconds ?? 5)) }),
  });
  socket.end(body);
}
