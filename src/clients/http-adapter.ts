/**
 * Axios' adapter for what we need of HTTP: one small text each way, no redirects, no compression, no form data. Axios'
 * own adapter builds several streams for each call, which costs three times the call itself.
 */
import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

export interface TextAdapterOptions {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /** A longer answer is an error. */
  readonly mostAnswerBytes: number;
}

/** Sends `config.data`, a text, and gives the answer as text. Rejects with Node's own error, whatever the status not. */
export function textAdapter(options: TextAdapterOptions): AxiosAdapter {
  return (config) =>
    new Promise((resolve, reject) => {
      const body = config.data as string | undefined;
      const url = new URL(config.url ?? '');
      const secure = url.protocol === 'https:';
      const sent = (secure ? httpsRequest : httpRequest)(url, {
        method: config.method?.toUpperCase(),
        headers: headersOf(config, body),
        agent: secure ? options.httpsAgent : options.httpAgent,
      });
      const stop = (): void => void sent.destroy(new Error('stopped'));
      config.signal?.addEventListener?.('abort', stop);
      sent.on('close', () => config.signal?.removeEventListener?.('abort', stop));
      sent.on('error', reject);
      sent.on('response', (response) => {
        readText(response, options.mostAnswerBytes).then((text) => {
          resolve(answerOf(response, text, config));
        }, reject);
      });
      sent.end(body);
    });
}

function headersOf(config: InternalAxiosRequestConfig, body: string | undefined): Record<string, string> {
  const headers = config.headers.toJSON() as Record<string, string>;
  if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
  return headers;
}

function answerOf(
  response: IncomingMessage,
  data: string,
  config: InternalAxiosRequestConfig,
): AxiosResponse<string> {
  const { statusCode: status = 0, statusMessage: statusText = '' } = response;
  return { data, status, statusText, headers: response.headers as AxiosResponse['headers'], config };
}

function readText(response: IncomingMessage, mostBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostBytes) response.destroy(new Error(`the answer is longer than ${mostBytes} bytes`));
    });
    response.on('error', reject);
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}
