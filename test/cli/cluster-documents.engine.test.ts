/** Commands on one tenant's credential where the documents are custom resources. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, type CliResult, cli, cliJson } from '../support/cli.ts';
import { conditionOf, NAMESPACE, type OperatorWorld, startOperatorWorld } from '../support/operator-world.ts';
import { applyOnce, platformYaml, tenantYaml } from '../support/world.ts';

let world: OperatorWorld;
let env: Record<string, string>;

beforeAll(async () => {
  world = await startOperatorWorld();
  world.start();
  env = {
    ...world.systems.env,
    KUBECONFIG: world.kube.api.kubeconfigFile,
    TENANTRY_STACK: world.stackDir,
    TENANTRY_DOCUMENTS: 'kubernetes',
  };
  await world.tenant('acme');
  await world.integration('acme', 'notion');
  await world.until('TenantIntegration', 'acme-notion', /WaitingForCredential/);
  expect(await run(['migrate'])).toMatchObject({ code: 0 });
});
afterAll(() => world?.close());

const run = (args: readonly string[], more: CliOptions = {}): Promise<CliResult> =>
  cli(args, { ...more, env: { ...env, ...more.env } });

describe('the step that a condition names', () => {
  it.each(['Ready', 'CredentialReady'] as const)('works as %s prints it', async (type) => {
    const object = await world.get('TenantIntegration', 'acme-notion');
    const command = /tenantry (connect .*)$/.exec(conditionOf(object, type)?.message ?? '')?.[1] ?? '';
    expect(command).toBe('connect acme notion --documents kubernetes');
    const { code, stdout, stderr } = await run(command.split(' '), { env: { TENANTRY_DOCUMENTS: '' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('For acme to connect') });
    expect(stdout).toMatch(/^https:\/\/connect\.example\.com\/connect\/\S+\n$/);
  });
});

describe('credentials of a cluster', () => {
  it('are stored in the name of its operator, which takes them to the source', async () => {
    const set = await run(['credentials', 'set', 'acme', 'notion'], { input: 'ntn_by-hand' });
    expect(set).toMatchObject({ code: 0, stdout: expect.stringContaining('Stored acme/notion, version 1') });
    await world.reconcile('TenantIntegration', 'acme-notion');
    await world.until('TenantIntegration', 'acme-notion', 'True');
    const { json } = await cliJson<{ credentials: unknown[] }>(['credentials', 'list'], { env });
    expect(json.credentials).toMatchObject([{ tenant: 'acme', integration: 'notion', connected: true }]);
    const status = await run(['credentials', 'get-status', 'acme', 'notion']);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('active') });
    expect(await run(['credentials', 'encrypt', '--tenant', 'acme'])).toMatchObject({ code: 0 });
    expect(await run(['api-keys', 'create', 'acme', '--name', 'billing'])).toMatchObject({ code: 0 });
  });

  it('are deleted only in the name of the operator that has the tenant', async () => {
    const remove = ['credentials', 'delete', 'acme', 'notion', '--confirm', 'acme/notion'];
    const wrong = await run([...remove, '--cluster', 'another']);
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('belongs to operator:test, and this is operator:another'),
    });
    expect(await run(remove)).toMatchObject({ code: 0, stdout: 'Removed acme/notion.\n' });
    await world.connect('acme', 'notion');
  });

  it('are not touched for a tenant that belongs to another owner', async () => {
    const yaml = `${platformYaml('test')}${tenantYaml('theirs')}`;
    await applyOnce(world.systems, yaml, { owner: 'cli:dev' });
    await world.tenant('theirs');
    await world.integration('theirs', 'notion');
    await world.until('Tenant', 'theirs', /OwnedByAnother/);
    const { code, stdout, stderr } = await run(['connect', 'theirs', 'notion']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`Tenant ${NAMESPACE}/theirs: the tenant theirs is not claimed for this Tenant`);
    expect(stderr).toContain('belongs to cli:dev');
    const set = await run(['credentials', 'set', 'theirs', 'notion'], { input: 'x' });
    expect(set.code).toBe(1);
    await world.remove('TenantIntegration', 'theirs-notion');
    await world.remove('Tenant', 'theirs');
    await world.untilGone('Tenant', 'theirs');
  });
});

describe('what cannot be used', () => {
  it('is told with its problems where it is named, and holds up nothing else', async () => {
    await world.integration('acme', 'unknown-service');
    await world.until('TenantIntegration', 'acme-unknown-service', /InvalidDocument/);
    const named = await run(['connect', 'acme', 'unknown-service']);
    expect(named).toMatchObject({ code: 1, stdout: '' });
    expect(named.stderr).toContain(`InvalidDocument: TenantIntegration ${NAMESPACE}/acme-unknown-service: `);
    expect(await run(['connect', 'acme', 'notion'])).toMatchObject({ code: 0 });
    const missing = await run(['connect', 'acmee', 'notion']);
    expect(missing.stderr).toContain('did you mean "acme"?');
    const held = await run(['status', '--tenant', 'acme']);
    expect(held).toMatchObject({ code: 1, stderr: expect.stringContaining('acme-unknown-service') });
    await world.remove('TenantIntegration', 'acme-unknown-service');
    await world.untilGone('TenantIntegration', 'acme-unknown-service');
  });
});

describe('plan and status', () => {
  it('show what the operator would change, in its name, and tell what is left out', async () => {
    await world.reconcile('Tenant', 'acme');
    await world.until('TenantIntegration', 'acme-notion', 'True');
    const { code, stdout, stderr } = await run(['plan']);
    expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: '' });
    await world.tenant('watched', { managementPolicy: 'Observe' });
    await world.until('Tenant', 'watched', /Differs/);
    await world.integration('watched', 'unknown-service');
    await world.until('TenantIntegration', 'watched-unknown-service', /InvalidDocument/);
    const status = await run(['status']);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/acme\s+notion\s+ready/);
    expect(status.stderr).toMatch(/^left out: 1 object/);
  });
});

describe('rights and settings', () => {
  it('for one namespace are enough with --namespace, which the refusal names', async () => {
    const resources = ['tenants', 'tenantintegrations'];
    const rules = [{ apiGroups: ['tenantry.dev'], resources, verbs: ['list'] }];
    const account = await world.kube.account({ name: 'support', namespace: NAMESPACE, rules });
    const as = ['--kubeconfig', account.kubeconfigFile];
    const refused = await run(['credentials', 'list', ...as]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^KubernetesForbidden: /) });
    expect(refused.stderr).toContain('pass --namespace');
    const listed = await run(['credentials', 'list', ...as, '--namespace', NAMESPACE]);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('acme') });
    const byName = await run(['credentials', 'list', ...as], { env: { TENANTRY_NAMESPACE: NAMESPACE } });
    expect(byName.code).toBe(0);
  });

  it.each([
    ['connect', 'acme', 'notion', '--namespace', 'x'],
    ['credentials', 'list', '--cluster', 'x'],
  ])('of a cluster are refused beside files: %s', async (...args) => {
    const { code, stderr } = await run(args, { env: { TENANTRY_DOCUMENTS: 'files' } });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('need --documents kubernetes'),
    });
  });

  it('that name no place are refused, and commands that read files only do not mind', async () => {
    const wrong = await run(['connect', 'acme', 'notion'], { env: { TENANTRY_DOCUMENTS: 'git' } });
    expect(wrong.stderr).toContain('TENANTRY_DOCUMENTS is neither files nor kubernetes');
    const validate = await run(['validate'], { env: { TENANTRY_DOCUMENTS: 'git' } });
    expect(validate.code).toBe(0);
  });
});
