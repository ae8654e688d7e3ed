/** Contract of the Kubernetes login: configuration, roles as the product writes them, and TokenReview. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ContractTarget, callsOf } from './target.ts';
import { startTokenReviewer, type TokenReviewer } from './token-reviewer.ts';

/** As src/plan/tenant.ts writes it. */
const roleBody = {
  bound_service_account_namespaces: ['acme'],
  bound_service_account_names: ['default', 'app'],
  token_policies: ['tenant-acme'],
  token_ttl: 600,
};
const account = { namespace: 'acme', name: 'app', uid: 'uid-1' };

export function describeKubernetes(target: ContractTarget): void {
  const vault = callsOf(target);
  let reviewer: TokenReviewer;
  let reviewerToken = '';
  const login = (jwt: string, role = 'tenant-acme') =>
    vault.post('auth/contract-k8s/login', { role, jwt }, { token: null });
  const config = (body: unknown) => vault.post('auth/contract-k8s/config', body);
  const configure = () =>
    config({ kubernetes_host: reviewer.host, token_reviewer_jwt: reviewerToken, disable_local_ca_jwt: true });

  beforeAll(async () => {
    reviewer = await startTokenReviewer();
    reviewerToken = reviewer.forge({ namespace: 'vault', name: 'vault', uid: 'uid-v' });
    await vault.post('sys/auth/contract-k8s', { type: 'kubernetes' });
    expect((await configure()).status).toBe(204);
    const written = await vault.post('auth/contract-k8s/role/tenant-acme', roleBody);
    expect([200, 204]).toContain(written.status);
  });
  afterAll(() => reviewer.close());

  test('the configuration reads back without the token of the reviewer', async () => {
    const reply = await vault.get('auth/contract-k8s/config');
    expect(reply.body.data).toMatchObject({ kubernetes_host: reviewer.host, token_reviewer_jwt_set: true });
    expect(reply.text).not.toContain(reviewerToken);
    expect((await config({})).body.errors).toEqual(['no host provided']);
  });

  test('a role without an audience is taken, with a warning', async () => {
    const reply = await vault.post('auth/contract-k8s/role/warned', roleBody);
    expect(reply.body.warnings[0]).toContain('does not have an audience configured');
    const quiet = await vault.post('auth/contract-k8s/role/warned', { audience: 'vault' });
    expect(quiet.status).toBe(204);
  });

  test('a role reads back as the product compares it', async () => {
    expect((await vault.get('auth/contract-k8s/role/tenant-acme')).body.data).toMatchObject(roleBody);
    expect((await vault.get('auth/contract-k8s/role?list=true')).body.data.keys).toContain('tenant-acme');
    await vault.post('auth/contract-k8s/role/brief', roleBody);
    await vault.post('auth/contract-k8s/role/brief', { token_ttl: 60 });
    expect((await vault.get('auth/contract-k8s/role/brief')).body.data).toMatchObject({
      ...roleBody,
      token_ttl: 60,
    });
    expect((await vault.delete('auth/contract-k8s/role/brief')).status).toBe(204);
    expect((await vault.get('auth/contract-k8s/role/brief')).status).toBe(404);
    expect((await vault.delete('auth/contract-k8s/role/brief')).status).toBe(204);
  });

  test.each([
    [{}, '"bound_service_account_names" can not be empty'],
    [
      { bound_service_account_names: ['default'] },
      '"bound_service_account_namespaces" can not be empty if "bound_service_account_namespace_selector" is not set',
    ],
    [
      { ...roleBody, alias_name_source: 'x' },
      'invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name',
    ],
  ])('the role %j is refused', async (body, message) => {
    expect(await vault.post('auth/contract-k8s/role/wrong', body)).toMatchObject({
      status: 400,
      body: { errors: [message] },
    });
  });

  test('a bound service account logs in, after the API server has vouched for it', async () => {
    const reply = await login(reviewer.issue(account));
    expect(reply.status).toBe(200);
    expect(reply.body.auth).toMatchObject({
      policies: ['default', 'tenant-acme'],
      metadata: {
        role: 'tenant-acme',
        service_account_name: 'app',
        service_account_namespace: 'acme',
        service_account_uid: 'uid-1',
      },
      lease_duration: 600,
      orphan: true,
    });
    expect(reviewer.lastCaller).toBe(`Bearer ${reviewerToken}`);
    const self = await vault.get('auth/token/lookup-self', { token: reply.body.auth.client_token });
    expect(self.body.data.display_name).toBe('contract-k8s-acme-app');
  });

  test('another namespace, another account and an unknown token are refused', async () => {
    const errors = async (jwt: string) => {
      const { status, body } = await login(jwt);
      return [status, ...body.errors];
    };
    expect(await errors(reviewer.issue({ ...account, namespace: 'globex' }))).toEqual([
      403,
      'namespace not authorized',
    ]);
    expect(await errors(reviewer.issue({ ...account, name: 'other' }))).toEqual([
      403,
      'service account name not authorized',
    ]);
    expect(await errors(reviewer.forge(account))).toEqual([403, 'permission denied']);
    expect(await errors('abc')).toEqual([403, 'permission denied']);
    expect(await errors('a.b.c')).toEqual([403, 'permission denied']);
    expect(await errors('')).toEqual([400, 'missing jwt']);
  });

  test('a token whose pod is gone logs in no more', async () => {
    const token = reviewer.issue(account);
    expect((await login(token)).status).toBe(200);
    reviewer.withdraw(token);
    expect((await login(token)).body.errors).toEqual(['permission denied']);
  });

  test('a role that is not there, or not named, is told apart', async () => {
    const token = reviewer.issue(account);
    expect((await login(token, 'none')).body.errors).toEqual(['invalid role name "none"']);
    expect((await login(token, '')).body.errors).toEqual(['missing role']);
  });

  test('the audience of the role must be in the token', async () => {
    await vault.post('auth/contract-k8s/role/strict', { ...roleBody, audience: 'vault' });
    expect((await login(reviewer.issue(account), 'strict')).status).toBe(403);
    await vault.post('auth/contract-k8s/role/strict', { audience: 'https://kubernetes.default.svc' });
    expect((await login(reviewer.issue(account), 'strict')).status).toBe(200);
  });

  test('without the API server nobody logs in', async () => {
    await config({ kubernetes_host: 'http://127.0.0.1:1', disable_local_ca_jwt: true });
    expect((await login(reviewer.issue(account))).status).toBe(403);
    await configure();
    expect((await login(reviewer.issue(account))).status).toBe(200);
  });
}
