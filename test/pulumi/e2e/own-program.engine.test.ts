import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { startVault } from '../../support/engines/vault.ts';
import { type Installed, installTenantry } from '../../support/pulumi/installed.ts';
import { connectAccount, listAirbyte } from '../../support/pulumi/project.ts';
import {
  type PulumiRun,
  type PulumiWorkspace,
  pulumiWorkspace,
  type RunOptions,
} from '../../support/pulumi/workspace.ts';
import {
  integrationYaml,
  platformYaml,
  type Systems,
  startSystemsWith,
  tenantYaml,
} from '../../support/world.ts';
import { documentedFile } from '../ci/documented.ts';

const PROGRAM = 'index.ts';
const UNCHANGED = ['--refresh', '--expect-no-changes'];

let systems: Systems;
let installed: Installed;
let project: PulumiWorkspace;

beforeAll(async () => {
  await resolveEngine('pulumi');
  [systems, installed] = await Promise.all([startSystemsWith(() => startVault()), installTenantry()]);
  const files = {
    'Pulumi.yaml': await documentedFile('Pulumi.yaml', 'program.md'),
    'stacks/dev/platform.yaml': platformYaml('dev'),
    'stacks/dev/tenants/umbrella.yaml': `${tenantYaml('umbrella')}${integrationYaml('umbrella', 'notion')}`,
  };
  project = await pulumiWorkspace({ env: systems.env, files, root: installed.root });
  for (const stack of ['dev', 'systems', 'prod']) await project.initStack(stack);
});

afterAll(async () => {
  await project?.close();
  await installed?.remove();
  await systems?.close();
});

/** Takes the program that a page shows, as it stands. */
async function take(page: string): Promise<string> {
  const program = await documentedFile(PROGRAM, page);
  await project.write(PROGRAM, program);
  return program;
}

async function mustUp(options?: RunOptions): Promise<PulumiRun> {
  const up = await project.up(options);
  expect(up.code, up.stdout + up.stderr).toBe(0);
  return up;
}

/** Several runs of the CLI in one test, on a machine that does other things too. */
const LIMIT = { timeout: 300_000 };

describe('a program of one’s own, with the installed package', LIMIT, () => {
  it('makes the documents of its stack by the one line of the docs', async () => {
    await take('program.md');
    const stack = 'dev';
    await mustUp({ stack });
    expect(await project.outputs({ stack })).toMatchObject({
      tenants: { umbrella: { schema: 'tenant_umbrella' } },
    });
    expect(await project.preview({ stack, args: UNCHANGED })).toMatchObject({ code: 0 });
  });

  it('takes a provider of its own with logins from the stack’s configuration', async () => {
    await take('provider.md');
    const stack = 'systems';
    await project.setConfig('vaultAddress', systems.env['VAULT_ADDR'] ?? '', { stack });
    await project.setConfig('vaultToken', systems.vault.rootToken, { stack, secret: true });
    await project.setConfig('airbyteUrl', systems.airbyte.url, { stack });
    await project.setConfig('airbyteKey', 'key-of-nobody', { stack, secret: true });
    await mustUp({ stack, env: { VAULT_ADDR: '', VAULT_TOKEN: '' } });
    expect(await project.outputs({ stack })).toEqual({ tenant: 'globex' });
    expect((await project.exportState({ stack })).text).not.toContain(systems.vault.rootToken);
  });
});

describe('the components of the docs, with the installed package', LIMIT, () => {
  let program: string;

  it('wait for the tenant, and make source and connection with the up after the connect', async () => {
    program = await take('components.md');
    await mustUp();
    expect(await project.outputs()).toEqual({
      schema: 'tenant_acme',
      waiting: expect.stringMatching(/^waiting for acme to connect notion: /),
    });
    await connectAccount(systems, 'acme/notion', 'ntn_of-acme');
    await mustUp();
    expect(await listAirbyte(systems, '/sources')).toMatchObject([
      { name: 'acme-notion [tenantry:pulumi:tenants/prod/acme]' },
    ]);
    expect(await project.preview({ args: UNCHANGED })).toMatchObject({ code: 0 });
  });

  it('fail the run for a mistake that nobody waits to hear of, and remove nothing', async () => {
    await project.write(PROGRAM, program.replace("integration: 'notion'", "integration: 'notoin'"));
    const up = await project.up();
    await project.write(PROGRAM, program);
    expect(up.code).not.toBe(0);
    expect(up.stdout).toContain('the catalog has no integration "notoin"; did you mean "notion"?');
    expect(await listAirbyte(systems, '/sources')).toHaveLength(1);
    expect(await project.preview({ args: ['--expect-no-changes'] })).toMatchObject({ code: 0 });
  });

  it('tell of a Vault that does not answer without a stack of calls, and remove nothing', async () => {
    const up = await project.up({ env: { VAULT_ADDR: 'http://127.0.0.1:9' } });
    expect(up.code).not.toBe(0);
    expect(up.stdout).toContain('check spec.vault.address (VAULT_ADDR) and the network');
    expect(up.stdout).not.toMatch(/^\s+at .*tenantry/m);
    expect(up.changes['delete']).toBeUndefined();
    expect(await listAirbyte(systems, '/sources')).toHaveLength(1);
  });
});
