/** Contract of the JWT login: configuration, roles as the product writes them, and which tokens log in. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JwtIssuer, startJwtIssuer } from './jwt-issuer.ts';
import { type ContractTarget, callsOf } from './target.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const good = () => ({
  iss: 'https://issuer',
  aud: 'vault',
  sub: 'app',
  tenant: 'acme',
  iat: now(),
  exp: now() + 600,
});
/** As src/plan/tenant.ts writes it. */
const roleBody = {
  role_type: 'jwt',
  user_claim: 'sub',
  bound_claims: { tenant: 'acme' },
  bound_audiences: ['vault'],
  token_policies: ['tenant-acme'],
  token_ttl: 600,
};

function withSharedSecret(secret: string, text: string): string {
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

export function describeJwt(target: ContractTarget): void {
  const vault = callsOf(target);
  let issuer: JwtIssuer;
  const login = (jwt: string, role = 'tenant-acme') =>
    vault.post('auth/contract-jwt/login', { role, jwt }, { token: null });
  const withClaims = (claims: Record<string, unknown>, role?: string) =>
    login(issuer.sign({ ...good(), ...claims }), role);

  beforeAll(async () => {
    issuer = await startJwtIssuer();
    await vault.post('sys/auth/contract-jwt', { type: 'jwt' });
    const config = { jwks_url: issuer.jwksUrl, bound_issuer: 'https://issuer' };
    expect((await vault.post('auth/contract-jwt/config', config)).status).toBe(204);
    expect((await vault.post('auth/contract-jwt/role/tenant-acme', roleBody)).status).toBe(204);
  });
  afterAll(() => issuer.close());

  test('a mount without configuration or role says so', async () => {
    await vault.post('sys/auth/contract-bare', { type: 'jwt' });
    expect((await vault.get('auth/contract-bare/config')).status).toBe(404);
    expect((await vault.get('auth/contract-bare/role/x')).status).toBe(404);
    expect((await vault.get('auth/contract-bare/role?list=true')).status).toBe(404);
    const reply = await vault.post('auth/contract-bare/login', { role: 'x', jwt: 'y' }, { token: null });
    expect(reply).toMatchObject({ status: 400, body: { errors: ['could not load configuration'] } });
  });

  test('the configuration reads back, and a wrong one is refused and changes nothing', async () => {
    const config = (body: unknown) => vault.post('auth/contract-jwt/config', body);
    const exactlyOne =
      "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set";
    expect((await config({})).body.errors).toEqual([exactlyOne]);
    const both = { jwks_url: issuer.jwksUrl, jwt_validation_pubkeys: issuer.publicKey };
    expect((await config(both)).body.errors).toEqual([exactlyOne]);
    expect((await config({ jwks_url: 'http://127.0.0.1:1/none' })).body.errors).toEqual([
      'error checking jwks URL http://127.0.0.1:1/none',
    ]);
    expect((await config({ jwt_validation_pubkeys: 'xx' })).status).toBe(400);
    expect((await vault.get('auth/contract-jwt/config')).body.data).toMatchObject({
      jwks_url: issuer.jwksUrl,
      bound_issuer: 'https://issuer',
      jwt_validation_pubkeys: [],
    });
  });

  test('a role reads back as the product compares it', async () => {
    expect((await vault.get('auth/contract-jwt/role/tenant-acme')).body.data).toMatchObject(roleBody);
    expect((await vault.get('auth/contract-jwt/role?list=true')).body.data.keys).toContain('tenant-acme');
  });

  test('a second write changes only the fields that it names', async () => {
    await vault.post('auth/contract-jwt/role/change', roleBody);
    await vault.post('auth/contract-jwt/role/change', { role_type: 'jwt', token_ttl: 1200 });
    expect((await vault.get('auth/contract-jwt/role/change')).body.data).toMatchObject({
      ...roleBody,
      token_ttl: 1200,
    });
    expect((await vault.delete('auth/contract-jwt/role/change')).status).toBe(204);
    expect((await vault.get('auth/contract-jwt/role/change')).status).toBe(404);
    expect((await vault.delete('auth/contract-jwt/role/change')).status).toBe(204);
  });

  test.each<[Record<string, unknown>, string]>([
    [{}, 'a user claim must be defined on the role'],
    [
      { role_type: 'jwt', user_claim: 'sub' },
      'must have at least one bound constraint when creating/updating a role',
    ],
    [{ ...roleBody, role_type: 'nope' }, "invalid 'role_type': nope"],
    [
      { ...roleBody, bound_claims: 'x' },
      "error converting input for field \"bound_claims\": '' expected a map, got 'string'",
    ],
  ])('the role %j is refused', async (body, message) => {
    expect(await vault.post('auth/contract-jwt/role/wrong', body)).toMatchObject({
      status: 400,
      body: { errors: [message] },
    });
  });

  test('a token of the issuer with the bound claim logs in, with the policies of the role', async () => {
    const reply = await withClaims({});
    expect(reply.status).toBe(200);
    expect(reply.body.auth).toMatchObject({
      policies: ['default', 'tenant-acme'],
      metadata: { role: 'tenant-acme' },
      lease_duration: 600,
      renewable: true,
      orphan: true,
    });
    const self = await vault.get('auth/token/lookup-self', { token: reply.body.auth.client_token });
    expect(self.body.data).toMatchObject({
      display_name: 'contract-jwt-app',
      path: 'auth/contract-jwt/login',
      entity_id: reply.body.auth.entity_id,
    });
    const again = (await withClaims({})).body.auth;
    expect(again.entity_id).toBe(reply.body.auth.entity_id);
    expect((await withClaims({ sub: 'another' })).body.auth.entity_id).not.toBe(again.entity_id);
  });

  test('lists of audiences and of bound values match by any member', async () => {
    expect((await withClaims({ aud: ['other', 'vault'] })).status).toBe(200);
    expect((await withClaims({ tenant: ['globex', 'acme'] })).status).toBe(200);
  });

  const otherTenant =
    'error validating claims: claim "tenant" does not match any associated bound claim values';
  const otherAudience =
    'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience';
  const noTimes =
    'error validating token: no issued at (iat), not before (nbf), or expiration time (exp) claims in token';
  test.each([
    ['of another tenant', { tenant: 'globex' }, otherTenant],
    ['with the tenant in capitals', { tenant: 'ACME' }, otherTenant],
    ['with a number as tenant', { tenant: 12 }, otherTenant],
    ['without a tenant', { tenant: undefined }, 'error validating claims: claim "tenant" is missing'],
    ['for another audience', { aud: 'other' }, otherAudience],
    ['without an audience', { aud: undefined }, otherAudience],
    ['of another issuer', { iss: 'https://evil' }, 'error validating token: invalid issuer (iss) claim'],
    [
      'that has ended',
      { exp: 1_000_000_000 },
      'error validating token: invalid expiration time (exp) claim: token is expired',
    ],
    [
      'of the future',
      { nbf: 9_000_000_000, exp: 9_000_000_600 },
      'error validating token: invalid not before (nbf) claim: token not yet valid',
    ],
    ['without any time', { iat: undefined, exp: undefined }, noTimes],
    ['without a user', { sub: undefined }, 'claim "sub" not found in token'],
  ])('a token %s is refused', async (_title, claims, message) => {
    expect(await withClaims(claims)).toMatchObject({ status: 400, body: { errors: [message] } });
  });

  test('a token that the issuer did not sign is refused', async () => {
    const [head, body, signature] = issuer.sign(good()).split('.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const stranger = await startJwtIssuer();
    const forged = {
      'other signature': `${head}.${body}.${signature?.replace(/^.{8}/, 'AAAAAAAA')}`,
      'other claims': `${head}.${encode({ ...good(), sub: 'admin' })}.${signature}`,
      'no algorithm': `${encode({ alg: 'none' })}.${body}.`,
      'public key as a shared secret': withSharedSecret(
        issuer.publicKey,
        `${encode({ alg: 'HS256' })}.${body}`,
      ),
      'other issuer with the name of our key': stranger.sign(good(), 'key-1'),
      'other issuer': stranger.sign(good(), 'key-x'),
      'no parts': 'abc',
      'no base64': 'a.b.c',
    };
    await stranger.close();
    for (const [why, jwt] of Object.entries(forged)) {
      const reply = await login(jwt);
      expect(reply.status, why).toBe(400);
      expect(reply.body.errors[0], why).toContain('error verifying token signature');
    }
  });

  test('the role is needed, and must be there', async () => {
    expect((await withClaims({}, 'none')).body.errors).toEqual(['role "none" could not be found']);
    expect((await withClaims({}, '')).status).toBe(400);
    expect((await login('')).body.errors).toEqual(['missing token']);
  });

  test('an audience in a token is refused where the role names none', async () => {
    const { bound_audiences: _, ...open } = roleBody;
    await vault.post('auth/contract-jwt/role/open', open);
    expect((await withClaims({}, 'open')).body.errors).toEqual([
      'audience claim found in JWT but no audiences bound to the role',
    ]);
    expect((await withClaims({ aud: undefined }, 'open')).status).toBe(200);
  });

  test('a login never gives the root policy', async () => {
    await vault.post('auth/contract-jwt/role/root', { ...roleBody, token_policies: ['root'] });
    expect((await withClaims({}, 'root')).body.errors).toEqual(['auth methods cannot create root tokens']);
  });

  test('a new key of the issuer is taken up, and the old one is out', async () => {
    const old = issuer.sign(good());
    expect((await login(old)).status).toBe(200);
    issuer.rotate();
    expect((await withClaims({})).status).toBe(200);
    expect((await login(old)).status).toBe(400);
  });

  test('fixed public keys serve in place of a JWKS', async () => {
    await vault.post('sys/auth/contract-keys', { type: 'jwt' });
    await vault.post('auth/contract-keys/config', { jwt_validation_pubkeys: [issuer.publicKey] });
    await vault.post('auth/contract-keys/role/r', roleBody);
    const jwt = issuer.sign(good());
    const reply = await vault.post('auth/contract-keys/login', { role: 'r', jwt }, { token: null });
    expect(reply.status).toBe(200);
  });
}
