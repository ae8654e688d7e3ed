/** A TCP proxy on loopback in front of a system, which can go away in the ways that networks have. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * - `pass`: the default;
 * - `refuse`: nobody listens, and open connections are reset;
 * - `hang`: connections are taken and stay open, and no byte passes either way;
 * - `cut`: the connection is reset in the middle of the next answer.
 */
export type TcpFault = 'pass' | 'refuse' | 'hang' | 'cut';

export interface TcpFaults {
  readonly port: number;
  /** Takes effect at once, also for the connections that are open; what hung before is reset. */
  set(fault: TcpFault): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpFaults(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpFaults> {
  const sockets = new Set<Socket>();
  let fault: TcpFault = 'pass';
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (fault !== 'hang') upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (fault === 'pass') client.write(chunk);
      if (fault === 'cut') client.write(chunk.subarray(0, chunk.length / 2), () => client.resetAndDestroy());
    });
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    reset();
    await once(server, 'close');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async set(next) {
      const before = fault;
      fault = next;
      if (before === 'hang') reset();
      if (next === 'refuse') await stop();
      else if (!server.listening) await listen(port);
    },
    close: stop,
  };
}
