/** Posture sidecar: programs of the same machine or pod may call without a credential. */
import { isLoopback, type SidecarSettings } from '../settings.ts';
import type { Caller } from './caller.ts';
import { type Incoming, valuesOf } from './incoming.ts';

/** Headers that say that somebody else than the peer made the request, or that a browser did. */
const NOT_LOCAL = [
  ...['origin', 'sec-fetch-site', 'forwarded', 'via'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'],
];

/**
 * The caller without a credential, or undefined where one is needed. A browser reaches loopback too, for any page that
 * it shows: its requests are told by Origin or Sec-Fetch-Site, and those of a name that was rebound to this address by
 * the Host header.
 */
export function loopbackCaller(incoming: Incoming, settings: SidecarSettings): Caller | undefined {
  if (settings.posture !== 'sidecar' || settings.loopbackTenants.length === 0) return undefined;
  const [host, ...more] = valuesOf(incoming, 'host');
  if (host === undefined || more.length > 0 || !isLoopback(host.replace(/:\d+$/, ''))) return undefined;
  if (!isLoopback(incoming.peer.replace(/^::ffff:/i, ''))) return undefined;
  if (NOT_LOCAL.some((name) => valuesOf(incoming, name).length > 0)) return undefined;
  return { kind: 'loopback', id: 'loopback', role: 'app', tenants: settings.loopbackTenants };
}
