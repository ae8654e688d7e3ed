/** The calls that login methods of the development Vault make: to a key set and to a Kubernetes API server. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

const LIMIT_MS = 5_000;
const LIMIT_BYTES = 1024 * 1024;

export interface OutgoingCall {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** PEM of the CA of the server. Default: Node's own list. */
  readonly ca?: string;
}

/** The JSON of a 2xx answer; undefined for any other, and where there is none. */
export function callJson(url: string, call: OutgoingCall): Promise<unknown> {
  return new Promise((resolve) => {
    const nothing = (): void => resolve(undefined);
    try {
      const target = new URL(url);
      const send = target.protocol === 'https:' ? requestHttps : requestHttp;
      const { method, ca } = call;
      const headers = { Accept: 'application/json', 'Content-Type': 'application/json', ...call.headers };
      const signal = AbortSignal.timeout(LIMIT_MS);
      const options = { method, headers, signal, ...(ca === undefined ? {} : { ca }) };
      const outgoing = send(target, options, (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= LIMIT_BYTES) chunks.push(chunk);
          else answer.destroy();
        });
        answer.on('error', nothing);
        answer.on('close', () => resolve(parsed(answer.statusCode ?? 0, chunks)));
      });
      outgoing.on('error', nothing);
      outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
    } catch {
      // An address that is none.
      nothing();
    }
  });
}

export function getJson(url: string): Promise<unknown> {
  return callJson(url, { method: 'GET' });
}

function parsed(status: number, chunks: readonly Buffer[]): unknown {
  if (status < 200 || status > 299) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}
