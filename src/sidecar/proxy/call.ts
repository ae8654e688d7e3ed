/** One call through the proxy, from the admitted request to the end of the answer. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogEntry } from '../../catalog/entry.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { UsableToken } from '../tokens/service.ts';
import type { Agents } from './agents.ts';
import { createDeadline, type Deadline, endedBy } from './deadline.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { upstreamFailure } from './failure.ts';
import { answerHeaders, requestHeaders } from './headers.ts';
import { maskOf } from './mask.ts';
import { relay } from './relay.ts';
import { type RequestBody, requestBody } from './request-body.ts';
import { startTally, type Tally } from './tally.ts';
import { locationFor, type Reach, reachOf, type Target, targetOf } from './target.ts';
import { type Answer, ask } from './upstream.ts';
import { valuesFor } from './values.ts';

export interface ProxyParts {
  readonly context: SidecarContext;
  readonly agents: Agents;
  /** Waits for a Retry-After. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ProxyCall {
  readonly view: IntegrationView;
  readonly place: CredentialPlace;
  /** Caller's id, for the audit. */
  readonly actor: string;
  /** Path after the integration, with the query. */
  readonly rest: string;
  /** Host that the caller asks for. Undefined: that of the base URL. */
  readonly host: string | undefined;
}

/** What belongs to one call while it runs. */
interface Running extends ProxyParts {
  readonly call: ProxyCall;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly deadline: Deadline;
  readonly tally: Tally;
  /** Does the audit know of it? */
  isRecorded: boolean;
}

type ProxyPart = NonNullable<CatalogEntry['proxy']>;

/** @throws TenantryError as long as no head was sent; later the caller's connection breaks */
export async function proxyCall(
  parts: ProxyParts,
  call: ProxyCall,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { context } = parts;
  const { name } = call.view.entry;
  context.usage.admit(call.place.tenant);
  const deadline = createDeadline(context.settings.spec.limits.proxySeconds * 1000, name);
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) deadline.abort(new TenantryError('Cancelled', 'the caller is gone'));
  });
  const tally = startTally(context, call.place);
  const running: Running = { ...parts, call, request, reply, deadline, tally, isRecorded: false };
  try {
    await answered(running);
  } catch (error) {
    const failure = upstreamFailure(endedBy(error, deadline), name);
    tally.status = failure.code;
    if (!running.isRecorded) recordRefusal(running, failure);
    if (failure.code === 'PayloadTooLarge') void reply.header('connection', 'close');
    // Nobody is left to be told.
    if (reply.raw.destroyed) reply.hijack();
    else throw failure;
  } finally {
    deadline.stop();
    tally.end();
  }
}

async function answered(running: Running): Promise<void> {
  const { context, call, request, deadline, tally, sleep } = running;
  const { limits } = context.settings.spec;
  const { signal } = deadline;
  const proxy = proxyPartOf(call.view);
  const { place } = call;
  const token = await context.tokens.get(place, { signal });
  const reach = reachFor(context, call.view, token);
  const target = targetOf(reach, call.rest, call.host);
  const body = await requestBody(request.raw, {
    most: limits.proxyBodyBytes,
    onProgress: deadline.touch,
    signal,
  });
  const recorded = recordUse(running, target);
  const exchanged = await exchange({
    ...{ place, token, body, deadline, sleep },
    tokens: context.tokens,
    method: request.method,
    mostWaitSeconds: limits.retryAfterSeconds,
    send: (current) => send(running, { proxy, target, body, token: current }),
    now: context.now,
  }).finally(() => {
    tally.bytesIn = body.bytes();
  });
  try {
    await recorded;
  } catch (error) {
    exchanged.answer.body.dump();
    throw error;
  }
  await handOn(running, exchanged, { reach, target });
}

/** @throws NotSupported where the service has no API that the proxy could call */
export function proxyPartOf({ entry }: IntegrationView): ProxyPart {
  if (entry.proxy !== undefined) return entry.proxy;
  throw new TenantryError('NotSupported', `${entry.name} has no proxy in the catalog`);
}

