import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevVault, startDevVault } from '../../../src/dev/vault/server.ts';
import { call, denied, invalidToken, tokenWith } from './client.ts';

let vault: DevVault;
let clock: number;

beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1);
  vault = await startDevVault({ now: () => clock });
});
afterEach(() => vault.close());

async function make(body: unknown, token = vault.rootToken, path = 'create'): Promise<string> {
  const reply = await call(vault, 'POST', `auth/token/${path}`, { body, token });
  expect(reply.status).toBe(200);
  return reply.body.auth.client_token as string;
}
const self = (token: string | null) => call(vault, 'GET', 'auth/token/lookup-self', { token });

test('a missing and an unknown token get the texts of Vault', async () => {
  expect(await self(null)).toMatchObject({ status: 403, body: { errors: ['permission denied'] } });
  expect(await self('nope')).toMatchObject({ status: 403, body: invalidToken });
});

test('a token is taken from the Authorization header too', async () => {
  const headers = { Authorization: `Bearer ${vault.rootToken}` };
  const reply = await call(vault, 'GET', 'auth/token/lookup-self', { token: null, headers });
  expect(reply.body.data).toMatchObject({ policies: ['root'], ttl: 0, expire_time: null, orphan: true });
});

test('a new token shows its policies, warnings and life', async () => {
  const body = { policies: ['nope'], ttl: '1h', meta: { a: 'b' }, display_name: 'my app' };
  const reply = await call(vault, 'POST', 'auth/token/create', { body });
  expect(reply.body.warnings).toEqual(['Policy "nope" does not exist']);
  expect(reply.body.auth).toMatchObject({
    policies: ['default', 'nope'],
    metadata: { a: 'b' },
    lease_duration: 3600,
    renewable: true,
    orphan: false,
    token_type: 'service',
  });
  clock += 600_000;
  expect((await self(reply.body.auth.client_token)).body.data).toMatchObject({
    display_name: 'token-my-app',
    creation_ttl: 3600,
    ttl: 3000,
    expire_time: '2026-01-01T01:00:00.000Z',
  });
});

test('a token ends by the clock, and renewal puts the end off up to its maximum', async () => {
  const token = await make({ policies: ['default'], ttl: '1h', explicit_max_ttl: '90m' });
  clock += 3000_000;
  const renewed = await call(vault, 'POST', 'auth/token/renew-self', { token, body: {} });
  expect(renewed.body.auth.lease_duration).toBe(2400);
  expect(renewed.body.warnings[0]).toContain('exceeded the effective max_ttl of "40m"');
  clock += 2399_000;
  expect((await self(token)).status).toBe(200);
  clock += 1000;
  expect((await self(token)).body).toEqual(invalidToken);
});

test('a periodic token can be renewed for ever', async () => {
  const token = await make({ policies: ['default'], period: '1h' });
  for (let hour = 0; hour < 2000; hour += 500) {
    clock += 3599_000;
    expect(
      (await call(vault, 'POST', 'auth/token/renew-self', { token, body: {} })).body.auth.lease_duration,
    ).toBe(3600);
  }
});

test('num_uses counts every request, refused ones too', async () => {
  const token = await make({ policies: ['default'], num_uses: 2 });
  expect((await call(vault, 'GET', 'secret/data/x', { token })).body).toEqual(denied);
  expect((await call(vault, 'POST', 'sys/capabilities-self', { token, body: { path: 'a' } })).status).toBe(
    200,
  );
  expect((await self(token)).body).toEqual(invalidToken);
});

test('revoking a parent revokes its children and leaves orphans', async () => {
  const parent = await make({ policies: ['root'] });
  const child = await make({ policies: ['default'] }, parent);
  const orphan = await make({ policies: ['default'] }, parent, 'create-orphan');
  await call(vault, 'POST', 'auth/token/revoke', { body: { token: parent } });
  expect((await self(parent)).status).toBe(403);
  expect((await self(child)).status).toBe(403);
  expect((await self(orphan)).body.data.orphan).toBe(true);
});

test('a token is revoked by its accessor', async () => {
  const token = await make({ policies: ['default'] });
  const { accessor } = (await self(token)).body.data;
  expect((await call(vault, 'POST', 'auth/token/revoke-accessor', { body: { accessor } })).status).toBe(204);
  expect((await self(token)).status).toBe(403);
  const again = await call(vault, 'POST', 'auth/token/revoke-accessor', { body: { accessor } });
  expect(again.body.warnings).toEqual(['No token found with this accessor']);
});

test('a token without sudo cannot make a token that may do more', async () => {
  const token = await tokenWith(
    vault,
    'maker',
    'path "auth/token/*" { capabilities = ["update", "create"] }',
  );
  const create = async (body: unknown) =>
    (await call(vault, 'POST', 'auth/token/create', { token, body })).body.errors?.[0];
  expect(await create({ policies: ['other'] })).toBe('child policies must be subset of parent');
  expect(await create({ policies: ['root'] })).toBe('child policies must be subset of parent');
  expect(await create({ no_parent: true })).toContain('required to create orphan token');
  expect(await create({ period: '1h' })).toContain('required to create periodic token');
  expect(await create({ id: 'mine' })).toContain('required to specify token id');
  expect(await create({ policies: ['maker'] })).toBeUndefined();
  const limited = await make({ policies: ['maker'], num_uses: 5 });
  const reply = await call(vault, 'POST', 'auth/token/create', { token: limited, body: {} });
  expect(reply.body.errors).toEqual(['restricted use token cannot generate child tokens']);
});
