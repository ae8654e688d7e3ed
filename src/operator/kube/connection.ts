/** The sockets to the API server: made for the credentials, and made anew when certificates or keys were replaced. */
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';
import type { KubeCredentials } from './credentials.ts';

/** Calls at the same time; what is more waits here. A watch is not counted. */
const MOST_CALLS = 64;

const CONNECT_LIMIT_MS = 10_000;

/** Below the idle limits of load balancers in front of API servers (60 s is common). */
const IDLE_SOCKET_MS = 30_000;

interface Sockets {
  readonly credentials: KubeCredentials;
  readonly madeFor: string;
  readonly calls: Dispatcher;
  /** Apart, and without a limit: watches hold their socket for minutes and would leave none to the calls. */
  readonly watches: Dispatcher;
}

export class Connection {
  #sockets: Sockets | undefined;

  /** For calls that end soon. */
  calls(credentials: KubeCredentials): Dispatcher {
    return this.#socketsFor(credentials).calls;
  }

  watches(credentials: KubeCredentials): Dispatcher {
    return this.#socketsFor(credentials).watches;
  }

  /**
   * Nothing came back in time over these sockets: a network that swallows packets swallows those of the idle ones too, so
   * that the next calls get others. What is under way on the old ones may still end.
   */
  distrust(calls: Dispatcher): void {
    const sockets = this.#sockets;
    if (sockets?.calls !== calls) return;
    this.#sockets = { ...sockets, calls: dispatcherFor(sockets.credentials, MOST_CALLS) };
    calls.close().catch(() => undefined);
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = undefined;
    if (sockets !== undefined) await Promise.all([sockets.calls.destroy(), sockets.watches.destroy()]);
  }

  #socketsFor(credentials: KubeCredentials): Sockets {
    const old = this.#sockets;
    if (old?.credentials === credentials) return old;
    const { server, ca, cert, key, serverName, insecure, proxy } = credentials;
    const madeFor = JSON.stringify([server, ca, cert, key, serverName, insecure, proxy]);
    if (old?.madeFor === madeFor) {
      this.#sockets = { ...old, credentials };
      return this.#sockets;
    }
    this.#sockets = {
      credentials,
      madeFor,
      calls: dispatcherFor(credentials, MOST_CALLS),
      watches: dispatcherFor(credentials, null),
    };
    // What is under way ends on the old ones, which then close themselves.
    for (const each of [old?.calls, old?.watches]) each?.close().catch(() => undefined);
    return this.#sockets;
  }
}

function dispatcherFor(credentials: KubeCredentials, connections: number | null): Dispatcher {
  const { ca, cert, key, serverName, insecure, proxy } = credentials;
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(insecure && { rejectUnauthorized: false }),
  };
  const connect = { timeout: CONNECT_LIMIT_MS, keepAlive: true, keepAliveInitialDelay: IDLE_SOCKET_MS };
  const shared = {
    connections,
    // One HTTP/2 connection for all would let a large list hold up every other answer.
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    // The caller's time limit is for the whole call, and a watch has none.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if (proxy === undefined) return new Agent({ ...shared, connect: { ...connect, ...tls } });
  // Names are always resolved by the proxy, which is what the h says.
  if (proxy.startsWith('socks'))
    return new Socks5ProxyAgent(proxy.replace('socks5h:', 'socks5:'), { ...shared, requestTls: tls });
  return new ProxyAgent({ ...shared, uri: proxy, requestTls: tls, connect });
}
