/** One call to a provider within limits: time, size of the answer, no redirects. What goes wrong has no secret in it. */
import { throwIfCancelled } from '../../clients/http.ts';
import { TenantryError } from '../../errors.ts';
import type { ProviderContext } from './kind.ts';

/** Well below the minute for which a refresh holds its lease. */
export const CALL_MS = 15_000;

/** A token set has a few kilobytes. */
const MOST_BYTES = 1024 * 1024;

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What was sent, to keep an echo of it out of messages. */
  readonly sent: ProviderRequest;
}

type CallContext = Pick<ProviderContext, 'entry' | 'fetch' | 'signal' | 'timeoutMs'>;

/**
 * Sends once, whatever the status of the answer.
 * @throws ProviderUnavailable when there is no whole answer; Cancelled when the signal aborts
 */
export async function callProvider(
  context: CallContext,
  url: URL,
  request: ProviderRequest,
): Promise<ProviderAnswer> {
  throwIfCancelled(context.signal);
  const limit = AbortSignal.timeout(context.timeoutMs ?? CALL_MS);
  const signal = context.signal ? AbortSignal.any([limit, context.signal]) : limit;
  try {
    const headers = { 'user-agent': 'Tenantry', ...request.headers };
    // A redirect would carry the client secret to an address that nobody has checked.
    const response = await context.fetch(url, { ...request, headers, redirect: 'manual', signal });
    const text = await readText(response);
    return { status: response.status, headers: response.headers, text, sent: request };
  } catch (error) {
    throwIfCancelled(context.signal);
    throw new TenantryError('ProviderUnavailable', `${context.entry.name} ${whatHappened(context, error)}`);
  }
}

class TooLong extends Error {}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > MOST_BYTES) throw new TooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function whatHappened({ timeoutMs = CALL_MS }: CallContext, error: unknown): string {
  if (error instanceof TooLong) return 'sends an answer of more than 1 MiB';
  if (error instanceof Error && error.name === 'TimeoutError')
    return `gives no answer in ${timeoutMs / 1000} s`;
  const code = systemCode(error);
  return code === undefined ? 'does not answer' : `does not answer (${code})`;
}

/** Code of Node or undici; other texts of an error may hold parts of the request. */
function systemCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return code;
  return cause === undefined ? undefined : systemCode(cause);
}