/** Made of the same objects again and again: documents and facts are replaced as a whole and never changed. */
const reaches = new WeakMap<
  IntegrationView['document'],
  { readonly entry: CatalogEntry; readonly facts: UsableToken['facts']; readonly reach: Reach }
>();

/** @throws as fillUrl does */
export function reachFor(
  { settings }: Pick<SidecarContext, 'settings'>,
  view: IntegrationView,
  { facts }: UsableToken,
): Reach {
  const { document, entry } = view;
  const { providerOrigins } = settings;
  const known = reaches.get(document);
  const isSame = known?.facts === facts && known.entry === entry;
  if (isSame && known.reach.providerOrigins === providerOrigins) return known.reach;
  const values = valuesFor(entry, document.spec.config, facts);
  const reach = reachOf(proxyPartOf(view), values, providerOrigins);
  reaches.set(document, { entry, facts, reach });
  return reach;
}

/** Goes on beside the call; the answer waits for it. */
function recordUse(running: Running, target: Target): Promise<void> {
  const { context, call, request } = running;
  running.isRecorded = true;
  const recorded = context.accessLog.record({
    ...call.place,
    action: 'proxy',
    actor: call.actor,
    requestId: request.id,
    outcome: 'ok',
    detail: `${request.method} ${target.host}`,
  });
  // It is awaited only once the service has answered, and must not count as forgotten before.
  recorded.catch(() => undefined);
  return recorded;
}

/** A call that came to nothing used no credential: nothing waits for its record. */
function recordRefusal({ context, call, request }: Running, { code }: TenantryError): void {
  context.accessLog
    .record({
      ...call.place,
      action: 'proxy',
      actor: call.actor,
      requestId: request.id,
      outcome: code,
      detail: request.method,
    })
    .catch((error: unknown) => request.log.warn({ err: error }, 'a refused call is not in the access log'));
}

interface Sending {
  readonly proxy: ProxyPart;
  readonly target: Target;
  readonly body: RequestBody;
  readonly token: UsableToken;
}

function send(
  { agents, request, deadline }: Running,
  { proxy, target, body, token }: Sending,
): Promise<Answer> {
  const headers = requestHeaders(request.headers, { proxy, token: token.value });
  if (body.length !== undefined) headers['content-length'] = String(body.length);
  return ask({
    agent: target.isMapped ? agents.direct : agents.guarded,
    origin: target.origin,
    path: target.path,
    method: request.method,
    headers,
    body: body.content,
    signal: deadline.signal,
  });
}

/** Compressed bodies cannot be looked through; they are handed on as they are. */
const NO_CODING = new Set(['', 'identity']);

async function handOn(
  { context, call, reply, deadline, tally }: Running,
  { answer, sent }: Exchanged,
  { reach, target }: { readonly reach: Reach; readonly target: Target },
): Promise<void> {
  deadline.touch();
  const { limits } = context.settings.spec;
  const { integration } = call.place;
  const { statusCode, headers: given, body } = answer;
  if (body.failure) throw body.failure;
  if (Number(given['content-length'] ?? 0) > limits.proxyBodyBytes) {
    const words = 'the answer of the service is larger than the proxy hands on';
    const hint = 'ask for less, or raise spec.sidecar.limits.proxyBodyBytes';
    const tooLarge = new TenantryError('PayloadTooLarge', words, { hint });
    body.abort(tooLarge);
    throw tooLarge;
  }
  const mask = maskOf(sent);
  const headers = answerHeaders(given, mask);
  const location = [given.location].flat()[0];
  if (location !== undefined && !mask.isIn(location)) {
    const allowed = locationFor(location, { reach, target, integration });
    if (allowed !== undefined) headers['location'] = allowed;
  }
  tally.status = String(statusCode);
  reply.hijack();
  tally.bytesOut = await relay(reply.raw, {
    status: statusCode,
    // Ours last: a page of the service must not run as one of this origin's.
    headers: { ...headers, ...(reply.getHeaders() as OutgoingHttpHeaders) },
    body,
    mask: NO_CODING.has(String(given['content-encoding'] ?? '')) ? mask.body() : undefined,
    deadline,
    most: limits.proxyBodyBytes,
  });
}
