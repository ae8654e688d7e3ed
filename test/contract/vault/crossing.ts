/** Contract of isolation: with the product's own tenant policy no spelling of a path leads to another tenant. */
import { beforeAll, expect, test } from 'vitest';
import { gatewayPolicyRules, tenantPolicyRules } from '../../../src/plan/policies.ts';
import { base64, type ContractTarget, callsOf } from './target.ts';

const mounts = { kvMount: 'secret', transitMount: 'crossing-transit' };
const tenants = ['acme', 'globex', 'acme2'];

/** Each is an attempt to leave `acme/` for `globex/crm` or another forbidden place, from somewhere inside. */
const escapes = [
  'acme/%2e%2e',
  'acme/%2e',
  'acme%2f%2e%2e',
  'acme/%2e%2e%2fglobex',
  'acme/%2e%2e/globex/crm',
  'acme/%2e%2e%2fglobex%2fcrm',
  'acme%2f%2e%2e%2fglobex%2fcrm',
  'acme/..%2fglobex%2fcrm',
  'acme/%2E%2E%2Fglobex/crm',
  'acme/..%2fglobex/crm',
  'acme/x%2f..%2f..%2fglobex%2fcrm',
  'acme/x/%2e%2e/%2e%2e/globex/crm',
  'acme/.%2e/globex/crm',
  'acme/%2e./globex/crm',
  'acme/%252e%252e/globex/crm',
  'acme/../globex/crm',
  'acme//../globex/crm',
  'acme/%2f../globex/crm',
  'acme//globex/crm',
  'acme/%2fglobex%2fcrm',
  '/globex/crm',
  '%2fglobex/crm',
  '%2e%2e/data/globex/crm',
  './globex/crm',
  '%2e/globex/crm',
  '+/crm',
  '%2b/crm',
  '*/crm',
  'globex%2fcrm',
  'globex/crm',
  'globex/crm/',
  'acme2/crm',
  'Acme/../globex/crm',
  'acme;/../globex/crm',
  'acme%5c..%5cglobex%5ccrm',
  'acme%00/../globex/crm',
  'acme/%zz/../globex/crm',
  'acme/..%c0%afglobex%c0%afcrm',
  'acme/%2e%2e/_platform/postgres/globex',
  '_platform/postgres/globex',
  'acme/crm/%2e%2e/%2e%2e/globex/crm',
  'acme/crm%3f/../../globex/crm',
];

