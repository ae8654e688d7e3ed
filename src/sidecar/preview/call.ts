/** One call for sample rows: through the proxy's guard, limits and records, with its answer read here. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { Agents } from '../proxy/agents.ts';
import { proxyPartOf, reachFor } from '../proxy/call.ts';
import { createDeadline, type Deadline, endedBy } from '../proxy/deadline.ts';
import { exchange } from '../proxy/exchange.ts';
import { upstreamFailure } from '../proxy/failure.ts';
import { requestHeaders } from '../proxy/headers.ts';
import { maskOf } from '../proxy/mask.ts';
import { startTally } from '../proxy/tally.ts';
import { targetOf } from '../proxy/target.ts';
import { type Answer, ask } from '../proxy/upstream.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { UsableToken } from '../tokens/service.ts';
import { refusalOf } from './refusal.ts';
import type { RowsRequest } from './request.ts';

export type PreviewContext = Pick<
  SidecarContext,
  'settings' | 'tokens' | 'usage' | 'accessLog' | 'metrics' | 'log' | 'now'
>;

export interface PreviewParts {
  readonly context: PreviewContext;
  readonly agents: Agents;
  /** Waits for a Retry-After. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface PreviewCall {
  readonly view: IntegrationView;
  readonly place: CredentialPlace;
  /** Caller's id, for the audit. */
  readonly actor: string;
  readonly requestId?: string | undefined;
  readonly stream: string;
  readonly signal: AbortSignal;
}

/** Rows of one page; a provider that sends more than this sends no page. */
const MOST_ANSWER_BYTES = 8 * 1_048_576;

/**
 * The answer's JSON. Nothing of it is kept or logged.
 * @throws QuotaExceeded, NeedsReauthorization, AddressNotAllowed, ProviderRejected, RateLimited, Upstream…
 */
export async function callForRows(
  parts: PreviewParts,
  call: PreviewCall,
  request: (token: UsableToken) => RowsRequest,
): Promise<{ readonly answer: unknown; readonly request: RowsRequest }> {
  const { context } = parts;
  const { entry } = call.view;
  context.usage.admit(call.place.tenant);
  const deadline = createDeadline(context.settings.spec.limits.proxySeconds * 1000, entry.name);
  const gone = (): void => deadline.abort(new TenantryError('Cancelled', 'the caller is gone'));
  call.signal.addEventListener('abort', gone, { once: true });
  if (call.signal.aborted) gone();
  const tally = startTally(context, call.place);
  const record = recorder(context, call);
  try {
    const got = await exchanged(parts, call, { request, deadline, record });
    tally.status = String(got.status);
    return got;
  } catch (error) {
    const failure = upstreamFailure(endedBy(error, deadline), entry.name);
    tally.status = failure.code;
    record.refusal(failure);
    throw failure;
  } finally {
    call.signal.removeEventListener('abort', gone);
    deadline.stop();
    tally.end();
  }
}

interface Going {
  readonly request: (token: UsableToken) => RowsRequest;
  readonly deadline: Deadline;
  readonly record: Recorder;
}

interface Recorder {
  use(what: string): Promise<void>;
  /** A call that came to nothing used no credential: nothing waits for its record. */
  refusal(failure: TenantryError): void;
}

function recorder({ accessLog, log }: PreviewContext, call: PreviewCall): Recorder {
  const { place, actor, requestId, stream } = call;
  let isRecorded = false;
  const record = (outcome: string, detail: string): Promise<void> => {
    isRecorded = true;
    return accessLog.record({
      ...place,
      ...{ action: 'preview', actor, outcome, detail: detail.slice(0, 200) },
      ...(requestId !== undefined && { requestId }),
    });
  };
  return {
    use: (what) => record('ok', `${stream}: ${what}`),
    refusal({ code }) {
      if (isRecorded) return;
      record(code, stream).catch((error: unknown) =>
        log.warn({ err: error }, 'a refused preview is not in the access log'),
      );
    },
  };
}

async function exchanged(
  { context, agents, sleep }: PreviewParts,
  call: PreviewCall,
  { request: make, deadline, record }: Going,
): Promise<{ answer: unknown; request: RowsRequest; status: number }> {
  const { view, place } = call;
  const proxy = proxyPartOf(view);
  const { limits } = context.settings.spec;
  const token = await context.tokens.get(place, { signal: deadline.signal });
  const request = make(token);
  const target = targetOf(reachFor(context, view, token), request.rest);
  // A record first: no answer without it, as with the proxy.
  await record.use(`${request.method} ${target.host}`);
  const body = request.body === undefined ? null : Buffer.from(request.body);
  const { answer, sent } = await exchange({
    ...{ place, token, deadline, sleep, now: context.now },
    tokens: context.tokens,
    method: request.method,
    body: { content: body, length: body?.length, isRepeatable: true, bytes: () => body?.length ?? 0 },
    mostWaitSeconds: limits.retryAfterSeconds,
    send: (current) =>
      ask({
        agent: target.isMapped ? agents.direct : agents.guarded,
        origin: target.origin,
        path: target.path,
        method: request.method,
        headers: {
          ...requestHeaders(headersOf(request, proxy), { proxy, token: current.value }),
          ...(body && { 'content-length': String(body.length) }),
        },
        body,
        signal: deadline.signal,
      }),
  });
  const most = Math.min(MOST_ANSWER_BYTES, limits.proxyBodyBytes);
  const text = maskOf(sent).text((await bodyOf(answer, { most, deadline })).toString('utf8'));
  const content = jsonOf(text);
  const refusal = refusalOf({ entry: view.entry, answer, content, now: context.now() });
  if (refusal) throw refusal;
  return { answer: content, request, status: answer.statusCode };
}

/** The body is read as it comes: nobody here unpacks a compressed one. */
function headersOf(
  { headers, body }: RowsRequest,
  proxy: NonNullable<CatalogEntry['proxy']>,
): Record<string, string> {
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const hasAccept = Object.keys(proxy.headers).some((name) => name.toLowerCase() === 'accept');
  return {
    ...(!hasAccept && { accept: 'application/json' }),
    ...own,
    'accept-encoding': 'identity',
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
}

function bodyOf(
  { body }: Answer,
  { most, deadline }: { readonly most: number; readonly deadline: Deadline },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.take({
      data(chunk) {
        deadline.touch();
        bytes += chunk.length;
        if (bytes <= most) chunks.push(chunk);
        else body.abort(new TenantryError('PayloadTooLarge', `the answer has more than ${most} bytes`));
        return true;
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
    });
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
