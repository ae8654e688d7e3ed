import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { startVault } from '../../support/engines/vault.ts';
import {
  listAirbyte,
  type Project,
  startProject,
  wholeWorld,
  withAirbyte,
} from '../../support/pulumi/project.ts';
import {
  integrationYaml,
  mustApply,
  platformYaml,
  type Systems,
  startSystemsWith,
  tenantYaml,
} from '../../support/world.ts';

/** A program of somebody's own with one of our resources, imported before. */
const OWN_PROGRAM = `
import * as tenantry from './src/pulumi/index.ts';

const workspaceId = process.env['WORKSPACE'] as string;
const claim = new tenantry.Claim('acme', { tenant: 'acme' });
const credential = new tenantry.Credential(
  'notion', { tenant: 'acme', integration: 'notion' }, { dependsOn: claim },
);
const source = new tenantry.Source('notion', {
  name: 'acme-notion',
  tenant: 'acme',
  workspaceId,
  configuration: {
    sourceType: 'notion',
    credentials: { auth_type: 'token', token: '\${ENV:NOTION_TOKEN}' },
    start_date: '2026-01-01T00:00:00.000Z',
  },
  recordPath: 'acme/notion',
  adopt: true,
}, { dependsOn: credential });
export const sourceId = source.sourceId;
`;

let systems: Systems;
let projects: Project[] = [];

beforeAll(async () => {
  await resolveEngine('pulumi');
  systems = await startSystemsWith(() => startVault());
});

afterAll(async () => {
  await Promise.all(projects.map((project) => project.close()));
  await systems?.close();
});

async function opened(stacks: Parameters<typeof startProject>[1], options = {}): Promise<Project> {
  const project = await startProject(systems, stacks, options);
  projects = [...projects, project];
  return project;
}

/** Several runs of the CLI in one test, on a machine that does other things too. */
const LIMIT = { timeout: 300_000 };

describe('stacks and drivers on one platform', LIMIT, () => {
  it('two stacks go up at once, and each finds nothing to do afterwards', async () => {
    const both = await opened({
      'eu-1': { 'tenants/north.yaml': tenantYaml('north') },
      'eu-2': { 'tenants/south.yaml': tenantYaml('south') },
    });
    const stacks = ['eu-1', 'eu-2'];
    const upBoth = () => Promise.all(stacks.map((stack) => both.up({ stack })));
    // The mounts are made by who comes first. On an empty Vault both may try; then one goes on with its next up.
    for (const run of await upBoth()) {
      const errors = run.diagnostics.filter(({ severity }) => severity === 'error');
      const others = errors.filter(({ message }) => !/path is already in use|update failed/.test(message));
      expect(others).toEqual([]);
    }
    await both.document('eu-1', 'tenants/west.yaml', tenantYaml('west'));
    await both.document('eu-2', 'tenants/east.yaml', tenantYaml('east'));
    for (const run of await upBoth()) expect(run.code, run.stdout + run.stderr).toBe(0);
    for (const stack of stacks) {
      const preview = await both.preview({ stack, args: ['--refresh'] });
      expect(preview.code).toBe(0);
      expect(preview.operations.filter(({ op }) => op !== 'refresh')).toEqual([]);
    }
    const names = (await listAirbyte(systems, '/destinations')).map(({ name }) => name);
    expect(names).toEqual([
      'east-postgres [tenantry:pulumi:tenantry/eu-2/east]',
      'north-postgres [tenantry:pulumi:tenantry/eu-1/north]',
      'south-postgres [tenantry:pulumi:tenantry/eu-2/south]',
      'west-postgres [tenantry:pulumi:tenantry/eu-1/west]',
    ]);
  });

  it('a tenant of the operator is refused by name, with nothing written', async () => {
    const yaml = `${tenantYaml('hooli')}${integrationYaml('hooli', 'notion')}`;
    await mustApply(systems, `${platformYaml()}${yaml}`, { owner: 'operator:prod' });
    const other = await opened({ prod: { 'tenants/hooli.yaml': yaml } });
    const before = await wholeWorld(systems);
    for (const run of [await other.preview(), await other.up()]) {
      expect(run.code).not.toBe(0);
      const text = run.stdout + run.stderr;
      expect(text).toContain('operator:prod');
      expect(text).toContain('tenantry claim hooli --from operator:prod --to pulumi:tenantry/prod');
    }
    expect(await wholeWorld(systems)).toBe(before);
  });

  it('wrong documents end the preview with file and line, before anything is reached', async () => {
    const wrong = await opened(
      { wrong: { 'tenants/acme.yaml': `${tenantYaml('acme', { dipslayName: 'Acme' })}` } },
      { env: { VAULT_ADDR: 'http://127.0.0.1:9', AIRBYTE_URL: 'http://127.0.0.1:9', PGPORT: '9' } },
    );
    const preview = await wrong.preview();
    expect(preview.code).not.toBe(0);
    const text = preview.stdout + preview.stderr;
    expect(text).toMatch(/tenants\/acme\.yaml:5:\d+/);
    expect(text).toContain('displayName');
    expect(text).not.toMatch(/^\s+at .*node_modules/m);
    expect(preview.operations.filter(({ type }) => type !== 'pulumi:pulumi:Stack')).toEqual([]);
  });

  it('a source that is there already is imported, and the next up changes nothing of it but its mark', async () => {
    const [workspace, source] = await withAirbyte(systems, async (airbyte) => {
      const made = await airbyte.post<{ workspaceId: string }>('/workspaces', { name: 'by hand' });
      const configuration = {
        sourceType: 'notion',
        credentials: { auth_type: 'token', token: 'ntn_canary-by-hand' },
        start_date: '2026-01-01T00:00:00.000Z',
      };
      const body = { name: 'acme-notion', workspaceId: made.workspaceId, configuration };
      return [made, await airbyte.post<{ sourceId: string }>('/sources', body)] as const;
    });
    const files = {
      'Pulumi.yaml': `name: own
runtime: { name: nodejs, options: { typescript: false } }
main: main.ts
plugins: { providers: [{ name: tenantry, path: bin }] }
`,
      'main.ts': OWN_PROGRAM,
    };
    const env = { WORKSPACE: workspace.workspaceId, NOTION_TOKEN: 'ntn_canary-by-hand' };
    const own = await opened({}, { files, env });
    await own.initStack('prod');
    const id = `acme/notion/${source.sourceId}`;
    const imported = await own.import('tenantry:index:Source', 'notion', id, { args: ['--protect=false'] });
    expect(imported.code, imported.stdout + imported.stderr).toBe(0);
    const up = await own.up();
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(up.operations.filter(({ name }) => name === 'notion')).toMatchObject([
      { op: 'create', type: 'tenantry:index:Credential' },
      { op: 'update', type: 'tenantry:index:Source' },
    ]);
    expect(await own.outputs()).toEqual({ sourceId: source.sourceId });
    const there = await listAirbyte(systems, '/sources');
    expect(there.filter(({ sourceId }) => sourceId === source.sourceId)).toMatchObject([
      { name: 'acme-notion [tenantry:pulumi:own/prod/acme]' },
    ]);
    expect((await own.preview()).operations).toEqual([]);
    expect((await own.exportState()).text + up.text + imported.text).not.toContain('ntn_canary-by-hand');
  });
});
