/** Headers of calls to a provider's API. */
import type { ProviderContext } from './kind.ts';

/** Headers of a call: those of the provider's API (a version, say) where the URL belongs to it. */
export function apiHeaders({ entry: { proxy } }: ProviderContext, template: string): Record<string, string> {
  const origin = (text: string): string | undefined => /^https?:\/\/[^/?#]+/.exec(text)?.[0];
  const isApi = proxy !== undefined && origin(proxy.baseUrl) === origin(template);
  return { accept: 'application/json', ...(isApi && lowerCased(proxy.headers)) };
}

/** The same with a bearer token (RFC 6750). */
export function bearerHeaders(
  context: ProviderContext,
  template: string,
  bearer: string,
): Record<string, string> {
  return { ...apiHeaders(context, template), authorization: `Bearer ${bearer}` };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
