import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { startVault } from '../../support/engines/vault.ts';
import {
  asRoot,
  connectAccount,
  listAirbyte,
  type Project,
  startProject,
  wholeWorld,
  withAirbyte,
} from '../../support/pulumi/project.ts';
import type { PulumiRun } from '../../support/pulumi/workspace.ts';
import { sql } from '../../support/sql.ts';
import {
  integrationYaml,
  platformYaml,
  type Systems,
  startSystemsWith,
  tenantYaml,
} from '../../support/world.ts';

/** In no plan, log or state. */
const TOKEN = 'ntn_canary-of-the-tenant';
const NOTION = 'tenants/acme-notion.yaml';
const DELETED = { deletionPolicy: 'Delete' };

let systems: Systems;
let project: Project;
const texts: string[] = [];

/** Keeps what the run printed, for the search for secrets at the end. */
async function told(run: Promise<PulumiRun>): Promise<PulumiRun> {
  const result = await run;
  texts.push(result.text, (await project.exportState()).text);
  return result;
}

async function mustUp(args: readonly string[] = []): Promise<PulumiRun> {
  const up = await told(project.up({ args }));
  expect(up.code, up.stdout + up.stderr).toBe(0);
  return up;
}

/** What a preview would do, as `op name`. */
async function planned(args: readonly string[] = []): Promise<string[]> {
  const preview = await told(project.preview({ args }));
  expect(preview.code, preview.stdout + preview.stderr).toBe(0);
  return preview.operations.filter(({ op }) => op !== 'refresh').map(({ op, name }) => `${op} ${name}`);
}

beforeAll(async () => {
  await resolveEngine('pulumi');
  systems = await startSystemsWith(() => startVault());
  project = await startProject(systems, {
    prod: {
      'tenants/acme.yaml': tenantYaml('acme'),
      [NOTION]: integrationYaml('acme', 'notion', { sync: { schedule: '0 6 * * *' } }),
      'tenants/globex.yaml': tenantYaml('globex', DELETED),
    },
  });
});

afterAll(async () => {
  await project?.close();
  await systems?.close();
});

/** Several runs of the CLI in one test, on a machine that does other things too. */
const LIMIT = { timeout: 300_000 };

