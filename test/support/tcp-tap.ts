/** A TCP proxy on loopback that tells of every chunk a client sends, before it is passed on. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpTap {
  readonly port: number;
  close(): Promise<void>;
}

/** @param onChunk false drops the connection with the chunk. */
export async function startTcpTap(
  target: { readonly host: string; readonly port: number },
  onChunk: () => boolean,
): Promise<TcpTap> {
  const sockets = new Set<Socket>();
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
      if (onChunk()) upstream.write(chunk);
      else client.destroy();
    });
    upstream.on('data', (chunk) => client.write(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
