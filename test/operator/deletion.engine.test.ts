import { readdir, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import {
  conditionOf,
  hasFinalizer,
  type OperatorWorld,
  type RunningOperator,
  startOperatorWorld,
} from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: RunningOperator;
beforeAll(async () => {
  world = await startOperatorWorld();
  operator = world.start();
});
afterEach(() => {
  world.systems.airbyteProxy.fault = undefined;
  world.systems.vaultProxy.fault = undefined;
});
afterAll(() => world?.close());

/** A tenant with a connected Notion, both Ready. */
async function ready(name: string, spec: object = {}, integration: object = {}): Promise<void> {
  await world.tenant(name, spec);
  await world.until('Tenant', name, 'True');
  await world.connect(name, 'notion');
  await world.integration(name, 'notion', integration);
  await world.until('TenantIntegration', `${name}-notion`, 'True');
}

const namesIn = async (path: string, tenant: string): Promise<string[]> =>
  (await world.airbyte(path)).map(({ name }) => name).filter((name) => name.startsWith(tenant));
const login = async (tenant: string): Promise<boolean | undefined> => {
  const text = `select rolcanlogin from pg_roles where rolname like 'tenant_${tenant}%load%'`;
  return (await world.sql<{ rolcanlogin: boolean }>(text))[0]?.rolcanlogin;
};
const hasSchema = async (tenant: string): Promise<boolean> =>
  (await world.sql(`select 1 from pg_namespace where nspname = 'tenant_${tenant}'`)).length > 0;
const hasKey = async (tenant: string): Promise<boolean> =>
  'data' in (await world.vault('GET', `transit/keys/${tenant}`));

describe('deletion', () => {
  it('removes an integration’s objects in Airbyte and keeps its credential with Retain', async () => {
    await ready('keeps', {}, { deletionPolicy: 'Retain' });
    await world.remove('TenantIntegration', 'keeps-notion');
    await world.untilGone('TenantIntegration', 'keeps-notion');
    expect(await namesIn('/connections', 'keeps')).toEqual([]);
    expect(await namesIn('/sources', 'keeps')).toEqual([]);
    expect(await world.vault('GET', 'secret/data/keeps/notion')).toHaveProperty('data.data');
    await world.until('Tenant', 'keeps', 'True');
  });

  it('destroys the credential of an integration with Delete', async () => {
    await ready('drops', {}, { deletionPolicy: 'Delete' });
    await world.remove('TenantIntegration', 'drops-notion');
    await world.untilGone('TenantIntegration', 'drops-notion');
    expect(await world.vault('GET', 'secret/data/drops/notion')).not.toHaveProperty('data.data.access_token');
    const drift = await operator.metric('tenantry_drift_total');
    expect(drift).toBe(0);
  });

  it('keeps a tenant’s schema and key with Retain, and its login can do nothing any more', async () => {
    await ready('retained', { deletionPolicy: 'Retain' });
    expect(await login('retained')).toBe(true);
    await world.remove('TenantIntegration', 'retained-notion');
    await world.remove('Tenant', 'retained');
    await world.untilGone('Tenant', 'retained');
    expect(await hasSchema('retained')).toBe(true);
    expect(await hasKey('retained')).toBe(true);
    expect(await login('retained')).not.toBe(true);
  });

  it('removes everything of a tenant with Delete, and an object of the same name begins anew', async () => {
    await ready('again', { deletionPolicy: 'Delete' }, { deletionPolicy: 'Delete' });
    await world.remove('TenantIntegration', 'again-notion');
    await world.remove('Tenant', 'again');
    await world.untilGone('Tenant', 'again');
    expect(await hasSchema('again')).toBe(false);
    expect(await hasKey('again')).toBe(false);
    expect(await namesIn('/workspaces', 'again')).toEqual([]);
    await ready('again');
  });

  it('names the integrations that a deleted Tenant still has, and goes on when they are gone', async () => {
    await ready('remains');
    await world.integration('remains', 'linear');
    await world.remove('Tenant', 'remains');
    const waiting = await world.until('Tenant', 'remains', /IntegrationsRemain/);
    expect(conditionOf(waiting, 'Ready')?.message).toContain('remains-linear, remains-notion');
    expect(conditionOf(await world.get('TenantIntegration', 'remains-notion'), 'Ready')?.status).toBe('True');
    await world.remove('TenantIntegration', 'remains-linear');
    await world.remove('TenantIntegration', 'remains-notion');
    await world.untilGone('Tenant', 'remains');
  });

  it('says why it cannot go on while Airbyte is away, and goes on by itself when it is back', async () => {
    await ready('stuck', { deletionPolicy: 'Delete' });
    world.systems.airbyteProxy.fault = () => 'cut';
    await world.remove('TenantIntegration', 'stuck-notion');
    await vi.waitFor(
      async () => {
        const object = await world.get('TenantIntegration', 'stuck-notion');
        const condition = conditionOf(object, 'Ready');
        expect(condition).toMatchObject({ status: 'False', reason: 'AirbyteUnreachable' });
        expect(condition?.message).toContain('tenantry.dev/on-delete=Abandon');
      },
      { timeout: 30_000, interval: 100 },
    );
    world.systems.airbyteProxy.fault = undefined;
    await world.untilGone('TenantIntegration', 'stuck-notion', 40_000);
    expect(await namesIn('/connections', 'stuck')).toEqual([]);
  });

  it('tells which object is in the way when only its removal fails, and holds the finalizer until it is gone', async () => {
    await ready('refused', { deletionPolicy: 'Delete' });
    world.systems.airbyteProxy.fault = ({ method }) => (method === 'DELETE' ? 'before' : 'pass');
    await world.remove('TenantIntegration', 'refused-notion');
    await vi.waitFor(
      async () => {
        const object = await world.get('TenantIntegration', 'refused-notion');
        const condition = conditionOf(object, 'Ready');
        expect(condition?.message).toMatch(/airbyte:connection .*refused-notion is not removed yet: /);
      },
      { timeout: 40_000, interval: 100 },
    );
    expect(hasFinalizer(await world.get('TenantIntegration', 'refused-notion'))).toBe(true);
    world.systems.airbyteProxy.fault = undefined;
    await world.untilGone('TenantIntegration', 'refused-notion', 60_000);
    expect(await namesIn('/connections', 'refused')).toEqual([]);
  });

  it('lets a Tenant go of which nothing was made', async () => {
    world.systems.vaultProxy.fault = () => 'cut';
    await world.tenant('stillborn');
    await world.until('Tenant', 'stillborn', /VaultUnreachable/, 40_000);
    world.systems.vaultProxy.fault = undefined;
    await world.remove('Tenant', 'stillborn');
    await world.untilGone('Tenant', 'stillborn', 40_000);
  });

  it('touches nothing for an object with the annotation on-delete: Abandon', async () => {
    await ready('abandoned', { deletionPolicy: 'Delete' }, { deletionPolicy: 'Delete' });
    world.systems.airbyteProxy.fault = () => 'cut';
    for (const [kind, name] of [
      ['TenantIntegration', 'abandoned-notion'],
      ['Tenant', 'abandoned'],
    ] as const) {
      await world.annotate(kind, name, { 'tenantry.dev/on-delete': 'Abandon' });
      await world.remove(kind, name);
      await world.untilGone(kind, name);
    }
    world.systems.airbyteProxy.fault = undefined;
    expect(await hasSchema('abandoned')).toBe(true);
    expect(await world.vault('GET', 'secret/data/abandoned/notion')).toHaveProperty('data.data');
    expect(await namesIn('/connections', 'abandoned')).toHaveLength(1);
  });

  it('leaves what is there when somebody takes the finalizer of a Tenant off by force', async () => {
    await ready('forced', { deletionPolicy: 'Delete' });
    await operator.stop();
    await world.remove('Tenant', 'forced');
    await world.forceFinalizers('Tenant', 'forced');
    await world.untilGone('Tenant', 'forced');
    operator = world.start();
    await world.until('TenantIntegration', 'forced-notion', /TenantNotFound/);
    expect(await hasSchema('forced')).toBe(true);
    expect(await namesIn('/connections', 'forced')).toHaveLength(1);
    await world.tenant('forced', { deletionPolicy: 'Delete' });
    await world.until('TenantIntegration', 'forced-notion', 'True');
  });

  it('puts a finalizer on again that somebody took off', async () => {
    await ready('finalizer');
    await world.forceFinalizers('TenantIntegration', 'finalizer-notion');
    await vi.waitFor(async () =>
      expect(hasFinalizer(await world.get('TenantIntegration', 'finalizer-notion'))).toBe(true),
    );
  });

  it('works for an account that has exactly the rights of the chart, and needs none to read Secrets', async () => {
    const template = await readFile(
      new URL('../../deploy/helm/tenantry/templates/rbac.yaml', import.meta.url),
      'utf8',
    );
    const text = /define "tenantry.operator.rules" -}}\n([\s\S]*?)\{\{- end/.exec(template)?.[1] ?? '';
    const rules = parse(text) as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    expect(rules.length).toBeGreaterThan(3);
    expect(JSON.stringify(rules)).not.toContain('secrets');
    const account = await world.kube.account({ name: 'op', namespace: 'system', everywhere: true, rules });
    await operator.stop();
    operator = world.start({ kubeconfig: account.kubeconfigFile });
    await ready('chart', { deletionPolicy: 'Delete' });
    await world.remove('TenantIntegration', 'chart-notion');
    await world.remove('Tenant', 'chart');
    await world.untilGone('Tenant', 'chart');
    expect(JSON.stringify(operator.log)).not.toContain('KubernetesForbidden');
  });

  it('destroys nothing beyond the documents’ policies when the CRDs are uninstalled under it', async () => {
    await ready('survivor', { deletionPolicy: 'Retain' }, { deletionPolicy: 'Retain' });
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    for (const plural of ['tenantintegrations', 'tenants'])
      await world.kube.client.delete(`${crds}/${plural}.tenantry.dev`);
    await vi.waitFor(
      async () => expect(await world.kube.client.get(`${crds}/tenants.tenantry.dev`)).toBeUndefined(),
      { timeout: 40_000, interval: 200 },
    );
    expect(await hasSchema('survivor')).toBe(true);
    expect(await hasKey('survivor')).toBe(true);
    expect(await world.vault('GET', 'secret/data/survivor/notion')).toHaveProperty('data.data');
    const folder = new URL('../../crds/', import.meta.url);
    for (const file of await readdir(folder)) {
      const crd = parse(await readFile(new URL(file, folder), 'utf8')) as { metadata: { name: string } };
      await world.kube.client.apply(`${crds}/${crd.metadata.name}`, crd);
    }
    await vi.waitFor(() => world.tenant('survivor'), { timeout: 20_000, interval: 200 });
    await world.until('Tenant', 'survivor', 'True', 60_000);
  }, 150_000);
});
