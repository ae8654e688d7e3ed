/** One request at a fake vendor, and the plain ways to answer it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Below the vendor's base. */
  readonly pathname: string;
  readonly query: URLSearchParams;
  /** The customer whose host was called; only at vendors with a host per customer. */
  readonly account?: string;
}

export type Handler = (exchange: Exchange) => Promise<void>;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
  });
  response.end(html);
}

export function redirect(response: ServerResponse, location: URL): void {
  response.writeHead(303, { location: location.href, 'cache-control': 'no-store' });
  response.end();
}
