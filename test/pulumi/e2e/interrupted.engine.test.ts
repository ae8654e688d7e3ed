import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { startVault } from '../../support/engines/vault.ts';
import {
  asRoot,
  connectAccount,
  listAirbyte,
  type Project,
  startProject,
  wholeWorld,
} from '../../support/pulumi/project.ts';
import type { ExportedResource } from '../../support/pulumi/workspace.ts';
import { sql } from '../../support/sql.ts';
import { integrationYaml, type Systems, startSystemsWith, tenantYaml } from '../../support/world.ts';
import { documentedCommand } from '../ci/documented.ts';

const TENANTS = Array.from({ length: 6 }, (_, index) => `tenant-${index + 1}`);

const ROLE = 'postgresql:index/role:Role';

let systems: Systems;
let project: Project;

beforeAll(async () => {
  await resolveEngine('pulumi');
  systems = await startSystemsWith(() => startVault());
  const files = TENANTS.map((tenant): [string, string] => [
    `tenants/${tenant}.yaml`,
    `${tenantYaml(tenant)}${integrationYaml(tenant, 'notion', { sync: { initialSync: false } })}`,
  ]);
  project = await startProject(systems, { prod: Object.fromEntries(files) });
});

afterAll(async () => {
  await project?.close();
  await systems?.close();
});

const schemas = (): Promise<object[]> =>
  sql(systems, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant%'");

/** Waits for a state of the world in the middle of an up, and kills the CLI as a runner out of memory does. */
async function killOnce(reached: () => Promise<boolean>): Promise<void> {
  const running = project.startUp();
  await vi.waitUntil(reached, { timeout: 200_000, interval: 20 });
  running.child.kill('SIGKILL');
  expect((await running.done).code).toBe(-1);
}

/** What docs/pulumi/ci.md says to do after a kill. */
async function upAgain(): Promise<void> {
  const locked = await project.up();
  expect(locked.code).not.toBe(0);
  expect(locked.stdout + locked.stderr).toContain('pulumi cancel');
  expect((await project.cancel()).code).toBe(0);
  await dropUnrecordedRoles();
  const up = await project.up();
  expect(up.code, up.stdout + up.stderr).toBe(0);
}

/** A role is all that the next up does not take over by itself. One that was just made may go: it has no rights yet. */
async function dropUnrecordedRoles(): Promise<void> {
  const { resources = [] } = (await project.exportState()).state.deployment;
  const recorded = new Set(resources.filter(({ type }) => type === ROLE).map(({ id }) => id));
  const there = await sql<{ rolname: string }>(
    systems,
    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenant%'",
  );
  for (const { rolname } of there) if (!recorded.has(rolname)) await sql(systems, `DROP ROLE "${rolname}"`);
}

interface Checkpoint {
  readonly checkpoint: { readonly latest: { resources: ExportedResource[]; pending_operations?: unknown[] } };
}

/** As a kill leaves it: the resource is under way and not recorded. `pulumi stack import` leaves out what is under way. */
async function unrecord(isIt: (resource: ExportedResource) => boolean): Promise<void> {
  const file = join(project.backend, '.pulumi', 'stacks', 'tenantry', 'prod.json');
  const state = JSON.parse(await readFile(file, 'utf8')) as Checkpoint;
  const { latest } = state.checkpoint;
  const left = latest.resources.filter((resource) => !isIt(resource));
  const known = new Set(left.map(({ urn }) => urn));
  latest.pending_operations = latest.resources
    .filter(isIt)
    .map(({ id: _id, outputs: _outputs, ...resource }) => ({
      type: 'creating',
      resource,
    }));
  latest.resources = left.map((item) => ({ ...item, ...withoutDependencies(item, known) }));
  await writeFile(file, JSON.stringify(state));
}

/** The command of the docs for the roles of acme, for those of another tenant. */
async function takeOver(tenant: string, role: string): Promise<string[]> {
  const words = await documentedCommand('pulumi import', 'program.md');
  const names = {
    'eu-1': 'prod',
    tenant_acme_loader: `tenant_${tenant.replace('-', '_')}_${role}`,
    'acme-loader': `${tenant}-${role}`,
    acme: tenant,
  };
  const renamed = Object.entries(names).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    words.slice(1).join(' '),
  );
  return [...renamed.split(' '), '--yes', '--skip-preview'];
}

/** The state must not name what is not in it. */
function withoutDependencies(
  { dependencies = [] }: ExportedResource,
  known: ReadonlySet<string>,
): Pick<ExportedResource, 'dependencies' | 'propertyDependencies'> {
  return { dependencies: dependencies.filter((urn) => known.has(urn)), propertyDependencies: {} };
}

/** Several runs of the CLI in one test, on a machine that does other things too. */
const LIMIT = { timeout: 300_000 };

