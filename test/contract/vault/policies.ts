/** Contract of policies: which rule counts for a path, and what a policy may say. */
import { beforeAll, expect, test } from 'vitest';
import { denied } from '../../dev/vault/client.ts';
import { type ContractTarget, callsOf } from './target.ts';

export function describePolicies(target: ContractTarget): void {
  const vault = callsOf(target);
  const write = (name: string, policy: unknown) =>
    vault('PUT', `sys/policies/acl/${name}`, { body: { policy } });
  let count = 0;
  /** Status of reading each path with a token of this policy. */
  const reads = async (policy: string, paths: readonly string[]): Promise<readonly number[]> => {
    count += 1;
    const token = await vault.tokenWith(`contract-${count}`, policy);
    return Promise.all(paths.map(async (path) => (await vault.get(path, { token })).status));
  };

  beforeAll(async () => {
    for (const path of ['p/a', 'p/b', 'p/b/c', 'p/ab', 'q/a', 'p/b/c/d']) {
      await vault.post(`secret/data/${path}`, { data: { path } });
    }
  });

  test('a policy names paths exactly, and everything else is denied', async () => {
    const policy = 'path "secret/data/p/a" { capabilities = ["read"] }';
    expect(
      await reads(policy, ['secret/data/p/a', 'secret/data/p/ab', 'secret/data/p', 'sys/mounts']),
    ).toEqual([200, 403, 403, 403]);
  });

  test('a glob at the end covers all that begins so, over slashes too', async () => {
    const policy =
      'path "secret/data/p/a*" { capabilities = ["read"] } path "secret/data/p/b/*" { capabilities = ["read"] }';
    expect(
      await reads(policy, [
        'secret/data/p/a',
        'secret/data/p/ab',
        'secret/data/p/b',
        'secret/data/p/b/c/d',
        'secret/data/q/a',
      ]),
    ).toEqual([200, 200, 403, 200, 403]);
  });

  test('a plus stands for one segment, whole', async () => {
    const policy =
      'path "secret/data/+/a" { capabilities = ["read"] } path "secret/data/p/+/c" { capabilities = ["read"] }';
    expect(
      await reads(policy, [
        'secret/data/p/a',
        'secret/data/q/a',
        'secret/data/p/ab',
        'secret/data/p/b/c',
        'secret/data/p/b/c/d',
      ]),
    ).toEqual([200, 200, 403, 200, 403]);
  });

  test('a plus inside a segment is only a letter', async () => {
    expect(await reads('path "secret/data/p+/a" { capabilities = ["read"] }', ['secret/data/p/a'])).toEqual([
      403,
    ]);
  });

  test('the most specific path counts, also when it allows less', async () => {
    const policy = `path "secret/data/p/*" { capabilities = ["read"] }
      path "secret/data/p/b/*" { capabilities = ["update"] }
      path "secret/data/p/b/c" { capabilities = ["read"] }`;
    expect(await reads(policy, ['secret/data/p/a', 'secret/data/p/b/c', 'secret/data/p/b/c/d'])).toEqual([
      200, 200, 403,
    ]);
  });

  test('deny wins over what other policies allow for the same path', async () => {
    await write('contract-allow', 'path "secret/data/p/*" { capabilities = ["read"] }');
    await write('contract-deny', 'path "secret/data/p/*" { capabilities = ["deny", "read"] }');
    const made = await vault.post('auth/token/create', { policies: ['contract-allow', 'contract-deny'] });
    const token = made.body.auth.client_token;
    expect(await vault.get('secret/data/p/a', { token })).toMatchObject({ status: 403, body: denied });
  });

  test('deny of a more specific path cuts a hole', async () => {
    const policy = `path "secret/data/+/+" { capabilities = ["read"] }
      path "secret/data/q/*" { capabilities = ["deny"] }`;
    expect(await reads(policy, ['secret/data/p/a', 'secret/data/q/a'])).toEqual([200, 403]);
  });

  test('create and update are told apart, and so are read, list and delete', async () => {
    const token = await vault.tokenWith(
      'contract-verbs',
      'path "secret/data/verbs/*" { capabilities = ["create"] } path "secret/metadata/verbs/*" { capabilities = ["list"] }',
    );
    const as = { token };
    expect((await vault.post('secret/data/verbs/a', { data: {} }, as)).status).toBe(200);
    expect((await vault.post('secret/data/verbs/a', { data: {} }, as)).status).toBe(403);
    expect((await vault.get('secret/data/verbs/a', as)).status).toBe(403);
    expect((await vault.delete('secret/data/verbs/a', as)).status).toBe(403);
    expect((await vault('PATCH', 'secret/data/verbs/a', { body: { data: {} }, ...as })).status).toBe(403);
    expect((await vault.get('secret/metadata/verbs/?list=true', as)).body.data.keys).toEqual(['a']);
    expect((await vault.get('secret/metadata/verbs/a', as)).status).toBe(403);
  });

  test('a rule on a folder covers listing it, with and without the slash at its end', async () => {
    for (const rule of ['secret/metadata/p/', 'secret/metadata/p']) {
      const policy = `path "${rule}" { capabilities = ["list"] }`;
      expect(
        await reads(policy, [
          'secret/metadata/p?list=true',
          'secret/metadata/p/?list=true',
          'secret/metadata/?list=true',
        ]),
      ).toEqual([200, 200, 403]);
    }
  });

  test('a change of a policy counts at once, for tokens that are out too', async () => {
    const token = await vault.tokenWith(
      'contract-live',
      'path "secret/data/p/a" { capabilities = ["read"] }',
    );
    expect((await vault.get('secret/data/p/a', { token })).status).toBe(200);
    await write('contract-live', 'path "secret/data/q/a" { capabilities = ["read"] }');
    expect((await vault.get('secret/data/p/a', { token })).status).toBe(403);
    await vault.delete('sys/policies/acl/contract-live');
    expect((await vault.get('secret/data/q/a', { token })).status).toBe(403);
  });

  test('a policy reads back as it was written, under a name in lower case', async () => {
    const policy = '# a comment\npath "a" {\n  capabilities = ["read"]\n}\n';
    const reply = await write('Contract-Text', policy);
    expect(reply.body.warnings).toEqual(['policy name was converted to contract-text']);
    expect((await vault.get('sys/policies/acl/contract-text')).body.data).toMatchObject({
      name: 'contract-text',
      policy,
    });
    expect((await vault.get('sys/policies/acl?list=true')).body.data.keys).toContain('contract-text');
    expect((await vault.delete('sys/policies/acl/contract-text')).status).toBe(204);
    expect((await vault.get('sys/policies/acl/contract-text')).status).toBe(404);
    expect((await vault.delete('sys/policies/acl/contract-text')).status).toBe(204);
  });

  test.each([
    ['foo = 1', 'invalid key "foo"'],
    ['path "a" { capabilities = ["nope"] }', 'invalid capability "nope"'],
    ['path "a" { capabilites = ["read"] }', 'invalid key "capabilites"'],
    ['path "a+*" { capabilities = ["read"] }', "invalid use of wildcards ('+*' is forbidden)"],
    ['path "a" { capabilities = ["read" }', 'failed to parse policy'],
    ['path "a', 'failed to parse policy'],
    ['', "'policy' parameter not supplied or empty"],
  ])('the policy %j is refused', async (policy, message) => {
    const { status, body } = await write('contract-wrong', policy);
    expect(status).toBe(400);
    expect(body.errors[0]).toContain(message);
    expect((await vault.get('sys/policies/acl/contract-wrong')).status).toBe(404);
  });

  test('a templated path is refused where it would not be filled in', async () => {
    const policy = 'path "secret/data/{{identity.entity.name}}/*" { capabilities = ["read"] }';
    // Taken as plain text such a rule would give away a folder of that name, or quietly nothing.
    expect((await write('contract-template', policy)).status).toBe(target.isWhole ? 204 : 400);
    const token = target.isWhole ? await vault.tokenWith('contract-template', policy) : '';
    if (target.isWhole) expect((await vault.get('secret/data/p/a', { token })).status).toBe(403);
  });

  test('root and default cannot be lost', async () => {
    expect((await write('root', 'path "a" { capabilities = ["read"] }')).status).toBe(400);
    expect((await vault.delete('sys/policies/acl/root')).status).toBe(400);
    expect((await vault.delete('sys/policies/acl/default')).status).toBe(400);
  });

  test('capabilities-self says for each path what a token may do', async () => {
    const token = await vault.tokenWith(
      'contract-caps',
      'path "secret/data/p/*" { capabilities = ["read", "create"] }',
    );
    const paths = ['secret/data/p/x', 'secret/data/q'];
    const { data } = (await vault.post('sys/capabilities-self', { paths }, { token })).body;
    expect(data).toMatchObject({ 'secret/data/p/x': ['create', 'read'], 'secret/data/q': ['deny'] });
    expect((await vault.post('sys/capabilities-self', { paths })).body.data).toMatchObject({
      'secret/data/q': ['root'],
    });
  });

  test('with the policy default a token may look at itself, renew and revoke itself, and no more', async () => {
    const made = await vault.post('auth/token/create', { policies: ['default'] });
    const as = { token: made.body.auth.client_token };
    expect((await vault.get('auth/token/lookup-self', as)).status).toBe(200);
    expect((await vault.post('auth/token/renew-self', {}, as)).status).toBe(200);
    for (const path of [
      'secret/data/p/a',
      'sys/mounts',
      'sys/policies/acl/root',
      'auth/token/accessors?list=true',
    ]) {
      expect((await vault.get(path, as)).status).toBe(403);
    }
    expect((await vault.post('auth/token/revoke-self', {}, as)).status).toBe(204);
  });
}
