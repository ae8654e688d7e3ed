/** Contract of AppRole: roles, secret ids and login. */
import { beforeAll, expect, test } from 'vitest';
import { invalidToken } from '../../dev/vault/client.ts';
import { type ContractTarget, callsOf, timePattern } from './target.ts';

export function describeAppRole(target: ContractTarget): void {
  const vault = callsOf(target);
  const role = (path: string, body?: unknown) => vault.post(`auth/contract-approle/role/${path}`, body);
  const login = (body: unknown) => vault.post('auth/contract-approle/login', body, { token: null });
  const refused = { status: 400, body: { errors: ['invalid role or secret ID'] } };
  const credentials = async (name: string): Promise<{ role_id: string; secret_id: string }> => {
    const { role_id } = (await vault.get(`auth/contract-approle/role/${name}/role-id`)).body.data;
    return { role_id, secret_id: (await role(`${name}/secret-id`)).body.data.secret_id };
  };

  beforeAll(async () => {
    expect((await vault.post('sys/auth/contract-approle', { type: 'approle' })).status).toBe(204);
    await role('App', {
      token_policies: ['p'],
      token_ttl: '20m',
      token_max_ttl: '30m',
      secret_id_ttl: '10m',
      secret_id_num_uses: 2,
    });
  });

  test('a role reads back, its name in lower case and its times in seconds', async () => {
    expect((await vault.get('auth/contract-approle/role/app')).body.data).toMatchObject({
      bind_secret_id: true,
      secret_id_num_uses: 2,
      secret_id_ttl: 600,
      token_max_ttl: 1800,
      token_no_default_policy: false,
      token_num_uses: 0,
      token_period: 0,
      token_policies: ['p'],
      token_ttl: 1200,
      token_type: 'default',
    });
    expect((await vault.get('auth/contract-approle/role?list=true')).body.data.keys).toContain('app');
  });

  test('a second write changes only the fields that it names, and the role id stays', async () => {
    await role('again', { token_policies: ['a'], token_ttl: 60 });
    const { role_id } = await credentials('again');
    await role('again', { token_ttl: 120 });
    expect((await vault.get('auth/contract-approle/role/again')).body.data).toMatchObject({
      token_policies: ['a'],
      token_ttl: 120,
    });
    expect((await credentials('again')).role_id).toBe(role_id);
    expect((await vault.delete('auth/contract-approle/role/again')).status).toBe(204);
    expect((await vault.get('auth/contract-approle/role/again')).status).toBe(404);
    expect((await vault.delete('auth/contract-approle/role/again')).status).toBe(204);
  });

  test('a login gives a token with the policies and the life of the role', async () => {
    const reply = await login(await credentials('app'));
    expect(reply.body.auth).toMatchObject({
      policies: ['default', 'p'],
      metadata: { role_name: 'app' },
      lease_duration: 1200,
      renewable: true,
      orphan: true,
      entity_id: expect.stringMatching(/^[\da-f-]{36}$/),
      token_type: 'service',
    });
    expect(reply.body.data).toBeNull();
    const token = reply.body.auth.client_token;
    const renewed = await vault.post('auth/token/renew-self', { increment: '9h' }, { token });
    expect(renewed.body.auth.lease_duration).toBeLessThanOrEqual(1800);
    expect((await vault.get('auth/token/lookup-self', { token })).body.data.path).toBe(
      'auth/contract-approle/login',
    );
  });

  test('a secret id ends after its uses, also when they come at once', async () => {
    const used = await credentials('app');
    const replies = await Promise.all(Array.from({ length: 4 }, () => login(used)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(await login(used)).toMatchObject(refused);
  });

  test('a secret id shows when it will end', async () => {
    // No more than that: Vault drops an ended one only when it next tidies up.
    const { secret_id } = await credentials('app');
    const found = await role('app/secret-id/lookup', { secret_id });
    expect(found.body.data).toMatchObject({
      secret_id_ttl: 600,
      expiration_time: expect.stringMatching(timePattern),
    });
  });

  test('five wrong logins in a row lock the role out, also for the right secret id', async () => {
    await role('locked', {});
    const right = await credentials('locked');
    for (const _ of [1, 2, 3, 4]) expect(await login({ ...right, secret_id: 'bad' })).toMatchObject(refused);
    expect((await login(right)).status).toBe(200);
    for (const _ of [1, 2, 3, 4, 5])
      expect(await login({ ...right, secret_id: 'bad' })).toMatchObject(refused);
    const locked = { status: 403, body: { errors: ['permission denied'] } };
    expect(await login({ ...right, secret_id: 'bad' })).toMatchObject(locked);
    expect(await login(right)).toMatchObject(locked);
  });

  test('wrong credentials are refused alike', async () => {
    await role('wrong', {});
    const { role_id, secret_id } = await credentials('wrong');
    expect(await login({ role_id: 'bad', secret_id })).toMatchObject(refused);
    expect(await login({ role_id, secret_id: 'bad' })).toMatchObject(refused);
    expect((await login({ role_id })).status).toBe(400);
    expect((await login({})).status).toBeGreaterThanOrEqual(400);
    expect((await role('none/secret-id')).status).toBe(404);
    expect((await role('app', { token_ttl: '2h' })).body.errors).toEqual([
      "'token_ttl' cannot be greater than 'token_max_ttl'",
    ]);
  });

  test('a secret id is looked up, listed by accessor and destroyed', async () => {
    await role('ids', {});
    const { role_id, secret_id } = await credentials('ids');
    const found = (await role('ids/secret-id/lookup', { secret_id })).body.data;
    expect(found).toMatchObject({ secret_id_num_uses: 0, secret_id_ttl: 0, metadata: {} });
    const listed = await vault.get('auth/contract-approle/role/ids/secret-id?list=true');
    expect(listed.body.data.keys).toEqual([found.secret_id_accessor]);
    expect((await role('ids/secret-id/destroy', { secret_id })).status).toBe(204);
    expect((await role('ids/secret-id/lookup', { secret_id })).status).toBe(204);
    expect(await login({ role_id, secret_id })).toMatchObject(refused);
  });

  test('disabling the method revokes its tokens', async () => {
    await vault.post('sys/auth/contract-brief', { type: 'approle' });
    await vault.post('auth/contract-brief/role/r', { token_policies: ['p'] });
    const { role_id } = (await vault.get('auth/contract-brief/role/r/role-id')).body.data;
    const { secret_id } = (await vault.post('auth/contract-brief/role/r/secret-id')).body.data;
    const made = await vault.post('auth/contract-brief/login', { role_id, secret_id }, { token: null });
    const token = made.body.auth.client_token;
    expect((await vault.delete('sys/auth/contract-brief')).status).toBe(204);
    expect((await vault.get('auth/token/lookup-self', { token })).body).toEqual(invalidToken);
    expect((await vault.post('auth/contract-brief/login', {}, { token: null })).status).toBe(403);
  });
}
