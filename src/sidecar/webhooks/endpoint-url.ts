/** Which addresses a tenant may have its webhooks sent to. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { TenantryError } from '../../errors.ts';
import { isPublicAddress } from '../proxy/addresses.ts';
import { isLoopback, type SidecarSettings } from '../settings.ts';

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string }[]>;

const fromSystem: Resolve = (host) => lookup(host, { all: true });

/**
 * Checks an address when it is given, so that a mistake is told at once. What counts is the check of every connection:
 * a name may mean something else tomorrow.
 * @throws InvalidRequest, AddressNotAllowed
 */
export async function checkEndpointUrl(
  text: string,
  settings: SidecarSettings,
  resolve: Resolve = fromSystem,
): Promise<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new TenantryError('InvalidRequest', 'url must be an address without a user, password or fragment');
  }
  if (isLoopbackUrl(url) && mayCallLoopback(settings)) return url;
  if (url.protocol !== 'https:') throw new TenantryError('InvalidRequest', 'url must begin with https://');
  const host = hostOf(url);
  // A name that cannot be resolved just now is no mistake yet.
  const addresses = isIP(host) ? [{ address: host }] : await resolve(host).catch(() => []);
  if (!addresses.every(({ address }) => isPublicAddress(address))) {
    throw new TenantryError('AddressNotAllowed', `${host} is no public address`, {
      hint: 'give an address that the internet can reach',
    });
  }
  return url;
}

/** In development, and in the application's own pod: where the sidecar itself is reached on loopback only. */
export function mayCallLoopback({ publicUrl }: Pick<SidecarSettings, 'publicUrl'>): boolean {
  return isLoopbackUrl(new URL(publicUrl));
}

export function isLoopbackUrl(url: URL): boolean {
  return isLoopback(url.hostname) && (url.protocol === 'http:' || url.protocol === 'https:');
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
