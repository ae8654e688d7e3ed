/** The one part of a Kubernetes API server that Vault's Kubernetes auth calls: TokenReview. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signJwt } from './jwt-issuer.ts';

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface TokenReviewer {
  /** The `kubernetes_host` for Vault. */
  readonly host: string;
  /** A token of this account that the reviewer knows. */
  issue(account: ServiceAccount): string;
  /** A token of the same form that the reviewer does not know. */
  forge(account: ServiceAccount): string;
  /** Forgets the token, as when its account or pod was deleted. */
  withdraw(token: string): void;
  /** What Vault sent in `Authorization` last. */
  readonly lastCaller: string;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<{ spec: { token: string } }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as { spec: { token: string } };
}

const path = '/apis/authentication.k8s.io/v1/tokenreviews';

export async function startTokenReviewer(): Promise<TokenReviewer> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const accounts = new Map<string, ServiceAccount>();
  let lastCaller = '';
  let serial = 0;
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    lastCaller = request.headers.authorization ?? '';
    const { spec } = await bodyOf(request);
    const account = accounts.get(spec.token);
    const status = account
      ? {
          authenticated: true,
          audiences: ['https://kubernetes.default.svc'],
          user: {
            username: `system:serviceaccount:${account.namespace}:${account.name}`,
            uid: account.uid,
            groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`],
          },
        }
      : { authenticated: false, error: 'invalid bearer token', user: {} };
    return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec, status };
  };
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || request.url !== path) response.writeHead(404).end();
    else
      answer(request).then(
        (review) =>
          response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify(review)),
        () => response.writeHead(400).end(),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const forge = ({ namespace, name, uid }: ServiceAccount): string => {
    serial += 1;
    const now = Math.floor(Date.now() / 1000);
    return signJwt(
      privateKey,
      { kid: 'k8s' },
      {
        iss: 'https://kubernetes.default.svc',
        aud: ['https://kubernetes.default.svc'],
        sub: `system:serviceaccount:${namespace}:${name}`,
        iat: now,
        nbf: now,
        exp: now + 3600,
        jti: String(serial),
        'kubernetes.io': { namespace, serviceaccount: { name, uid } },
      },
    );
  };
  return {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forge,
    issue(account) {
      const token = forge(account);
      accounts.set(token, account);
      return token;
    },
    withdraw: (token) => void accounts.delete(token),
    get lastCaller() {
      return lastCaller;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
