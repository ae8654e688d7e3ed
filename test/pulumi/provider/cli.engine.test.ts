import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { type PulumiWorkspace, pulumiWorkspace } from '../../support/pulumi/workspace.ts';
import {
  connectTenant,
  documentsOf,
  mustApply,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';

const TOKEN = 'ntn_canary-token-of-the-tenant';

const PROJECT = `name: shop
runtime: { name: nodejs, options: { typescript: false } }
main: program.ts
plugins: { providers: [{ name: tenantry, path: bin }] }
`;

/** A user's own program, without documents; the logins are the stack's secrets. */
const PROGRAM = `
import * as pulumi from '@pulumi/pulumi';
import * as tenantry from './src/pulumi/sdk/index.ts';

const config = new pulumi.Config('shop');
const provider = new tenantry.Provider('systems', {
  vault: { address: config.require('vault'), auth: { method: 'token', token: config.requireSecret('token') } },
  airbyte: {
    url: config.require('airbyte'),
    clientId: config.require('clientId'),
    clientSecret: config.requireSecret('clientSecret'),
  },
});
const opts = { provider };
const tenant = 'acme';
const claim = new tenantry.Claim('claim', { tenant }, opts);
const password = new tenantry.GeneratedSecret(
  'password', { path: '_platform/postgres/acme', field: 'password', tenant }, { ...opts, dependsOn: claim });
const credential = new tenantry.Credential(
  'credential', { tenant, integration: 'notion' }, { ...opts, dependsOn: claim });
const workspace = new tenantry.Workspace('workspace', { tenant }, { ...opts, dependsOn: claim });
const { connected } = await tenantry.getCredential({ tenant, integration: 'notion' }, opts);
if (connected) {
  new tenantry.Source('source', {
    name: 'acme-notion',
    tenant,
    workspaceId: workspace.workspaceId,
    configuration: {
      sourceType: 'notion',
      credentials: { auth_type: 'token', token: '\${VAULT:secret/data/acme/notion:access_token}' },
    },
    secretVersion: [credential.tokenVersion],
    recordPath: 'acme/notion',
  }, { ...opts, dependsOn: credential });
}
export const value = password.value;
export const owner = claim.owner;
`;

let systems: Systems;
let open: OpenWorld;
let project: PulumiWorkspace;

beforeAll(async () => {
  await resolveEngine('pulumi');
  systems = await startSystems();
  await mustApply(systems, tenantYaml('elsewhere'));
  open = await openWorld(systems, await documentsOf(''));
  project = await pulumiWorkspace({ env: {}, files: { 'Pulumi.yaml': PROJECT, 'program.ts': PROGRAM } });
  await project.initStack('prod');
  const {
    VAULT_ADDR = '',
    VAULT_TOKEN = '',
    AIRBYTE_URL = '',
    AIRBYTE_CLIENT_ID = '',
    AIRBYTE_CLIENT_SECRET = '',
  } = systems.env;
  await project.setConfig('vault', VAULT_ADDR);
  await project.setConfig('token', VAULT_TOKEN, { secret: true });
  await project.setConfig('airbyte', AIRBYTE_URL);
  await project.setConfig('clientId', AIRBYTE_CLIENT_ID);
  await project.setConfig('clientSecret', AIRBYTE_CLIENT_SECRET, { secret: true });
}, 600_000);
afterAll(async () => {
  await project?.close();
  await open?.close();
  await systems?.close();
});

/** What a preview would do, as `op name`. */
async function planned(): Promise<readonly string[]> {
  const preview = await project.preview();
  expect(preview.code, preview.stdout + preview.stderr).toBe(0);
  return preview.operations.map(({ op, name }) => `${op} ${name}`);
}

async function mustUp(): Promise<void> {
  const up = await project.up();
  expect(up.code, up.stdout + up.stderr).toBe(0);
}

describe('the provider under the real engine', { timeout: 240_000 }, () => {
  it('makes what a program of its own asks for, and is quiet then', async () => {
    expect((await planned()).filter((each) => each.startsWith('create')).length).toBeGreaterThanOrEqual(5);
    await mustUp();
    expect(await planned()).toEqual([]);
    expect(await project.outputs()).toMatchObject({ owner: 'pulumi:shop/prod' });
  });

  it('makes the source when the tenant has connected, and sends the next token by an update', async () => {
    const place = { tenant: 'acme', integration: 'notion' };
    await connectTenant(open.world, place, { access_token: TOKEN });
    const refreshed = await project.refresh();
    expect(refreshed.code, refreshed.stdout).toBe(0);
    expect(await planned()).toEqual(['create source']);
    await mustUp();
    expect(await planned()).toEqual([]);
    await connectTenant(open.world, place, { access_token: `${TOKEN}-2` });
    expect((await project.refresh()).code).toBe(0);
    expect(await planned()).toEqual(['update source']);
    await mustUp();
    expect(await planned()).toEqual([]);
  });

  it('keeps every secret out of the state, or encrypted in it', async () => {
    const { text, state } = await project.exportState();
    const { VAULT_TOKEN = '', AIRBYTE_CLIENT_SECRET = '' } = systems.env;
    const kept = await open.world.vault.read<{ data: { password: string } }>(
      'secret/data/_platform/postgres/acme',
    );
    const secrets = [TOKEN, VAULT_TOKEN, AIRBYTE_CLIENT_SECRET, kept?.data.password ?? ''];
    for (const secret of secrets) {
      expect(secret).not.toBe('');
      expect(text).not.toContain(secret);
    }
    const password = state.deployment.resources?.find(
      ({ type }) => type === 'tenantry:index:GeneratedSecret',
    );
    expect(password?.outputs?.['value']).toMatchObject({ ciphertext: expect.any(String) });
  });

  it('imports a source that is there, and takes it over with the next up', async () => {
    const { airbyte } = open.world;
    const workspaces = await airbyte.listAll<{ workspaceId: string; name: string }>('/workspaces');
    const { workspaceId = '' } = workspaces.find(({ name }) => name.startsWith('acme ')) ?? {};
    const { sourceId } = await airbyte.post<{ sourceId: string }>('/sources', {
      name: 'Wiki of Acme',
      workspaceId,
      configuration: { sourceType: 'notion', credentials: { auth_type: 'token', token: 'made-by-hand' } },
    });
    const source = `
  new tenantry.Source('wiki', {
    name: 'acme-wiki',
    tenant,
    workspaceId: workspace.workspaceId,
    configuration: {
      sourceType: 'notion',
      credentials: { auth_type: 'token', token: '\${VAULT:secret/data/acme/notion:access_token}' },
    },
    recordPath: 'acme/notion',
    adopt: true,
  }, { ...opts, import: '${sourceId}' });
export const value`;
    await project.write('program.ts', PROGRAM.replace('export const value', source));
    await mustUp();
    expect(await planned()).toEqual([]);
    const sources = await airbyte.listAll<{ sourceId: string; name: string }>('/sources', {
      workspaceIds: [workspaceId],
    });
    expect(sources.find((each) => each.sourceId === sourceId)?.name).toBe(
      'acme-wiki [tenantry:pulumi:shop/prod/acme]',
    );
    expect(sources).toHaveLength(2);
  });

  it('takes everything away, and keeps what the policy keeps', async () => {
    const destroyed = await project.destroy();
    expect(destroyed.code, destroyed.stdout).toBe(0);
    expect(await open.world.vault.read('secret/metadata/acme/notion')).toBeDefined();
    const workspaces = await open.world.airbyte.listAll<{ name: string }>('/workspaces');
    expect(workspaces.filter(({ name }) => name.startsWith('acme '))).toEqual([]);
  });
});