describe('an up that is killed', LIMIT, () => {
  it('among the schemas and keys goes on after cancel, with nothing made twice', async () => {
    await killOnce(async () => (await schemas()).length >= 2);
    await upAgain();
    expect(await schemas()).toHaveLength(TENANTS.length);
    const workspaces = await listAirbyte(systems, '/workspaces');
    const ours = workspaces.map(({ name }) => name).filter((name) => name.includes('[tenantry:'));
    expect(ours).toEqual(TENANTS.map((tenant) => `${tenant} [tenantry:pulumi:tenantry/prod/${tenant}]`));
    expect(await listAirbyte(systems, '/destinations')).toHaveLength(TENANTS.length);
    expect(await project.preview()).toMatchObject({ code: 0, operations: [] });
  });

  it('among the sources and connections goes on after cancel, with nothing made twice', async () => {
    for (const tenant of TENANTS) await connectAccount(systems, `${tenant}/notion`, `ntn_of-${tenant}`);
    await killOnce(async () => (await listAirbyte(systems, '/sources')).length >= 2);
    await upAgain();
    expect(await listAirbyte(systems, '/sources')).toHaveLength(TENANTS.length);
    expect(await listAirbyte(systems, '/connections')).toHaveLength(TENANTS.length);
    expect(await project.preview()).toMatchObject({ code: 0, operations: [] });
  });

  it('before it could write down what it had made of a tenant takes all of it over', async () => {
    const before = await wholeWorld(systems);
    const { text, state } = await project.exportState();
    const resources = state.deployment.resources ?? [];
    // The last one: grants of one tenant wait for those of the tenant before.
    // As if each of its resources was made, and the engine was killed in the moment before it recorded that.
    const isLost = ({ urn, type }: ExportedResource): boolean => urn.includes('::tenant-6') && type !== ROLE;
    // The tenant itself is a component, which is nowhere but in the state; the roles are below it.
    const kept = resources.filter((item) => !isLost(item) || item.type === 'tenantry:index:Tenant');
    expect(resources.length - kept.length).toBeGreaterThan(12);
    const known = new Set(kept.map(({ urn }) => urn));
    const left = kept.map((item) => ({ ...item, ...withoutDependencies(item, known) }));
    const all = JSON.parse(text) as { deployment: object };
    await project.importState(JSON.stringify({ ...all, deployment: { ...all.deployment, resources: left } }));
    const up = await project.up();
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(JSON.parse(await wholeWorld(systems))).toEqual(JSON.parse(before));
    expect(await project.preview()).toMatchObject({ code: 0, operations: [] });
  });

  it('before it recorded the roles of a tenant goes on when they are imported as the docs say', async () => {
    const passwords = (): Promise<object[]> =>
      sql(systems, 'SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname');
    const [before, world] = [await passwords(), await wholeWorld(systems)];
    await unrecord(({ urn, type }) => type === ROLE && urn.includes('::tenant-2-'));
    const refused = await project.up();
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toMatch(/role "tenant_tenant_2_(loader|reader)" already exists/);
    for (const role of ['loader', 'reader']) {
      const imported = await project.run(await takeOver('tenant-2', role));
      expect(imported.code, imported.stdout + imported.stderr).toBe(0);
    }
    const up = await project.up();
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(up.stdout).toContain('interrupted while creating');
    expect(await passwords()).toEqual(before);
    expect(JSON.parse(await wholeWorld(systems))).toEqual(JSON.parse(world));
    expect((await project.refresh({ args: ['--clear-pending-creates'] })).code).toBe(0);
    const preview = await project.preview();
    expect(preview).toMatchObject({ code: 0, operations: [] });
    expect(preview.stdout).not.toContain('interrupted while creating');
  });

  it('leaves the same world as one that was not', async () => {
    const interrupted = await wholeWorld(systems);
    const others = await startSystemsWith(() => startVault());
    const plain = await startProject(others, {
      prod: Object.fromEntries(
        TENANTS.map((tenant) => [
          `tenants/${tenant}.yaml`,
          `${tenantYaml(tenant)}${integrationYaml(tenant, 'notion', { sync: { initialSync: false } })}`,
        ]),
      ),
    });
    try {
      expect(await plain.up()).toMatchObject({ code: 0 });
      for (const tenant of TENANTS) await connectAccount(others, `${tenant}/notion`, `ntn_of-${tenant}`);
      expect(await plain.up()).toMatchObject({ code: 0 });
      expect(JSON.parse(await wholeWorld(others))).toEqual(JSON.parse(interrupted));
    } finally {
      await plain.close();
      await others.close();
    }
    // The credentials of the interrupted one are there and encrypted.
    const kept = await asRoot(systems, (vault) => vault.list('secret/metadata/tenant-1/'));
    expect(kept).toContain('notion');
  });
});
