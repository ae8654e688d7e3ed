/** Sends one request to a service. What has come of the answer's body waits, within a limit, until somebody takes it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { TenantryError } from '../../errors.ts';
import type { Headers } from './headers.ts';

export interface UpstreamRequest {
  readonly agent: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Buffer | Readable | null;
  /** Breaks the call off at any time, the body of its answer too. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AnswerBody;
}

/** Takes the body piece by piece. */
export interface BodySink {
  /** False: no more until `resume`. */
  data(chunk: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
}

/** Bytes that wait for a taker before the service has to. */
const MOST_WAITING_BYTES = 65_536;

/** What is left in an answer that nobody wants is read so far, to keep its connection. */
const MOST_DUMPED_BYTES = 16_384;

/** A stream in its place would make each call about a fifth dearer. */
export class AnswerBody {
  readonly #controller: Dispatcher.DispatchController;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #sink: BodySink | undefined;
  #isOver = false;
  #failure: Error | undefined;

  constructor(controller: Dispatcher.DispatchController) {
    this.#controller = controller;
  }

  /** True when no more comes, of a whole body or of one that broke off. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why the body has broken off, if it has. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** At most once. What has come already is handed over at once. */
  take(sink: BodySink): void {
    this.#sink = sink;
    const waiting = this.#waiting;
    this.#waiting = [];
    let wantsMore = true;
    for (const chunk of waiting) wantsMore = sink.data(chunk) && wantsMore;
    if (this.#failure) sink.fail(this.#failure);
    else if (this.#isOver) sink.end();
    else if (wantsMore) this.#controller.resume();
    else this.#controller.pause();
  }

  resume(): void {
    this.#controller.resume();
  }

  abort(reason: Error): void {
    if (!this.#isOver) this.#controller.abort(reason);
  }

  /** Nobody wants it. */
  dump(): void {
    let left = MOST_DUMPED_BYTES;
    this.take({
      data: (chunk) => {
        left -= chunk.length;
        if (left < 0) this.abort(new TenantryError('Cancelled', 'the answer is not wanted'));
        return true;
      },
      end: () => undefined,
      fail: () => undefined,
    });
  }

  push(chunk: Buffer): void {
    if (this.#sink) {
      if (!this.#sink.data(chunk)) this.#controller.pause();
      return;
    }
    this.#waiting.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= MOST_WAITING_BYTES) this.#controller.pause();
  }

  finish(failure?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    if (failure) this.#sink?.fail(failure);
    else this.#sink?.end();
  }
}

/** Resolves with the head of whatever the service answers. @throws what undici throws, and the reason of the signal */
export function ask({ agent, signal, ...request }: UpstreamRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let body: AnswerBody | undefined;
    const abort = (): void => {
      // Before the connection is there, nobody else would say it.
      if (controller) controller.abort(signal.reason as Error);
      else reject(signal.reason);
    };
    const over = (error?: Error): void => {
      signal.removeEventListener('abort', abort);
      body?.finish(error);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    agent.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) abort();
      },
      onResponseStart(started, statusCode, headers) {
        // An interim answer; the one that counts follows.
        if (statusCode < 200) return;
        body = new AnswerBody(started);
        resolve({ statusCode, headers, body });
      },
      onResponseData: (_started, chunk) => body?.push(chunk),
      onResponseEnd: () => over(),
      onResponseError(_started, error) {
        over(error);
        reject(error);
      },
    });
  });
}
