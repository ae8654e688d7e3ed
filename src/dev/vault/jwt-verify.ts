/** Verifies JSON Web Tokens (RFC 7519) for the JWT and Kubernetes login methods, with Vault's words for a mistake. */
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { isRecord } from './fields.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** A mistake in the token or in the claims. */
export class JwtError extends Error {}

export interface VerificationKey {
  /** Absent where the configuration has keys without names: then each is tried. */
  readonly kid?: string | undefined;
  readonly key: KeyObject;
}

interface Parsed {
  readonly header: Claims;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

// RFC 7518 section 3.1; the asymmetric ones, as Vault takes them.
const algorithms: Readonly<Record<string, { readonly hash: string | null; readonly type: string }>> = {
  RS256: { hash: 'sha256', type: 'rsa' },
  RS384: { hash: 'sha384', type: 'rsa' },
  RS512: { hash: 'sha512', type: 'rsa' },
  ES256: { hash: 'sha256', type: 'ec' },
  ES384: { hash: 'sha384', type: 'ec' },
  ES512: { hash: 'sha512', type: 'ec' },
  EdDSA: { hash: null, type: 'ed25519' },
};

/** Vault's defaults, in seconds. */
const CLOCK_SKEW = 60;
const LEEWAY = 150;

function decode(part: string): Claims {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    throw new JwtError('oidc: malformed jwt: illegal base64 data at input byte 0');
  }
  if (!isRecord(value)) throw new JwtError('oidc: malformed jwt: not a JSON object');
  return value;
}

/** Splits the token; nothing in it is verified yet. */
export function parseJwt(token: string): Parsed {
  const [head = '', body = '', signature, ...rest] = token.split('.');
  if (signature === undefined || rest.length > 0) {
    throw new JwtError('oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts');
  }
  return {
    header: decode(head),
    claims: decode(body),
    signed: `${head}.${body}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** The claims of a token that one of the keys has signed. */
export function verifySignature(token: string, keys: readonly VerificationKey[]): Claims {
  const { header, claims, signed, signature } = parseJwt(token);
  const name = String(header['alg']);
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (algorithm === undefined) {
    throw new JwtError(`oidc: malformed jwt: unexpected signature algorithm ${JSON.stringify(name)}`);
  }
  const good = keys.some(({ kid, key }) => {
    if (kid !== undefined && header['kid'] !== undefined && kid !== header['kid']) return false;
    if (key.asymmetricKeyType !== algorithm.type) return false;
    return verify(algorithm.hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
  });
  if (!good) throw new JwtError('failed to verify id token signature');
  return claims;
}

export interface Expected {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

export function audiencesOf(claims: Claims): readonly string[] {
  const value = claims['aud'];
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
}

/** Checks the registered claims. `now` in Unix seconds. */
export function checkClaims(claims: Claims, expected: Expected, now: number): void {
  if (expected.issuer !== '' && claims['iss'] !== expected.issuer) {
    throw new JwtError('invalid issuer (iss) claim');
  }
  if (expected.subject !== '' && claims['sub'] !== expected.subject) {
    throw new JwtError('invalid subject (sub) claim');
  }
  const audiences = audiencesOf(claims);
  if (expected.audiences.length > 0 && !expected.audiences.some((one) => audiences.includes(one))) {
    throw new JwtError('invalid audience (aud) claim: audience claim does not match any expected audience');
  }
  checkTimes(claims, now);
}

function seconds(claims: Claims, name: string): number | undefined {
  const value = claims[name];
  return typeof value === 'number' ? value : undefined;
}

function checkTimes(claims: Claims, now: number): void {
  const iat = seconds(claims, 'iat');
  const exp = seconds(claims, 'exp');
  const nbf = seconds(claims, 'nbf');
  const start = nbf ?? iat ?? (exp === undefined ? undefined : exp - LEEWAY);
  if (start === undefined) {
    throw new JwtError('no issued at (iat), not before (nbf), or expiration time (exp) claims in token');
  }
  const end = exp ?? Math.max(iat ?? 0, nbf ?? 0) + LEEWAY;
  if (start > now + CLOCK_SKEW) {
    throw new JwtError('invalid not before (nbf) claim: token not yet valid');
  }
  if (end < now - CLOCK_SKEW) {
    throw new JwtError('invalid expiration time (exp) claim: token is expired');
  }
  if (iat !== undefined && iat > now + CLOCK_SKEW) {
    throw new JwtError('invalid issued at (iat) claim: token issued in the future');
  }
}

/** The keys of a JSON Web Key Set (RFC 7517) that can be used; undefined when it is none. */
export function keysOfSet(value: unknown): readonly VerificationKey[] | undefined {
  const keys = isRecord(value) ? value['keys'] : undefined;
  if (!Array.isArray(keys)) return undefined;
  return keys.flatMap((jwk: JsonWebKey) => {
    try {
      const { kid } = jwk as { kid?: string };
      return [{ kid, key: createPublicKey({ key: jwk, format: 'jwk' }) }];
    } catch {
      return [];
    }
  });
}
