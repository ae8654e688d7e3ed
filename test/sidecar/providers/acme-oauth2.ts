/** A provider with plain OAuth 2.0 for tests, and what its entry or its answers may have otherwise. */
import { authWith, entryWith } from '../../catalog/sample.ts';
import {
  type ProviderOptions,
  provider,
  providerServer,
  type Reply,
  type Seen,
  type TestProvider,
} from './provider-server.ts';

export const GRANTED = {
  access_token: 'access-1',
  refresh_token: 'refresh-1',
  token_type: 'bearer',
  expires_in: 600,
  scope: 'read write',
  account: { id: 42 },
};

/** An entry with these differences at a server that answers so. */
export async function at(
  auth: Record<string, unknown>,
  answer: (seen: Seen) => Reply = () => ({ body: GRANTED }),
  options: Partial<ProviderOptions> = {},
): Promise<TestProvider & { seen: Seen[] }> {
  const server = await providerServer(answer);
  const entry = entryWith({ auth: authWith(auth) });
  const made = await provider({ entry, origins: { 'https://acme.example': server.url }, ...options });
  return { ...made, seen: server.seen };
}
