/** WebSockets through the proxy: the same address, the same rules, and after the handshake a tunnel. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TenantryError } from '../../errors.ts';
import { DOCUMENT_NAME_PATTERN } from '../../spec/names.ts';
import { type Caller, requirePermission } from '../callers/caller.ts';
import type { SidecarContext } from '../context.ts';
import type { UsableToken } from '../tokens/service.ts';
import { admitted } from './admission.ts';
import { type Agents, type AgentsOptions, createAgents } from './agents.ts';
import { proxyPartOf, reachFor } from './call.ts';
import { createDeadline, type Deadline, endedBy } from './deadline.ts';
import { upstreamFailure } from './failure.ts';
import { answerHeaders, type Headers, requestHeaders } from './headers.ts';
import { maskOf } from './mask.ts';
import { startTally, type Tally } from './tally.ts';
import { restOf, targetOf } from './target.ts';
import { tunnel } from './tunnel.ts';
import {
  askForUpgrade,
  requireHandshake,
  type UpgradeAnswer,
  writeHead,
  writeProblem,
} from './upgrade-request.ts';

export interface Upgrades {
  /** WebSockets that are open. */
  readonly open: () => number;
  /** Breaks them off, and takes no more. The HTTP server does not do it: they are no longer its connections. */
  readonly close: () => Promise<void>;
}

/** Verifies the caller of an upgrade; `CallerVerifier.authenticateUpgrade` does. */
export type AuthenticateUpgrade = (request: IncomingMessage) => Promise<Caller>;

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the caller has sent after its request. */
  readonly head: Buffer;
  readonly requestId: string;
}

interface Parts {
  readonly context: SidecarContext;
  readonly agents: Agents;
  readonly authenticate: AuthenticateUpgrade;
}

/** Answers the upgrades of an HTTP server; all other requests stay with its routes. */
export function attachUpgrades(
  server: Server,
  context: SidecarContext,
  authenticate: AuthenticateUpgrade,
  options: AgentsOptions = {},
): Upgrades {
  const parts: Parts = { context, authenticate, agents: createAgents(options) };
  const open = new Set<Duplex>();
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Until the tunnel listens: an error that nobody hears ends the process.
    socket.on('error', () => undefined);
    const requestId = randomUUID();
    upgraded(parts, { request, socket, head, requestId }).catch((error: unknown) => {
      context.log.debug({ err: error, requestId }, 'upgrade refused');
      if (socket.writable) writeProblem(socket, error, requestId);
    });
  };
  server.on('upgrade', onUpgrade);
  onlyWebSockets(server);
  return {
    open: () => open.size,
    async close() {
      server.off('upgrade', onUpgrade);
      for (const socket of open) socket.destroy();
      await parts.agents.close();
    },
  };
}

/**
 * A server may leave an upgrade out (RFC 9110, section 7.8), and Java's client asks for `h2c` with every request. Node
 * has the callback since 22.21 and 24.9; before, such a request is refused.
 */
function onlyWebSockets(
  server: Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean },
): void {
  server.shouldUpgradeCallback = ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket';
}

async function upgraded(parts: Parts, upgrade: Upgrade): Promise<void> {
  const { context } = parts;
  const { request, socket } = upgrade;
  requireHandshake(request);
  const caller = await parts.authenticate(request);
  requirePermission(caller, 'tokens.use');
  const integration = /^\/proxy\/([^/?#]+)\//.exec(request.url ?? '')?.[1] ?? '';
  if (!DOCUMENT_NAME_PATTERN.test(integration)) {
    throw new TenantryError('NotFound', 'there is no WebSocket at this address');
  }
  const tenant = headerOf(request, 'x-tenantry-tenant');
  const view = admitted(context, caller, { integration, tenant, use: 'proxy' });
  const place = { tenant: view.tenant.metadata.name, integration };
  context.usage.admit(place.tenant);
  const deadline = createDeadline(context.settings.spec.limits.proxySeconds * 1000, view.entry.name);
  socket.once('close', () => deadline.abort(new TenantryError('Cancelled', 'the caller is gone')));
  const tally = startTally(context, place);
  try {
    await opened({ ...parts, ...upgrade, caller, view, place, deadline, tally });
  } catch (error) {
    const failure = upstreamFailure(endedBy(error, deadline), view.entry.name);
    tally.status = failure.code;
    throw failure;
  } finally {
    deadline.stop();
    tally.end();
  }
}

interface Opening extends Parts, Upgrade {
  readonly caller: Caller;
  readonly view: ReturnType<typeof admitted>;
  readonly place: { readonly tenant: string; readonly integration: string };
  readonly deadline: Deadline;
  readonly tally: Tally;
}

async function opened(opening: Opening): Promise<void> {
  const { context, socket, head, deadline, tally } = opening;
  const { answer, tokens } = await asked(opening);
  tally.status = String(answer.status);
  const headers = callerHeaders(answer, tokens, opening.requestId);
  if (answer.status !== 101 || answer.socket === undefined) {
    answer.socket?.destroy();
    writeHead(socket, answer.status === 101 ? 502 : answer.status, {
      ...headers,
      'content-length': '0',
      connection: 'close',
    });
    socket.end();
    return;
  }
  writeHead(socket, 101, { ...headers, connection: 'Upgrade', upgrade: 'websocket' });
  if (head.length > 0) answer.socket.write(head);
  const most = context.settings.spec.limits.proxyBodyBytes;
  const moved = await tunnel({ caller: socket, service: answer.socket, deadline, most });
  Object.assign(tally, moved);
}

/** The service's answer: after 401 there is one more try with a renewed token. */
async function asked(opening: Opening): Promise<{ answer: UpgradeAnswer; tokens: readonly UsableToken[] }> {
  const { context, agents, request, view, place, caller, requestId, deadline } = opening;
  const { signal } = deadline;
  const proxy = proxyPartOf(view);
  const token = await context.tokens.get(place, { signal });
  const target = targetOf(
    reachFor(context, view, token),
    restOf(request.url ?? ''),
    headerOf(request, 'x-tenantry-host'),
  );
  const agent = target.isMapped ? agents.direct : agents.guarded;
  const ask = (current: UsableToken): Promise<UpgradeAnswer> =>
    askForUpgrade({
      ...{ agent, signal, origin: target.origin, path: target.path },
      headers: requestHeaders(request.headers, { proxy, token: current.value }),
    });
  await context.accessLog.record({
    ...place,
    action: 'proxy',
    actor: caller.id,
    requestId,
    outcome: 'ok',
    detail: `WebSocket ${target.host}`,
  });
  const answer = await ask(token);
  if (answer.status !== 401) return { answer, tokens: [token] };
  const newer = await context.tokens.renew(place, token, { signal });
  if (newer.value === token.value) return { answer, tokens: [token] };
  return { answer: await ask(newer), tokens: [token, newer] };
}

function callerHeaders(answer: UpgradeAnswer, tokens: readonly UsableToken[], requestId: string): Headers {
  const { 'content-length': _length, ...headers } = answerHeaders(answer.headers, maskOf(tokens));
  return { ...headers, 'x-request-id': requestId };
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
