/** The ways out: one agent that reaches public addresses only, and one for what the operator named himself. */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { TenantryError } from '../../errors.ts';
import { isPublicAddress } from './addresses.ts';

export interface Agents {
  /** Connects to public addresses only. */
  readonly guarded: Agent;
  /** Connects anywhere: for the values of spec.sidecar.providerOrigins and nothing else. */
  readonly direct: Agent;
  /** Lets what runs come to its end for a while, then breaks it off. */
  close(): Promise<void>;
}

export interface AgentsOptions {
  /** Default: the resolver of the system. */
  readonly lookup?: LookupFunction;
  /** Most connections to one origin. Default 256. */
  readonly connections?: number;
}

const CONNECT_MS = 10_000;
/** Longer than the grace of a sidecar that ends: what is cut then is cut at the caller. */
const CLOSE_MS = 30_000;
const MOST_HEADER_BYTES = 32_768;

export function createAgents(options: AgentsOptions = {}): Agents {
  const lookup = options.lookup ?? (resolve as LookupFunction);
  const agent = (connect: buildConnector.connector): Agent =>
    new Agent({
      connect,
      connections: options.connections ?? 256,
      pipelining: 1,
      maxHeaderSize: MOST_HEADER_BYTES,
      // The deadline of a call knows both directions; these would know one.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  const guarded = agent(guardedConnector(lookup));
  // HTTP/1.1 alone: upgrades need it, and one connection then never carries two tenants' calls at once.
  const direct = agent(buildConnector({ allowH2: false, timeout: CONNECT_MS, lookup }));
  return { guarded, direct, close: () => closeAll([guarded, direct]) };
}

/**
 * The addresses that were checked are those that are connected to: the resolver is asked once, inside of connecting, so
 * that a name cannot mean something else a moment later.
 */
function guardedConnector(lookup: LookupFunction): buildConnector.connector {
  const connect = buildConnector({ allowH2: false, timeout: CONNECT_MS, lookup: guardedLookup(lookup) });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    // A literal address never comes to the lookup.
    if (isIP(host) !== 0 && !isPublicAddress(host)) return callback(notAllowed(host), null);
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const reached = remoteAddress(socket);
      if (isPublicAddress(reached)) return callback(null, socket);
      socket.destroy();
      callback(notAllowed(host), null);
    });
  };
}

/** A lookup that fails as soon as one of the addresses is not public. */
export function guardedLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      // One private address among public ones is how a name is made to lead inside: none of them is used.
      const bad = error === null && (addresses.length === 0 || !addresses.every(isPublicAddress));
      callback(bad ? notAllowed(hostname) : error, found, family);
    });
  };
}

/** Node gives an IPv4 peer of a dual-stack socket as `::ffff:a.b.c.d`. */
function remoteAddress(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

/** Does not tell the address: who asks would learn of the network inside. */
function notAllowed(host: string): TenantryError {
  return new TenantryError('AddressNotAllowed', `${host} is no public address`);
}

async function closeAll(agents: readonly Agent[]): Promise<void> {
  const late = setTimeout(() => {
    const reason = new TenantryError('ShuttingDown', 'this replica is shutting down');
    for (const agent of agents) agent.destroy(reason).catch(() => undefined);
  }, CLOSE_MS);
  await Promise.allSettled(agents.map((agent) => agent.close()));
  clearTimeout(late);
}