describe('a stack from its first preview to its end', LIMIT, () => {
  it('is previewed without a trace in the world', async () => {
    const before = await wholeWorld(systems);
    const preview = await told(project.preview());
    expect(preview.code, preview.stdout + preview.stderr).toBe(0);
    expect(preview.changes['create']).toBeGreaterThan(20);
    expect(await wholeWorld(systems)).toBe(before);
    expect((await project.exportState()).state.deployment.resources ?? []).toEqual([]);
  });

  it('goes up with everything but what waits for a tenant, and says what waits and what to do', async () => {
    const up = await mustUp();
    const waiting = up.diagnostics.filter(({ message }) => message.includes('acme to connect notion'));
    expect(waiting).toMatchObject([{ severity: 'info' }]);
    expect(waiting[0]?.message).toContain('tenantry connect acme notion');
    expect(JSON.stringify(await project.outputs())).toContain('acme');
    expect(await listAirbyte(systems, '/sources')).toEqual([]);
    expect(await listAirbyte(systems, '/destinations')).toHaveLength(2);
  });

  it('keeps little of the program’s stack in the state, which is written anew at every step', async () => {
    const { resources = [] } = (await project.exportState()).state.deployment;
    // Of these there is one, whatever the number of tenants.
    const isSingle = /^pulumi:|^tenantry:index:Platform$/;
    const many = resources.filter(({ type }) => !isSingle.test(type));
    expect(many.length).toBeGreaterThan(20);
    for (const { urn, stackTrace = [] } of many) expect(stackTrace.length, urn).toBe(1);
  });

  it('has nothing to do afterwards, also after a look at the world', async () => {
    expect(await planned()).toEqual([]);
    expect(await planned(['--refresh'])).toEqual([]);
  });

  it('makes the source with the next up after the tenant has connected, and starts the first sync', async () => {
    await connectAccount(systems, 'acme/notion', TOKEN);
    const created = (await planned()).filter((line) => line.startsWith('create'));
    expect(created.toSorted()).toEqual([
      'create acme-notion-connection',
      'create acme-notion-first-sync',
      'create acme-notion-source',
    ]);
    await mustUp();
    expect(await listAirbyte(systems, '/sources')).toMatchObject([
      { name: 'acme-notion [tenantry:pulumi:tenantry/prod/acme]' },
    ]);
    expect(await planned()).toEqual([]);
    expect(await planned(['--refresh'])).toEqual([]);
  });

  it('previews one change as that change and no other', async () => {
    const changed = integrationYaml('acme', 'notion', { sync: { schedule: '30 7 * * *' } });
    await project.document('prod', NOTION, changed);
    const before = await wholeWorld(systems);
    const preview = await told(project.preview());
    expect(preview.operations).toMatchObject([
      { op: 'update', name: 'acme-notion-connection', diffs: ['schedule'] },
    ]);
    expect(await wholeWorld(systems)).toBe(before);
    await mustUp();
    expect(JSON.stringify(await listAirbyte(systems, '/connections'))).toContain(' 30 7 * * ?');
    expect(await planned()).toEqual([]);
  });

  it('finds by a refresh what somebody changed by hand in each system, and mends it', async () => {
    const [connection] = await listAirbyte(systems, '/connections');
    const path = `/connections/${connection?.connectionId}`;
    await withAirbyte(systems, (airbyte) => airbyte.patch(path, { status: 'inactive' }));
    await asRoot(systems, (vault) => vault.write('sys/policies/acl/tenant-acme', { policy: '# nothing' }));
    await sql(systems, 'GRANT CREATE ON SCHEMA tenant_acme TO tenant_acme_reader');
    expect((await planned(['--refresh'])).toSorted()).toEqual([
      'update acme-notion-connection',
      'update acme-policy',
      'update acme-schema-reader',
    ]);
    await mustUp(['--refresh']);
    expect(await listAirbyte(systems, '/connections')).toMatchObject([{ status: 'active' }]);
    expect(await planned(['--refresh'])).toEqual([]);
  });

  it('notices another token, and gives it to the source without showing it', async () => {
    await connectAccount(systems, 'acme/notion', `${TOKEN}-anew`);
    const names = await planned();
    expect(names).toContain('update acme-notion-source');
    expect(names.filter((line) => !line.startsWith('update acme-notion-'))).toEqual([]);
    await mustUp();
    expect(await planned()).toEqual([]);
  });

  it('makes anew what cannot be changed: all of a tenant in another workspace', async () => {
    const shared = await withAirbyte(systems, (airbyte) =>
      airbyte.post<{ workspaceId: string }>('/workspaces', { name: 'all tenants' }),
    );
    const airbyte = { workspace: 'Shared', workspaceId: shared.workspaceId };
    await project.document('prod', 'platform.yaml', platformYaml('prod', { airbyte }));
    const preview = await told(project.preview());
    const replaced = preview.operations.filter(({ op }) => op === 'replace').map(({ name }) => name);
    expect(replaced.toSorted()).toEqual([
      'acme-destination',
      'acme-notion-connection',
      'acme-notion-first-sync',
      'acme-notion-source',
      'globex-destination',
    ]);
    await mustUp();
    const inShared = (item: { readonly workspaceId?: string }): boolean =>
      item.workspaceId === shared.workspaceId;
    expect((await listAirbyte(systems, '/sources')).filter(inShared)).toHaveLength(1);
    expect(await planned()).toEqual([]);
  });

  it('removes a tenant whose document says Delete, and everything of it', async () => {
    await project.removeDocument('prod', 'tenants/globex.yaml');
    const operations = await planned();
    expect(operations.filter((line) => !line.startsWith('delete globex'))).toEqual([]);
    await mustUp();
    expect(await wholeWorld(systems)).not.toContain('globex');
    expect(await planned()).toEqual([]);
  });

  it('keeps the data of a tenant whose documents say Retain', async () => {
    await project.document('prod', NOTION, integrationYaml('acme', 'notion', { deletionPolicy: 'Retain' }));
    await mustUp();
    await sql(systems, 'CREATE TABLE tenant_acme.rows AS SELECT 1 AS one');
    await project.removeDocument('prod', 'tenants/acme.yaml');
    await project.removeDocument('prod', NOTION);
    await mustUp();
    expect(await sql(systems, 'SELECT one FROM tenant_acme.rows')).toEqual([{ one: 1 }]);
    const key = await asRoot(systems, (vault) => vault.read('transit/keys/acme'));
    expect(key).toMatchObject({ name: 'acme' });
    const kept = await asRoot(systems, (vault) => vault.read<{ data: object }>('secret/data/acme/notion'));
    expect(kept?.data).toHaveProperty('access_token');
    expect(await listAirbyte(systems, '/sources')).toEqual([]);
    expect(await planned()).toEqual([]);
  });

  it('left no secret in any state, plan or log', async () => {
    const password = await asRoot(systems, (vault) =>
      vault.read<{ data: { password: string } }>('secret/data/_platform/postgres/acme'),
    );
    const secrets = [
      TOKEN,
      systems.vault.rootToken,
      systems.postgres.password,
      systems.airbyte.clientSecret,
      password?.data.password ?? 'the password of acme is gone',
    ];
    for (const secret of secrets) {
      const found = texts.find((text) => text.includes(secret));
      const at = found?.indexOf(secret) ?? 0;
      expect(found?.slice(at - 300, at), `a text holds ${secret}`).toBeUndefined();
    }
  });
});
