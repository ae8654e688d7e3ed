/** Contract of the product's own client: it logs in by every method that a Platform document may name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createVaultClient, type VaultAuth } from '../../../src/clients/vault.ts';
import { type JwtIssuer, startJwtIssuer } from './jwt-issuer.ts';
import { type ContractTarget, callsOf } from './target.ts';
import { startTokenReviewer, type TokenReviewer } from './token-reviewer.ts';

export function describeLogins(target: ContractTarget): void {
  const vault = callsOf(target);
  const role = { token_policies: ['contract-login'], token_ttl: 600 };
  let folder = '';
  let issuer: JwtIssuer;
  let reviewer: TokenReviewer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenantry-login-'));
    [issuer, reviewer] = await Promise.all([startJwtIssuer(), startTokenReviewer()]);
    await vault.post('secret/data/login/crm', { data: { k: 'v' } });
    const policy = 'path "secret/data/login/+" { capabilities = ["read"] }';
    await vault('PUT', 'sys/policies/acl/contract-login', { body: { policy } });
    for (const type of ['approle', 'jwt', 'kubernetes']) {
      await vault.post(`sys/auth/login-${type}`, { type });
    }
  });
  afterAll(async () => {
    await Promise.all([issuer.close(), reviewer.close()]);
    rmSync(folder, { recursive: true });
  });

  function tokenFile(text: string): string {
    const file = join(folder, 'token');
    // As Kubernetes and many others write it: with a line end.
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return file;
  }

  const prepare: Readonly<Record<VaultAuth['method'], () => Promise<VaultAuth>>> = {
    async token() {
      const made = await vault.post('auth/token/create', { policies: ['contract-login'] });
      return { method: 'token', token: made.body.auth.client_token };
    },
    async approle() {
      const mount = 'login-approle';
      await vault.post(`auth/${mount}/role/app`, role);
      const id = await vault.get(`auth/${mount}/role/app/role-id`);
      const secret = await vault.post(`auth/${mount}/role/app/secret-id`);
      const { secret_id: secretId } = secret.body.data;
      return { method: 'approle', mount, roleId: id.body.data.role_id, secretId };
    },
    async jwt() {
      const mount = 'login-jwt';
      await vault.post(`auth/${mount}/config`, { jwks_url: issuer.jwksUrl });
      const bounds = { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['vault'] };
      await vault.post(`auth/${mount}/role/app`, { ...role, ...bounds });
      const iat = Math.floor(Date.now() / 1000);
      const jwt = issuer.sign({ sub: 'app', aud: 'vault', iat, exp: iat + 600 });
      return { method: 'jwt', mount, role: 'app', tokenFile: tokenFile(jwt) };
    },
    async kubernetes() {
      const mount = 'login-kubernetes';
      const config = { kubernetes_host: reviewer.host, disable_local_ca_jwt: true };
      await vault.post(`auth/${mount}/config`, config);
      const bounds = { bound_service_account_names: ['app'], bound_service_account_namespaces: ['acme'] };
      await vault.post(`auth/${mount}/role/app`, { ...role, ...bounds });
      const jwt = reviewer.issue({ namespace: 'acme', name: 'app', uid: 'uid-1' });
      return { method: 'kubernetes', mount, role: 'app', tokenFile: tokenFile(jwt) };
    },
  };
  const clientOf = (auth: VaultAuth) =>
    createVaultClient({
      address: target.vault().address,
      auth,
      kvMount: 'secret',
      transitMount: 'transit',
      concurrency: 2,
    });

  test.each(['token', 'approle', 'jwt', 'kubernetes'] as const)(
    'with method %s the client reads what its policy allows, and gives its token back',
    async (method) => {
      const client = clientOf(await prepare[method]());
      expect(await client.read('secret/data/login/crm')).toMatchObject({ data: { k: 'v' } });
      await expect(client.read('secret/data/other/crm')).rejects.toMatchObject({ code: 'VaultForbidden' });
      await client.close();
    },
  );

  test('a refused login is reported as such, without the credentials', async () => {
    const auth = await prepare.approle();
    const wrong = { ...auth, secretId: 'canary-secret-id' } as VaultAuth;
    const failure: unknown = await clientOf(wrong)
      .read('secret/data/login/crm')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'VaultUnauthorized' });
    expect(String(failure)).not.toContain('canary-secret-id');
  });
}
