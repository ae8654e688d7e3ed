/** An issuer of JWTs for the contract: signs with node:crypto and serves its public keys as a JWKS on loopback. */
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Claims = Readonly<Record<string, unknown>>;

export interface JwtIssuer {
  /** Of the JSON Web Key Set (RFC 7517). */
  readonly jwksUrl: string;
  /** The key that it signs with, as PEM. */
  readonly publicKey: string;
  /** A JWT (RFC 7519) signed with RS256. `kid` overrides the name of the key in the header. */
  sign(claims: Claims, kid?: string): string;
  /** Signs with another key from now on, and no longer publishes the old one. */
  rotate(): void;
  close(): Promise<void>;
}

interface Key {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function newKey(kid: string): Key {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function signJwt(key: KeyObject, header: Claims, claims: Claims): string {
  const text = `${encode({ alg: 'RS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${text}.${createSign('sha256').update(text).sign(key).toString('base64url')}`;
}

export async function startJwtIssuer(): Promise<JwtIssuer> {
  let count = 1;
  let key = newKey('key-1');
  const server = createServer((_request, response) => {
    const jwk = { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: 'RS256' };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    jwksUrl: `http://127.0.0.1:${port}/jwks`,
    get publicKey() {
      return key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    },
    sign: (claims, kid = key.kid) => signJwt(key.privateKey, { kid }, claims),
    rotate() {
      count += 1;
      key = newKey(`key-${count}`);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
