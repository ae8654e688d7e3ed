/** An OpenID provider for tests (the library oidc-provider), where a person is signed in by a header and asked nothing. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { decodeJwt, SignJWT } from 'jose';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { freePort } from '../../../../src/dev/free-port.ts';

/** Header of a browser's request that says which account the person picks; `-` refuses. */
export const ACCOUNT = 'x-test-account';
export const CLIENT = { id: 'tenantry-web', secret: 'a-client-secret-that-nobody-else-has' };

export interface TestProvider {
  readonly url: string;
  /** Claims of accounts by name. */
  readonly accounts: Record<string, Record<string, unknown>>;
  /** What becomes of an ID token before it is sent; signed anew, with `stranger` by a key that is not published. */
  forge: ((claims: Record<string, unknown>) => Record<string, unknown>) | undefined;
  stranger: boolean;
  /** Every answer is this status; undefined: it works. */
  fault: number | undefined;
  close(): Promise<void>;
}

function keyPair(): { readonly key: KeyObject; readonly jwk: Record<string, unknown> } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: privateKey,
    jwk: { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'one' },
  };
}

/** @param redirectUri of the client. Default: the callback of any sidecar on this machine */
export async function startProvider(redirectUri?: string): Promise<TestProvider> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const [published, stranger] = [keyPair(), keyPair()];
  const accounts: TestProvider['accounts'] = {};
  const provider = new Provider(url, configurationOf({ redirectUri, jwk: published.jwk, accounts }));
  if (redirectUri === undefined) {
    provider.Client.prototype.redirectUriAllowed = (uri: string) =>
      /^http:\/\/127\.0\.0\.1:\d+\/session\/oidc\/callback$/.test(uri);
  }
  provider.use(async (context, next) => {
    await next();
    const { oidc } = context as unknown as Partial<KoaContextWithOIDC>;
    const body = context.body as { id_token?: string } | undefined;
    if (oidc?.route !== 'token' || body?.id_token === undefined) return;
    if (!self.forge && !self.stranger) return;
    const claims = decodeJwt(body.id_token) as Record<string, unknown>;
    body.id_token = await new SignJWT(self.forge?.(claims) ?? claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(self.stranger ? stranger.key : published.key);
  });
  const answer = provider.callback();
  const server = createServer((request, response) => {
    if (self.fault !== undefined) response.writeHead(self.fault).end();
    else if (request.url?.startsWith('/interaction/')) void interact(provider, request, response);
    else void answer(request, response);
  }).listen(Number(new URL(url).port), '127.0.0.1');
  await once(server, 'listening');
  const self: TestProvider = {
    url,
    accounts,
    forge: undefined,
    stranger: false,
    fault: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return self;
}

async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const accountId = String(request.headers[ACCOUNT] ?? 'nobody');
  const result = accountId === '-' ? { error: 'access_denied' } : { login: { accountId } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

function configurationOf({
  redirectUri,
  jwk,
  accounts,
}: {
  readonly redirectUri: string | undefined;
  readonly jwk: Record<string, unknown>;
  readonly accounts: TestProvider['accounts'];
}): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri ?? 'http://127.0.0.1/session/oidc/callback'],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [jwk] } as NonNullable<Configuration['jwks']>,
    cookies: { keys: ['a key of a test'] },
    scopes: ['openid', 'profile', 'email'],
    claims: { openid: ['sub'], profile: ['tenant', 'role'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, ...accounts[sub] }),
    }),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      IdToken: 300,
      Interaction: 600,
      Session: 600,
      Grant: 600,
    },
  };
}