export function describeCrossing(target: ContractTarget): void {
  const vault = callsOf(target);
  let token = '';

  beforeAll(async () => {
    await vault.post(`sys/mounts/${mounts.transitMount}`, { type: 'transit' });
    for (const tenant of tenants) {
      await vault.post(`secret/data/${tenant}/crm`, { data: { access_token: `canary-${tenant}` } });
      await vault.post(`${mounts.transitMount}/keys/${tenant}`);
    }
    await vault.post('secret/data/_platform/postgres/globex', { data: { password: 'canary-platform' } });
    token = await vault.tokenWith('tenant-acme', tenantPolicyRules('acme', mounts));
  });

  test('a tenant reads, lists and uses its own', async () => {
    const as = { token };
    expect((await vault.get('secret/data/acme/crm', as)).text).toContain('canary-acme');
    expect((await vault.get('secret/metadata/acme?list=true', as)).body.data.keys).toEqual(['crm']);
    expect((await vault.get('secret/metadata/acme/crm', as)).status).toBe(200);
    const plaintext = base64('x');
    const sealed = await vault.post(`${mounts.transitMount}/encrypt/acme`, { plaintext }, as);
    const { ciphertext } = sealed.body.data;
    expect((await vault.post(`${mounts.transitMount}/decrypt/acme`, { ciphertext }, as)).body.data).toEqual({
      plaintext,
    });
  });

  test.each(escapes)('reading by way of %s finds nothing of another tenant', async (path) => {
    for (const area of ['data', 'metadata', 'subkeys']) {
      const reply = await vault.get(`secret/${area}/${path}`, { token });
      expect(reply.text).not.toMatch(/canary|current_version|access_token/);
      expect(reply.status).not.toBe(200);
    }
  });

  test.each(escapes)('listing by way of %s finds no name of another tenant', async (path) => {
    const folder = path.replace(/(?:\/|%2f|%5c|%c0%af)crm\/?$/, '');
    for (const end of ['?list=true', '/?list=true']) {
      const reply = await vault.get(`secret/metadata/${folder}${end}`, { token });
      expect(reply.status).not.toBe(200);
      expect(reply.text).not.toContain('"keys"');
    }
  });

  test.each(escapes)('writing and deleting by way of %s changes nothing', async (path) => {
    const as = { token };
    const body = { data: { access_token: 'stolen' }, versions: [1] };
    for (const area of ['data', 'metadata', 'delete', 'destroy', 'undelete']) {
      const reply = await vault.post(`secret/${area}/${path}`, body, as);
      expect(reply.status).toBeGreaterThanOrEqual(300);
    }
    expect((await vault('PATCH', `secret/data/${path}`, { body, ...as })).status).toBeGreaterThanOrEqual(300);
    for (const area of ['data', 'metadata']) {
      expect((await vault.delete(`secret/${area}/${path}`, as)).status).toBeGreaterThanOrEqual(300);
    }
    for (const tenant of tenants) {
      const { data } = (await vault.get(`secret/data/${tenant}/crm`)).body;
      expect(data).toMatchObject({ data: { access_token: `canary-${tenant}` }, metadata: { version: 1 } });
    }
    expect((await vault.get('secret/metadata/?list=true')).text).not.toContain('stolen');
  });

  test.each([
    'globex',
    'acme2',
    'acme/%2e%2e/globex',
    'acme%2f..%2fglobex',
    '%2e%2e/decrypt/globex',
    '+',
    'acme%2f',
  ])('the key %s serves no other tenant', async (key) => {
    const { ciphertext } = (
      await vault.post(`${mounts.transitMount}/encrypt/globex`, { plaintext: base64('canary') })
    ).body.data;
    for (const verb of ['decrypt', 'rewrap', 'encrypt', 'hmac', 'datakey/plaintext']) {
      const body = { ciphertext, plaintext: base64('x'), input: base64('x') };
      const reply = await vault.post(`${mounts.transitMount}/${verb}/${key}`, body, { token });
      expect(reply.status).not.toBe(200);
      expect(reply.text).not.toContain(base64('canary'));
    }
  });

  test("another tenant's value does not open with the tenant's own key", async () => {
    const { ciphertext } = (
      await vault.post(`${mounts.transitMount}/encrypt/globex`, { plaintext: base64('canary') })
    ).body.data;
    const reply = await vault.post(`${mounts.transitMount}/decrypt/acme`, { ciphertext }, { token });
    expect(reply).toMatchObject({ status: 400, body: { errors: ['cipher: message authentication failed'] } });
  });

  test.each([
    ['GET', 'sys/mounts'],
    ['GET', 'sys/policies/acl/tenant-acme'],
    ['PUT', 'sys/policies/acl/tenant-acme'],
    ['POST', 'auth/token/create'],
    ['POST', 'auth/token/lookup'],
    ['POST', 'sys/seal'],
    ['GET', 'secret/config'],
    ['GET', 'secret/metadata?list=true'],
    ['GET', 'secret/metadata/?list=true'],
    ['POST', 'secret/data/acme/crm'],
    ['DELETE', 'secret/data/acme/crm'],
    ['DELETE', 'secret/metadata/acme/crm'],
    ['GET', `${mounts.transitMount}/keys/acme`],
    ['GET', `${mounts.transitMount}/export/encryption-key/acme`],
    ['POST', `${mounts.transitMount}/keys/acme/rotate`],
    ['POST', `${mounts.transitMount}/rewrap/acme`],
  ])('a tenant may not %s %s', async (method, path) => {
    const body = method === 'GET' ? undefined : { data: {}, policy: 'path "*" {}' };
    expect((await vault(method, path, { token, body })).status).toBe(403);
  });

  // Vault's KV engine resolves `..` after the policies were checked. It finds another tenant's metadata so, though not the
  // values: those are filed under the path as it was sent. The development Vault refuses such a path.
  test('a glob in place of the plus would let an encoded .. out, which is why the policy has none', async () => {
    await vault.post('secret/data/victim/crm', { data: { access_token: 'canary-victim' } });
    const rules = 'path "secret/+/acme/*" { capabilities = ["create", "read", "update", "list"] }';
    const as = { token: await vault.tokenWith('contract-glob', rules) };
    const way = 'acme/%2e%2e/victim';
    expect((await vault.get(`secret/data/${way}/crm`, as)).text).not.toContain('canary');
    const statuses = [
      await vault.get(`secret/metadata/${way}/crm`, as),
      await vault.get(`secret/metadata/${way}/?list=true`, as),
      await vault.post(`secret/data/${way}/crm`, { data: { access_token: 'stolen' } }, as),
    ].map(({ status }) => status);
    expect(statuses).toEqual(target.isWhole ? [200, 200, 200] : [400, 400, 400]);
    const own = await vault.get('secret/data/victim/crm');
    expect(own.text.includes('canary-victim')).toBe(!target.isWhole);
  });

  test('the sidecar does not reach what the platform keeps, by no spelling', async () => {
    const gateway = await vault.tokenWith('contract-gateway', gatewayPolicyRules(mounts));
    expect((await vault.get('secret/data/globex/crm', { token: gateway })).status).toBe(200);
    for (const path of [
      '_platform/postgres/globex',
      'acme/%2e%2e/_platform/postgres/globex',
      '_platform%2fpostgres%2fglobex',
      '%2e/_platform/postgres/globex',
      'acme/..%2f_platform%2fpostgres%2fglobex',
      'x/%2e%2e/_platform/postgres/globex',
    ]) {
      const reply = await vault.get(`secret/data/${path}`, { token: gateway });
      expect(reply.status).not.toBe(200);
      expect(reply.text).not.toContain('canary');
    }
  });
}
