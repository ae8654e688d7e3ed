/**
 * Axios' adapter for what we need of HTTP: one small text each way, no redirects, no compression, no form data. Axios'
 * own adapter builds several streams for each call, which costs three times the call itself.
 */
import {
  type Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import type { AxiosAdapter, InternalAxiosRequestConfig } from 'axios';

export interface TextAdapterOptions {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /** A longer answer is an error. */
  readonly mostAnswerBytes: number;
}

/** The answer's `data`. Headers are here, because Axios copies and normalises those of the answer several times. */
export interface TextAnswer {
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/** `config.timeout` has passed before the last byte of the answer. */
export class TimeLimit extends Error {}

/**
 * Sends `config.data`, a text, to `config.url` below `config.baseURL`. A status is no error; rejects with Node's own
 * error, or TimeLimit.
 */
export function textAdapter(options: TextAdapterOptions): AxiosAdapter {
  const bases = new Map<string, RequestOptions>();

  function baseOf(baseURL: string): RequestOptions {
    const known = bases.get(baseURL);
    if (known !== undefined) return known;
    const url = urlToHttpOptions(new URL(baseURL));
    const agent = url.protocol === 'https:' ? options.httpsAgent : options.httpAgent;
    const path = (url.path ?? '').replace(/\/+$/, '');
    const base: RequestOptions = { ...url, path, agent };
    bases.set(baseURL, base);
    return base;
  }

  async function answerTo(config: InternalAxiosRequestConfig): Promise<Answer> {
    const base = baseOf(config.baseURL ?? '');
    const body = config.data as string | undefined;
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send({
      ...base,
      path: `${base.path}${config.url}`,
      method: config.method?.toUpperCase(),
      headers: headersOf(config, body),
    });
    const timer = config.timeout
      ? setTimeout(() => sent.destroy(new TimeLimit()), config.timeout)
      : undefined;
    const stop = (): void => void sent.destroy();
    config.signal?.addEventListener?.('abort', stop);
    const answer = Promise.withResolvers<Answer>();
    sent.on('error', answer.reject);
    sent.on('response', (response) => readText(response, options.mostAnswerBytes, answer));
    sent.end(body);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      config.signal?.removeEventListener?.('abort', stop);
    }
  }

  return async (config) => {
    const { response, text } = await answerTo(config);
    const { statusCode: status = 0, statusMessage: statusText = '' } = response;
    return { data: { text, headers: response.headers }, status, statusText, headers: {}, config };
  };
}

interface Answer {
  readonly response: IncomingMessage;
  readonly text: string;
}

function headersOf(config: InternalAxiosRequestConfig, body: string | undefined): Record<string, string> {
  const headers = config.headers.toJSON() as Record<string, string>;
  if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
  return headers;
}

function readText(response: IncomingMessage, mostBytes: number, answer: PromiseWithResolvers<Answer>): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) response.destroy(new Error(`the answer is longer than ${mostBytes} bytes`));
  });
  response.on('error', answer.reject);
  response.on('end', () => answer.resolve({ response, text: Buffer.concat(chunks).toString('utf8') }));
}
