/** Raw HTTP in a plain loop: the floor of all comparisons. */
import { Agent, request } from 'node:http';

export interface RawRequest {
  readonly method: string;
  /** Path with its query, from the root of the server. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * - `fetch`: what anybody writes first;
 * - `node:http`: with keep-alive and nothing else, the least that a call costs in Node.
 */
export const RAW_CLIENTS = ['fetch', 'node:http'] as const;
export type RawClient = (typeof RAW_CLIENTS)[number];

export interface HttpLoopOptions {
  readonly address: string;
  readonly concurrency: number;
  /** Sent with every request, e.g. the login. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default `node:http`. */
  readonly client?: RawClient;
}

/** Sends requests to one server, so many at once. */
export class HttpLoop {
  readonly #options: HttpLoopOptions;
  readonly #url: URL;
  readonly #agent: Agent;

  constructor(options: HttpLoopOptions) {
    this.#options = options;
    this.#url = new URL(options.address);
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
  }

  /** Handles every item, `concurrency` of them at once, in their order. */
  run<T>(items: readonly T[], handle: (item: T) => Promise<void>): Promise<void> {
    return inLoop(items, this.#options.concurrency, handle);
  }

  send(sent: RawRequest, more: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    const headers: Record<string, string> = { ...this.#options.headers, ...more };
    if (sent.body !== undefined) headers['Content-Type'] = sent.contentType ?? 'application/json';
    return this.#options.client === 'fetch' ? this.#fetch(sent, headers) : this.#request(sent, headers);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #fetch({ method, path, body }: RawRequest, headers: Record<string, string>): Promise<RawAnswer> {
    const url = this.#url.origin + path;
    const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, text: await answer.text() };
  }

  #request({ method, path, body }: RawRequest, headers: Record<string, string>): Promise<RawAnswer> {
    if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
    const { hostname, port } = this.#url;
    return new Promise((resolve, reject) => {
      const sent = request({ agent: this.#agent, hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

/** A plain loop: as many workers as may be under way, each taking the next item. */
export async function inLoop<T>(
  items: readonly T[],
  concurrency: number,
  handle: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) await handle(items[next++] as T);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
}
