/** Where a call through the proxy goes. */

export interface ProxyInit extends RequestInit {
  /** Tenant to act for. Default: that of the client. */
  readonly tenant?: string;
  /** Another host of the catalog entry. Default: that of its base URL. */
  readonly host?: string;
}

/** @throws TypeError for what leads out of the integration (`..`): it would call the sidecar itself */
export function proxyUrl(base: string, integration: string, path: string): string {
  if (!/^[a-z0-9-]+$/.test(integration)) throw new TypeError('this is not the id of an integration');
  const root = new URL(`${base}/proxy/${integration}/`).href;
  const url = new URL(`${root}${path.replace(/^\/+/, '')}`);
  if (!url.href.startsWith(root)) throw new TypeError('the path leads out of the integration');
  return url.href;
}
