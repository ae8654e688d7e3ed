import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readInjectSettings } from '../../src/operator/inject/settings.ts';
import { readPlatform } from '../../src/operator/platform.ts';
import { loadStack } from '../../src/spec/load.ts';
import { resolveEngine } from '../engines/resolve.ts';
import { CHART, container, one, podTemplates, type Rendered, render, type Values } from './helm-chart.ts';
import { MATRIX } from './helm-matrix.ts';

let program = '';
let folder = '';
beforeAll(async () => {
  program = await resolveEngine('helm');
  folder = await mkdtemp(join(tmpdir(), 'tenantry-stack-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The folder as the kubelet mounts it: links to a hidden folder, which is exchanged as a whole. */
async function mounted(objects: readonly Rendered[], component: string): Promise<string> {
  const pod = podTemplates(objects).find(({ spec }) => spec.containers[0].name === component);
  const volume = pod?.spec.volumes.find(({ name }) => name === 'stack')?.configMap;
  const { data = {} } = one(objects, 'ConfigMap', volume?.name ?? '');
  const at = await mkdtemp(join(folder, 'mounted-'));
  for (const { key, path } of volume?.items ?? []) {
    await mkdir(dirname(join(at, '..data', path)), { recursive: true });
    await writeFile(join(at, '..data', path), data[key] ?? '');
    const [first = ''] = path.split('/');
    await symlink(join('..data', first), join(at, first)).catch((error: { code?: string }) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return at;
}

describe('the stack folder', () => {
  const values = MATRIX['secrets of the user, a private catalog and every place of a pod'] ?? {};

  it('is one that Tenantry reads, as the kubelet mounts it', async () => {
    const objects = await render(program, values);
    const { platform, tenants } = await loadStack(await mounted(objects, 'operator'));
    expect(platform.metadata.name).toBe('prod');
    expect(platform.spec.vault.auth).toMatchObject({
      role: 'tenantry-operator',
      tokenFile: '/var/run/secrets/tenantry/vault/token',
    });
    expect(platform.spec.sidecar.limits.proxyBodyBytes).toBe(2_147_483_648);
    expect(tenants).toEqual([]);
  });

  it('holds what is laid over it for the sidecar alone, and the rest as it is', async () => {
    const objects = await render(program, values);
    const own = await loadStack(await mounted(objects, 'sidecar'));
    const other = await loadStack(await mounted(objects, 'operator'));
    expect(own.platform.spec.vault.auth).toMatchObject({ method: 'kubernetes', role: 'tenantry-sidecar' });
    expect({ ...own.platform.spec, vault: undefined }).toEqual({ ...other.platform.spec, vault: undefined });
    expect(await loadStack(await mounted(objects, 'migrate'))).toMatchObject({
      platform: { spec: other.platform.spec },
    });
  });

  it('holds private catalog entries, which are then there beside the others', async () => {
    const entry = parse(await readFile(join(CHART, '../../../catalog/notion.yaml'), 'utf8')) as object;
    const objects = await render(program, {
      cluster: 'prod',
      catalog: { 'my-crm': { ...entry, id: 'my-crm' } },
    });
    for (const component of ['operator', 'sidecar']) {
      const { catalog } = await readPlatform(await mounted(objects, component));
      expect(catalog.get('my-crm')).toMatchObject({ id: 'my-crm', name: 'Notion' });
      expect(catalog.has('notion')).toBe(true);
    }
  });

  it('holds the settings of the injection, for the operator alone', async () => {
    const objects = await render(program, {
      ...MATRIX['injection with a certificate of cert-manager'],
      sidecar: { migrate: 'job' },
      image: { repository: 'registry.example.com/tenantry', tag: 'next' },
    });
    const settings = await readInjectSettings(join(await mounted(objects, 'operator'), 'injection.yaml'));
    expect(settings).toMatchObject({ image: 'registry.example.com/tenantry:next' });
    expect(await loadStack(await mounted(objects, 'operator'))).toMatchObject({ tenants: [] });
    for (const component of ['sidecar', 'migrate'])
      expect(await readdir(await mounted(objects, component))).toEqual(['..data', 'platform.yaml']);
  });

  it('starts the pods anew when it changes', async () => {
    const sum = async (more: Values): Promise<unknown> => {
      const objects = await render(program, { ...values, ...more });
      const { metadata } = podTemplates(objects)[0] as { metadata: { annotations?: Record<string, string> } };
      return metadata.annotations?.['checksum/stack'];
    };
    expect(await sum({})).toBe(await sum({ image: { tag: 'next' } }));
    expect(await sum({})).not.toBe(await sum({ catalog: {} }));
  });
});

describe('the install guide', () => {
  const blocks = async (): Promise<readonly Values[]> => {
    const page = await readFile(join(CHART, '../../../docs/kubernetes/install.md'), 'utf8');
    return [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => parse(text) as Values);
  };

  it('has values that the chart takes, each for itself and all together', async () => {
    const found = await blocks();
    expect(found.length).toBeGreaterThanOrEqual(5);
    for (const values of found) await render(program, { cluster: 'prod', ...values });
    await render(program, Object.assign({}, ...found) as Values);
  });

  it('has a first release whose stack Tenantry reads, with a login of each program’s own', async () => {
    const [values = {}] = await blocks();
    const objects = await render(program, values);
    const { platform } = await loadStack(await mounted(objects, 'operator'));
    expect(platform.spec.vault.auth).toMatchObject({ role: 'tenantry-operator' });
    const sidecar = await loadStack(await mounted(objects, 'sidecar'));
    expect(sidecar.platform.spec.vault.auth).toMatchObject({ role: 'tenantry-sidecar' });
    const names = (name: string): readonly string[] =>
      (container(objects, name).env ?? []).map((each) => each.name);
    expect(names('operator')).toEqual(expect.arrayContaining(['PGPASSWORD', 'TENANTRY_PGPASSWORD']));
    expect(names('migrate')).toEqual(expect.arrayContaining(['PGPASSWORD', 'TENANTRY_PGPASSWORD']));
    expect(names('sidecar')).not.toContain('PGPASSWORD');
  });
});
