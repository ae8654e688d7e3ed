/** One call to Airbyte from start to end: token, retry, and the error at last. */
import { Redactor } from '../redact.ts';
import type { AirbyteOptions, AirbyteTokenStatus } from './airbyte.ts';
import {
  type AirbyteCall,
  type AirbyteFailure,
  airbyteFailure,
  airbyteSilence,
  isNoApi,
} from './airbyte-errors.ts';
import { AirbyteTokens } from './airbyte-token.ts';
import { createHttpClient, type HttpAnswer, type HttpRequest, NoAnswer, throwIfCancelled } from './http.ts';
import { createRetry, type Outcome } from './retry.ts';

export type AirbyteRequest = AirbyteCall & Pick<HttpRequest, 'signal' | 'query' | 'body'>;

export interface AirbyteCalls {
  /** The answer where it is a success, or a 404 for a GET or DELETE. Everything else is thrown. */
  call(request: AirbyteRequest): Promise<HttpAnswer>;
  health(signal: AbortSignal | undefined): Promise<boolean>;
  tokenStatus(): AirbyteTokenStatus;
  close(): void;
}

export function createAirbyteCalls(options: AirbyteOptions): AirbyteCalls {
  const now = options.now ?? Date.now;
  const redactor = options.redactor ?? new Redactor();
  const { retries = 3, retryDelayMs: delayMs = 1000, timeoutMs = 30_000 } = options;
  const retry = createRetry({ retries, delayMs, random: options.random, sleep: options.sleep });
  const http = createHttpClient({ ...options, backend: 'airbyte', baseUrl: options.url, timeoutMs });
  const tokens = new AirbyteTokens({ ...options, redactor, now, request: requestToken });
  const context = { redactor, now };

  async function send(request: AirbyteRequest, token?: string): Promise<HttpAnswer> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return await http.send({ ...request, path: slashed(request.path), headers });
  }

  async function sendWithToken(request: AirbyteRequest): Promise<HttpAnswer> {
    const token = await tokens.current(request.signal);
    const answer = await send(request, token.value);
    if (answer.status !== 401 || !tokens.mayReplace(token)) return answer;
    return await send(request, (await tokens.current(request.signal)).value);
  }

  async function attempt(request: AirbyteCall, sending: Promise<HttpAnswer>): Promise<Outcome<HttpAnswer>> {
    let failure: AirbyteFailure;
    try {
      const answer = await sending;
      if (isFine(request, answer)) return { value: answer };
      failure = airbyteFailure(request, answer, context);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      failure = airbyteSilence(request, error, redactor);
    }
    if (!failure.again) throw failure.error;
    return { again: failure.error };
  }

  /** Bad credentials: 400 (self-managed) or 401 (Cloud); both are about the login here. */
  async function requestToken(path: string, body: unknown): Promise<HttpAnswer> {
    const request = { method: 'POST', path, body, repeatable: true } as const;
    return await retry(() =>
      attempt(
        request,
        send(request).then((answer) => (answer.status === 400 ? { ...answer, status: 401 } : answer)),
      ),
    );
  }

  async function health(signal: AbortSignal | undefined): Promise<boolean> {
    const answer = await send({ method: 'GET', path: '/health', signal }).catch(() => undefined);
    throwIfCancelled(signal);
    return answer !== undefined && answer.status >= 200 && answer.status < 300;
  }

  return {
    call: (request) => retry(() => attempt(request, sendWithToken(request)), request.signal),
    health,
    tokenStatus: () => tokens.status(),
    close: () => http.close(),
  };
}

function isFine(request: AirbyteCall, answer: HttpAnswer): boolean {
  if (answer.status >= 200 && answer.status < 300) return !isNoApi(answer);
  return (
    answer.status === 404 && (request.method === 'GET' || request.method === 'DELETE') && !isNoApi(answer)
  );
}

function slashed(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
