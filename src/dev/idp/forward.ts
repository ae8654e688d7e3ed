/** Hands a call on to the fake vendor's API, so that one base serves the vendor's OAuth and API paths. */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Streams both ways. The host is kept, since links in answers are made of it. */
export async function forward(
  base: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { method, headers } = request;
      const call = httpRequest(base, { method, headers, signal: abort.signal }, resolve);
      call.once('error', reject);
      request.pipe(call);
    });
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  } catch {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('The development API does not answer');
  }
}
