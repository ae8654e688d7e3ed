/** What verification looks at of a request: the same for routes and for WebSocket upgrades. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';

export interface Incoming {
  readonly method: string;
  /** Names in lower case; of a name that may occur once only, Node keeps the first. */
  readonly headers: IncomingHttpHeaders;
  /** Every header as it came: name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  /** Address at the other end of the connection; no header changes it. */
  readonly peer: string;
  /** Address that failed attempts are counted for: the client's where a proxy in front is trusted, else the peer's. */
  readonly address: string;
  readonly isUpgrade: boolean;
}

export function incomingOf(request: FastifyRequest): Incoming {
  const { method, headers, rawHeaders, socket } = request.raw;
  return {
    method: method ?? 'GET',
    headers,
    rawHeaders,
    peer: socket.remoteAddress ?? '',
    address: request.ip ?? '',
    isUpgrade: false,
  };
}

export function incomingUpgrade({ method, headers, rawHeaders, socket }: IncomingMessage): Incoming {
  const peer = socket.remoteAddress ?? '';
  return { method: method ?? 'GET', headers, rawHeaders, peer, address: peer, isUpgrade: true };
}

/** Every value of a header; Node's own view hides repeated ones. */
export function valuesOf({ rawHeaders }: Pick<Incoming, 'rawHeaders'>, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const text = rawHeaders[index];
    if (text?.length === name.length && text.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}
