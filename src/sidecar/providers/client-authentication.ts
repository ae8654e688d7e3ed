/** How the app proves itself at a token endpoint (RFC 6749 section 2.3.1). */
import { type ClientAuth, ClientSecretPost } from 'oauth4webapi';
import type { ProviderApp } from './kind.ts';

export type ClientAuthentication = 'basic' | 'body' | 'basic-secret';

export function clientAuthentication(how: ClientAuthentication, { clientSecret }: ProviderApp): ClientAuth {
  if (how === 'body') return ClientSecretPost(clientSecret);
  return (_server, client, _body, headers) => {
    const login =
      how === 'basic-secret'
        ? `${clientSecret}:`
        : `${formEncoded(client.client_id)}:${formEncoded(clientSecret)}`;
    headers.set('authorization', `Basic ${Buffer.from(login).toString('base64')}`);
  };
}

/**
 * The library also encodes `-`, `_` and `.`, which is right but fails at providers that do not decode, e.g. for a client
 * id that is a UUID. Left as they are, both kinds of provider read the same.
 */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
