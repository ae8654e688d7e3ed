/** Lets the server listen, and says plainly why it cannot. */
import type { AddressInfo } from 'node:net';
import { TenantryError } from '../errors.ts';
import type { SidecarServer } from './context.ts';
import type { SidecarSettings } from './settings.ts';

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; pass --port with another one',
  EADDRNOTAVAIL: 'pass --host with an address of this machine',
  EACCES: 'pass --port with one above 1023, or allow this program the other',
  ENOTFOUND: 'pass --host with an address of this machine',
};

/** @returns the address to call it by on this machine @throws InvalidUsage */
export async function listen(
  server: SidecarServer,
  { host, port }: Pick<SidecarSettings, 'host' | 'port'>,
): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const hint = HINTS[code];
    if (hint === undefined) throw cause;
    throw new TenantryError('InvalidUsage', `cannot listen on ${host}:${port} (${code})`, { cause, hint });
  }
  return `http://${reachable(host)}:${(server.server.address() as AddressInfo).port}`;
}

/** Who listens on every address is reached on loopback too; an IPv6 address stands in brackets (RFC 3986, section 3.2.2). */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
