/** Contract of tokens: their life, renewal, revocation and descent. */
import { expect, test } from 'vitest';
import { denied, invalidToken } from '../../dev/vault/client.ts';
import { type ContractTarget, callsOf, eventually, timePattern } from './target.ts';

export function describeTokens(target: ContractTarget): void {
  const vault = callsOf(target);
  const self = (token: string | null) => vault.get('auth/token/lookup-self', { token });
  const create = async (body: unknown, token = target.vault().rootToken, path = 'create') =>
    (await vault.post(`auth/token/${path}`, body, { token })).body.auth;
  const make = async (body: unknown, token?: string, path?: string): Promise<string> =>
    (await create(body, token, path)).client_token;

  test('no token, an unknown one and a root token get their answers', async () => {
    expect(await self(null)).toMatchObject({ status: 403, body: { errors: ['permission denied'] } });
    expect(await self('nope')).toMatchObject({ status: 403, body: invalidToken });
    expect((await self(target.vault().rootToken)).body.data).toMatchObject({
      policies: ['root'],
      ttl: 0,
      expire_time: null,
      orphan: true,
      renewable: false,
    });
  });

  test('a token is taken from the Authorization header too', async () => {
    const headers = { Authorization: `Bearer ${target.vault().rootToken}` };
    expect((await vault.get('auth/token/lookup-self', { token: null, headers })).status).toBe(200);
  });

  test('a new token shows its policies, warnings and life', async () => {
    const body = { policies: ['nope'], ttl: '1h', meta: { a: 'b' }, display_name: 'my app' };
    const reply = await vault.post('auth/token/create', body);
    expect(reply.body.warnings).toEqual(['Policy "nope" does not exist']);
    expect(reply.body.auth).toMatchObject({
      client_token: expect.stringMatching(/^hvs\./),
      policies: ['default', 'nope'],
      metadata: { a: 'b' },
      lease_duration: 3600,
      renewable: true,
      orphan: false,
      token_type: 'service',
      num_uses: 0,
    });
    const { data } = (await self(reply.body.auth.client_token)).body;
    expect(data).toMatchObject({
      display_name: 'token-my-app',
      creation_ttl: 3600,
      expire_time: expect.stringMatching(timePattern),
      meta: { a: 'b' },
      path: 'auth/token/create',
      type: 'service',
    });
    expect(data.ttl).toBeGreaterThan(3590);
  });

  test('a token without a ttl lives 32 days', async () => {
    expect((await create({ policies: ['default'] })).lease_duration).toBe(2_764_800);
  });

  test('a token ends by the clock, with its children', async () => {
    const parent = await make({ policies: ['root'], ttl: '1s' });
    const child = await make({ policies: ['default'] }, parent);
    expect((await self(child)).status).toBe(200);
    await eventually(async () => (await self(parent)).status === 403);
    expect((await self(parent)).body).toEqual(invalidToken);
    await eventually(async () => (await self(child)).status === 403);
  });

  test('renewal puts the end off, up to the explicit maximum', async () => {
    const token = await make({ policies: ['default'], ttl: '1h', explicit_max_ttl: '90m' });
    const renew = (increment: string) => vault.post('auth/token/renew-self', { increment }, { token });
    const more = (await renew('80m')).body;
    expect(more.auth.lease_duration).toBeGreaterThan(4780);
    const capped = (await renew('9h')).body;
    expect(capped.auth.lease_duration).toBeLessThanOrEqual(5400);
    expect(capped.warnings[0]).toContain('exceeded the effective max_ttl');
  });

  test('a token that is not renewable stays so', async () => {
    const token = await make({ policies: ['default'], ttl: '1h', renewable: false });
    const reply = await vault.post('auth/token/renew-self', {}, { token });
    expect(reply.status).toBe(400);
    expect(reply.body.errors[0]).toContain('not renewable');
  });

  test('a periodic token is renewed to its period', async () => {
    const token = await make({ policies: ['default'], period: '1h' });
    const reply = await vault.post('auth/token/renew-self', { increment: '9h' }, { token });
    expect(reply.body.auth.lease_duration).toBe(3600);
    expect((await self(token)).body.data.period).toBe(3600);
  });

  test('num_uses counts every request, refused ones too', async () => {
    const token = await make({ policies: ['default'], num_uses: 2 });
    expect((await vault.get('secret/data/x', { token })).body).toEqual(denied);
    expect((await self(token)).body.data).toMatchObject({ num_uses: -1 });
    expect((await self(token)).body).toEqual(invalidToken);
  });

  test('revoking a parent revokes its children and leaves orphans', async () => {
    const parent = await make({ policies: ['root'] });
    const child = await make({ policies: ['default'] }, parent);
    const orphan = await make({ policies: ['default'] }, parent, 'create-orphan');
    expect((await vault.post('auth/token/revoke', { token: parent })).status).toBe(204);
    expect((await self(parent)).status).toBe(403);
    expect((await self(child)).status).toBe(403);
    expect((await self(orphan)).body.data.orphan).toBe(true);
  });

  test('revoke-orphan spares the children', async () => {
    const parent = await make({ policies: ['root'] });
    const child = await make({ policies: ['default'] }, parent);
    expect((await vault.post('auth/token/revoke-orphan', { token: parent })).status).toBe(204);
    expect((await self(parent)).status).toBe(403);
    expect((await self(child)).body.data.orphan).toBe(true);
  });

  test('a token is looked up and revoked by its accessor, which does not show the token', async () => {
    const { client_token: token, accessor } = await create({ policies: ['default'] });
    const found = await vault.post('auth/token/lookup-accessor', { accessor });
    expect(found.body.data).toMatchObject({ accessor, id: '' });
    expect(found.text).not.toContain(token);
    expect((await vault.post('auth/token/revoke-accessor', { accessor })).status).toBe(204);
    expect((await self(token)).status).toBe(403);
    expect((await vault.post('auth/token/lookup-accessor', { accessor })).status).toBeGreaterThanOrEqual(400);
  });

  test('revoke-self ends a token, and a second try finds none', async () => {
    const token = await make({ policies: ['default'] });
    expect((await vault.post('auth/token/revoke-self', {}, { token })).status).toBe(204);
    expect((await vault.post('auth/token/revoke-self', {}, { token })).status).toBe(403);
  });

  test('looking up a token that is not there is refused', async () => {
    expect((await vault.post('auth/token/lookup', { token: 'nope' })).status).toBe(403);
    expect((await vault.post('auth/token/renew', { token: 'nope' })).status).toBeGreaterThanOrEqual(400);
  });

  test('without sudo nobody makes a token that may do more', async () => {
    const maker = await vault.tokenWith(
      'maker',
      'path "auth/token/*" { capabilities = ["create", "update"] }',
    );
    const refusal = async (body: unknown) => {
      const { status, body: answer } = await vault.post('auth/token/create', body, { token: maker });
      return status === 200 ? 'made' : answer.errors[0];
    };
    expect(await refusal({ policies: ['other'] })).toContain('child policies must be subset of parent');
    expect(await refusal({ policies: ['root'] })).toContain('child policies must be subset of parent');
    expect(await refusal({ no_parent: true })).toContain('required to create orphan token');
    expect(await refusal({ period: '1h' })).toContain('required to create periodic token');
    expect(await refusal({ id: 'mine' })).toContain('required to specify token id');
    expect(await refusal({ policies: ['maker'] })).toBe('made');
  });
}
