import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { startVault } from '../../support/engines/vault.ts';
import { type Systems, startSystemsWith } from '../world.ts';
import { type PulumiWorkspace, pulumiWorkspace } from './workspace.ts';

const PROJECT = `name: tiny
runtime: { name: nodejs, options: { typescript: false } }
main: main.ts
`;

/** One of each type that matters, with what a program of Tenantry's sets. */
const PROGRAM = `
import * as pulumi from '@pulumi/pulumi';
import * as postgresql from '@pulumi/postgresql';
import * as vault from '@pulumi/vault';

const database = process.env['PGDATABASE'] as string;
const transit = new vault.Mount('transit', { path: 'transit', type: 'transit' });
const policy = new vault.Policy('acme', { name: 'tenant-acme', policy: 'path "a" { capabilities = ["read"] }' });
new vault.transit.SecretBackendKey('acme', { backend: transit.path, name: 'acme', autoRotatePeriod: 86400, deletionAllowed: true });
const approle = new vault.AuthBackend('approle', { type: 'approle', path: 'approle' });
new vault.approle.AuthBackendRole('acme', {
  backend: approle.path, roleName: 'acme', tokenPolicies: [policy.name], tokenTtl: 3600, bindSecretId: true,
});
const loader = new postgresql.Role('loader', {
  name: 'loader', login: true, password: pulumi.secret('canary-of-a-role'), connectionLimit: 5, searchPaths: ['acme'],
});
const reader = new postgresql.Role('reader', { name: 'reader' });
const schema = new postgresql.Schema('acme', { name: 'acme', database });
const [role, on] = [reader.name, { database, schema: schema.name }];
const writes = new postgresql.Grant('loader', { ...on, role: loader.name, objectType: 'schema', privileges: ['USAGE', 'CREATE'] });
const sees = new postgresql.Grant('reader', { ...on, role, objectType: 'schema', privileges: ['USAGE'] }, { dependsOn: writes });
new postgresql.DefaultPrivileges(
  'reader', { ...on, role, owner: loader.name, objectType: 'table', privileges: ['SELECT'] }, { dependsOn: sees },
);
export const schemaName = schema.name;
`;

let systems: Systems;
let workspace: PulumiWorkspace;

beforeAll(async () => {
  await resolveEngine('pulumi');
  systems = await startSystemsWith(() => startVault());
  const files = { 'Pulumi.yaml': PROJECT, 'main.ts': PROGRAM };
  workspace = await pulumiWorkspace({ env: systems.env, files });
  await workspace.initStack('dev');
});

afterAll(async () => {
  await workspace?.close();
  await systems?.close();
});

/** A call to Vault beside Pulumi. */
async function vault(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${systems.vault.address}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': systems.vault.rootToken },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

describe('the plugins for Vault and Postgres', { timeout: 300_000 }, () => {
  it('make what a program asks for, keep its secret out of the state, and find nothing to do afterwards', async () => {
    const up = await workspace.up();
    expect(up.stderr + up.stdout).not.toContain('error');
    expect(up).toMatchObject({ code: 0, changes: { create: 12 } });
    expect(await workspace.outputs()).toEqual({ schemaName: 'acme' });
    expect((await workspace.exportState()).text).not.toContain('canary-of-a-role');
    expect(up.text).not.toContain('canary-of-a-role');
    expect(await workspace.preview()).toMatchObject({ code: 0, operations: [], changes: { same: 12 } });
  });

  it('see on a refresh what was changed beside Pulumi, and mend it', async () => {
    await vault('POST', 'sys/policies/acl/tenant-acme', { policy: 'path "b" { capabilities = ["read"] }' });
    await vault('DELETE', 'auth/approle/role/acme');
    const preview = await workspace.preview({ args: ['--refresh'] });
    const found = preview.operations.filter(({ op }) => op !== 'refresh');
    expect(found).toMatchObject([
      { op: 'update', type: 'vault:index/policy:Policy', diffs: ['policy'] },
      { op: 'create', type: 'vault:appRole/authBackendRole:AuthBackendRole' },
    ]);
    expect(await workspace.up({ args: ['--refresh'] })).toMatchObject({ code: 0 });
    expect((await vault('GET', 'auth/approle/role/acme')).status).toBe(200);
    expect(await workspace.preview({ args: ['--refresh'] })).toMatchObject({ changes: { same: 12 } });
  });

  it('refuse an input that they would not honour', async () => {
    await workspace.write(
      'main.ts',
      PROGRAM.replace("name: 'reader' }", "name: 'reader', statementTimeout: 5 }"),
    );
    const preview = await workspace.preview();
    expect(preview.code).not.toBe(0);
    expect(preview.stderr).toContain('the test plugin does not know statementTimeout');
    await workspace.write('main.ts', PROGRAM);
  });

  it('remove all of it', async () => {
    expect(await workspace.destroy()).toMatchObject({ code: 0, changes: { delete: 12 } });
    expect((await vault('GET', 'transit/keys/acme')).status).toBe(404);
  });
});
