/** An issuer of JWTs for tests: a real JWKS server on loopback, and its signing keys. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: PrivateKey;
  readonly publicJwk: JWK;
}

export interface SignOptions {
  readonly key?: SigningKey;
  /** Added to the protected header. */
  readonly header?: Record<string, unknown>;
}

export interface TestIssuer {
  readonly url: string;
  readonly key: SigningKey;
  /** Keys that are published. */
  keys: SigningKey[];
  /** Answers with this instead; 0 closes the connection. */
  fault: number | undefined;
  /** Issuer in the discovery document. Default: `url`. */
  claimedIssuer: string | undefined;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** A JWT; what is not given is as a good one has it. Undefined takes a claim away. */
  sign(claims?: Readonly<Record<string, unknown>>, options?: SignOptions): Promise<string>;
  close(): Promise<void>;
}

export const AUDIENCE = 'tenantry-test';

let made = 0;

export async function signingKey(alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  made += 1;
  const kid = `key-${made}`;
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** @param now milliseconds since 1970 */
export async function startIssuer(now: () => number = Date.now): Promise<TestIssuer> {
  const key = await signingKey();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (issuer.fault === 0) {
      request.socket.destroy();
      return;
    }
    const document =
      request.url === '/jwks'
        ? { keys: issuer.keys.map(({ publicJwk }) => publicJwk) }
        : { issuer: issuer.claimedIssuer ?? issuer.url, jwks_uri: `${issuer.url}/jwks` };
    response.writeHead(issuer.fault ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    keys: [key],
    fault: undefined,
    claimedIssuer: undefined,
    requests,
    async sign(claims = {}, options = {}) {
      const by = options.key ?? key;
      const seconds = Math.floor(now() / 1000);
      const payload = {
        iss: issuer.url,
        aud: AUDIENCE,
        sub: 'user-1',
        iat: seconds,
        exp: seconds + 300,
        tenant: 'acme',
        ...claims,
      };
      const header = { alg: by.alg, kid: by.kid, ...options.header };
      return await new SignJWT(payload).setProtectedHeader(header).sign(by.privateKey);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
}
