/** The HTTP server for the kubelet's probes and for Prometheus. */
import type { AddressInfo } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from 'fastify';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { type Check, isPassed } from './check.ts';

export interface HealthServerOptions {
  /** e.g. `0.0.0.0`, or `::` for both families. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A failed one has the kubelet restart the container: only for what a restart mends. */
  readonly live: () => Check;
  /** A failed one takes the replica out of Services, and holds up a rollout. */
  readonly ready: () => Check;
  readonly metrics: Pick<OperatorMetrics, 'text'>;
  readonly log: FastifyBaseLogger;
}

export interface HealthServer {
  /** To call it by on this machine. */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws InvalidUsage when it cannot listen there */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { live, ready, metrics, log } = options;
  const app = Fastify({
    loggerInstance: log,
    // Probes come every few seconds; only what goes wrong is logged.
    logController: new LogController({ disableRequestLogging: true }),
    // A prober's idle connection must not hold up the end.
    forceCloseConnections: true,
  });
  app.get('/healthz', (_request, reply) => answer(reply, live));
  app.get('/readyz', (_request, reply) => answer(reply, ready));
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await metrics.text();
    return reply.type(contentType).send(body);
  });
  const url = await listen(app, options);
  return { url, close: () => app.close() };
}

function answer(reply: FastifyReply, ask: () => Check): FastifyReply {
  const checks = checksOf(reply, ask);
  const isOk = isPassed(checks);
  return reply
    .code(isOk ? 200 : 503)
    .header('cache-control', 'no-store')
    .send({ status: isOk ? 'ok' : 'failed', checks });
}

/** A check that throws has failed: the probe gets its answer all the same. */
function checksOf(reply: FastifyReply, ask: () => Check): Check {
  try {
    return ask();
  } catch (error) {
    const { code } = asTenantryError(error);
    reply.log.error({ err: error }, 'a health check failed');
    return [{ name: 'check', ok: false, reason: code }];
  }
}

async function listen(
  app: FastifyInstance,
  { host, port }: Pick<HealthServerOptions, 'host' | 'port'>,
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    const { code } = cause as NodeJS.ErrnoException;
    throw new TenantryError('InvalidUsage', `cannot listen on ${host}:${port} (${code ?? 'unknown'})`, {
      cause,
      hint: 'pass another address with --health-host and --health-port',
    });
  }
  return `http://${reachable(host)}:${(app.server.address() as AddressInfo).port}`;
}

/** Who listens on every address is reached on loopback too; an IPv6 address stands in brackets (RFC 3986, section 3.2.2). */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
