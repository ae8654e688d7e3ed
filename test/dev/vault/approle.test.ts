import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevVault, startDevVault } from '../../../src/dev/vault/server.ts';
import { call, invalidToken } from './client.ts';

let vault: DevVault;
let clock: number;

beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1);
  vault = await startDevVault({ now: () => clock });
  await call(vault, 'POST', 'sys/auth/approle', { body: { type: 'approle' } });
  const body = {
    token_policies: ['p'],
    token_ttl: '20m',
    token_max_ttl: '30m',
    secret_id_ttl: '10m',
    secret_id_num_uses: 2,
  };
  await call(vault, 'POST', 'auth/approle/role/App', { body });
});
afterEach(() => vault.close());

const role = (path: string, body?: unknown) => call(vault, 'POST', `auth/approle/role/${path}`, { body });
const login = (body: unknown) => call(vault, 'POST', 'auth/approle/login', { token: null, body });

async function credentials(): Promise<{ role_id: string; secret_id: string }> {
  const { role_id } = (await call(vault, 'GET', 'auth/approle/role/app/role-id')).body.data;
  const { secret_id } = (await role('app/secret-id')).body.data;
  return { role_id, secret_id };
}

test('a role reads as in Vault, its name in lower case', async () => {
  expect((await call(vault, 'GET', 'auth/approle/role/app')).body.data).toEqual({
    bind_secret_id: true,
    local_secret_ids: false,
    secret_id_bound_cidrs: null,
    secret_id_num_uses: 2,
    secret_id_ttl: 600,
    token_bound_cidrs: [],
    token_explicit_max_ttl: 0,
    token_max_ttl: 1800,
    token_no_default_policy: false,
    token_num_uses: 0,
    token_period: 0,
    token_policies: ['p'],
    token_ttl: 1200,
    token_type: 'default',
  });
  expect((await call(vault, 'GET', 'auth/approle/role?list=true')).body.data.keys).toEqual(['app']);
});

test('a login gives a token with the policies and the life of the role', async () => {
  const reply = await login(await credentials());
  expect(reply.body.auth).toMatchObject({
    policies: ['default', 'p'],
    metadata: { role_name: 'app' },
    lease_duration: 1200,
    orphan: true,
    entity_id: expect.stringMatching(/^[\da-f-]{36}$/),
  });
  const token = reply.body.auth.client_token;
  const renewed = await call(vault, 'POST', 'auth/token/renew-self', { token, body: { increment: '9h' } });
  expect(renewed.body.auth.lease_duration).toBe(1800);
});

test('a secret id ends after its uses and after its time', async () => {
  const used = await credentials();
  expect((await login(used)).status).toBe(200);
  expect((await login(used)).status).toBe(200);
  const refused = { status: 400, body: { errors: ['invalid role or secret ID'] } };
  expect(await login(used)).toMatchObject(refused);
  const old = await credentials();
  clock += 600_000;
  expect(await login(old)).toMatchObject(refused);
});

test('concurrent logins cannot use a secret id more often than allowed', async () => {
  const one = await credentials();
  const replies = await Promise.all(Array.from({ length: 10 }, () => login(one)));
  expect(replies.filter((reply) => reply.status === 200)).toHaveLength(2);
});

test('wrong credentials get the words of Vault', async () => {
  const { role_id } = await credentials();
  expect((await login({ role_id: 'bad', secret_id: 'bad' })).body.errors).toEqual([
    'invalid role or secret ID',
  ]);
  expect((await login({ role_id })).body.errors).toEqual(['missing secret_id']);
  expect((await login({})).status).toBe(500);
  expect((await role('none/secret-id')).body.errors).toEqual(['role "none" does not exist']);
  expect((await role('app', { token_ttl: '2h' })).body.errors).toEqual([
    "'token_ttl' cannot be greater than 'token_max_ttl'",
  ]);
});

test('a secret id is looked up, listed by accessor and destroyed', async () => {
  const { secret_id, role_id } = await credentials();
  const found = (await role('app/secret-id/lookup', { secret_id })).body.data;
  expect(found).toMatchObject({
    secret_id_num_uses: 2,
    secret_id_ttl: 600,
    expiration_time: '2026-01-01T00:10:00.000Z',
  });
  const listed = await call(vault, 'GET', 'auth/approle/role/app/secret-id?list=true');
  expect(listed.body.data.keys).toEqual([found.secret_id_accessor]);
  expect((await role('app/secret-id/destroy', { secret_id })).status).toBe(204);
  expect((await role('app/secret-id/lookup', { secret_id })).status).toBe(204);
  expect((await login({ role_id, secret_id })).status).toBe(400);
});

test('disabling the method revokes its tokens', async () => {
  const token = (await login(await credentials())).body.auth.client_token;
  await call(vault, 'DELETE', 'sys/auth/approle');
  expect((await call(vault, 'GET', 'auth/token/lookup-self', { token })).body).toEqual(invalidToken);
  expect(await login({})).toMatchObject({ status: 403, body: { errors: ['permission denied'] } });
});
