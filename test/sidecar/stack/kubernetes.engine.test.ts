/** The documents of a real API server, as the sidecar follows them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { type AnyObject, pathOf } from '../../../src/operator/objects.ts';
import { Redactor } from '../../../src/redact.ts';
import { createMetrics } from '../../../src/sidecar/metrics.ts';
import { copyObjects } from '../../../src/sidecar/stack/copies.ts';
import { type KubernetesDocuments, openKubernetesStack } from '../../../src/sidecar/stack/kubernetes.ts';
import type { OpenStack } from '../../../src/sidecar/stack/stack.ts';
import type { StackView } from '../../../src/sidecar/stack/view.ts';
import { type KubeWorld, startKubeWorld } from '../../support/kube-world.ts';
import { type Objects, objectsIn } from '../../support/operator-world.ts';
import { startTcpFaults, type TcpFaults } from '../../support/tcp-faults.ts';
import { platformYaml } from '../../support/world.ts';

let kube: KubeWorld;
let faults: TcpFaults;
let throughFaults: string;
let dir: string;
let spaces = 0;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  kube = await startKubeWorld();
  faults = await startTcpFaults({ host: '127.0.0.1', port: Number(new URL(kube.api.url).port) });
  throughFaults = join(dirname(kube.api.kubeconfigFile), 'through-faults.json');
  const text = await readFile(kube.api.kubeconfigFile, 'utf8');
  await writeFile(throughFaults, text.replaceAll(kube.api.url, `https://127.0.0.1:${faults.port}`));
  dir = await mkdtemp(join(tmpdir(), 'tenantry-kubernetes-'));
  await writeFile(join(dir, 'platform.yaml'), platformYaml('prod'));
});
afterEach(async () => {
  await faults.set('pass');
  for (const end of ends.splice(0)) await end();
});
afterAll(async () => {
  await faults?.close();
  await kube?.close();
  await rm(dir, { recursive: true, force: true });
});

interface Opened {
  readonly stack: OpenStack;
  readonly lines: readonly string[];
  readonly views: readonly StackView[];
  metrics(): Promise<string>;
  /** Aborts `complete` and what follows. */
  readonly signal: AbortSignal;
}

async function open(more: Partial<KubernetesDocuments & { readonly dir: string }> = {}): Promise<Opened> {
  const lines: string[] = [];
  const redactor = new Redactor();
  const log = createLog({ env: { LOG_LEVEL: 'info' }, redactor, write: (line) => lines.push(line) });
  const metrics = createMetrics();
  const source = { dir, env: {}, redactor, log, metrics, kubeconfig: kube.api.kubeconfigFile, ...more };
  const stack = await openKubernetesStack(source);
  const end = new AbortController();
  const views: StackView[] = [];
  stack.follow(log, end.signal, (view) => views.push(view));
  ends.push(async () => {
    end.abort();
    await stack.close();
  });
  return { stack, lines, views, signal: end.signal, metrics: () => metrics.registry.metrics() };
}

/** A namespace of its own, so that no test sees the objects of another one. */
async function space(): Promise<{ readonly namespace: string; readonly objects: Objects }> {
  spaces += 1;
  const namespace = await kube.namespace(`space-${spaces}`);
  const objects = objectsIn(kube, namespace);
  const tenant: Objects['tenant'] = async (name, ...more) => {
    await objects.tenant(name, ...more);
    return await own(namespace, name);
  };
  return { namespace, objects: { ...objects, tenant } };
}

/** Writes into the status of a Tenant what the operator does when it has found the claim to be its own, or not. */
async function own(namespace: string, name: string, owned = true): Promise<AnyObject> {
  const path = `${pathOf('Tenant', namespace, name)}/status`;
  return await kube.client.mergePatch(path, { status: { owned } });
}

const names = (view: StackView): string[] => view.documents.tenants.map(({ metadata }) => metadata.name);

describe('the documents of a cluster', () => {
  it('are there when both lists are in, and change as the objects do', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('acme');
    await objects.integration('acme', 'notion');
    const { stack, lines } = await open({ namespace });
    await stack.complete();
    expect(stack.missing()).toBeUndefined();
    expect(names(stack.current())).toEqual(['acme']);
    expect(stack.current().integration('acme', 'notion')?.metadata.name).toBe('acme-notion');
    await objects.integration('acme', 'linear', { scopes: ['read'] });
    await vi.waitFor(() =>
      expect(stack.current().integration('acme', 'linear')?.spec.scopes).toEqual(['read']),
    );
    await objects.remove('TenantIntegration', 'acme-notion');
    await vi.waitFor(() => expect(stack.current().integration('acme', 'notion')).toBeUndefined());
    expect(lines.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([]);
  });

  it('are gone as soon as they are being deleted, although a finalizer holds them', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('beta', {}, { finalizers: ['tenantry.dev/finalizer'] });
    await objects.integration('beta', 'notion', {}, { finalizers: ['tenantry.dev/finalizer'] });
    const { stack } = await open({ namespace });
    await stack.complete();
    await objects.remove('TenantIntegration', 'beta-notion');
    await vi.waitFor(() => expect(stack.current().integrationsOf('beta')).toEqual([]));
    await objects.remove('Tenant', 'beta');
    await vi.waitFor(() => expect(names(stack.current())).toEqual([]));
    expect(await objects.get('Tenant', 'beta')).toBeDefined();
    await objects.forceFinalizers('TenantIntegration', 'beta-notion');
    await objects.forceFinalizers('Tenant', 'beta');
  });

  it('are left out with a line in the log where they are not valid, and the others are served', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('gamma');
    await objects.integration('gamma', 'notion');
    await objects.integration('gamma', 'unknown-service');
    await objects.integration('nobody', 'notion');
    const { stack, lines } = await open({ namespace });
    await stack.complete();
    const left = (): string[] => lines.filter((line) => line.includes('"msg":"left out"'));
    expect(
      stack
        .current()
        .integrationsOf('gamma')
        .map(({ spec }) => spec.integration),
    ).toEqual(['notion']);
    expect(left()).toHaveLength(2);
    expect(left().join()).toContain('unknown-service');
    expect(left().join()).toContain('there is no Tenant \\"nobody\\"');
    await objects.tenant('nobody');
    await vi.waitFor(() => expect(stack.current().integration('nobody', 'notion')).toBeDefined());
    expect(left()).toHaveLength(2);
    expect(lines.join('')).toContain('no longer left out');
  });

  it('are left out while the operator has not claimed the tenant, and when it is another’s', async () => {
    const { namespace, objects } = await space();
    await objectsIn(kube, namespace).tenant('lambda');
    await objects.integration('lambda', 'notion');
    await objects.tenant('mu');
    const { stack, lines } = await open({ namespace });
    await stack.complete();
    expect(names(stack.current())).toEqual(['mu']);
    expect(stack.current().integrationsOf('lambda')).toEqual([]);
    // Every new Tenant is so for a moment: nobody needs a line about it.
    expect(lines.filter((line) => line.includes('left out'))).toEqual([]);
    await own(namespace, 'lambda');
    await vi.waitFor(() => expect(names(stack.current())).toEqual(['lambda', 'mu']), 10_000);
    expect(stack.current().integrationsOf('lambda')).toHaveLength(1);
    await own(namespace, 'lambda', false);
    await vi.waitFor(() => expect(names(stack.current())).toEqual(['mu']), 10_000);
    expect(lines.join('')).toContain('the tenant lambda is not claimed for this Tenant');
  });

  it('are not read again for a status, which the operator writes', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('delta');
    const end = new AbortController();
    const clock = (): number => performance.now();
    const copies = copyObjects({ kube: kube.client, namespace, hooks: {}, signal: end.signal, clock });
    ends.push(async () => end.abort());
    await copies.synced();
    const changed = vi.fn();
    copies.onChange(changed);
    changed.mockClear();
    const path = `${pathOf('Tenant', namespace, 'delta')}/status`;
    const same = {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'Tenant',
      metadata: { namespace, name: 'delta' },
    };
    const write = (status: object) => kube.client.apply(path, { ...same, status }, { fieldManager: 'test' });
    await write({ claim: 'operator:x' });
    await objects.tenant('delta', { displayName: 'Delta' });
    await vi.waitFor(() => expect(copies.objects().tenants[0]?.spec['displayName']).toBe('Delta'));
    expect(changed).toHaveBeenCalledTimes(1);
    // Who was given a schema keeps it: that one counts.
    await write({ claim: 'operator:x', schema: 'tenant_delta' });
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2));
    const kept = copies.objects().tenants[0];
    expect(kept?.status).toEqual({ owned: true, schema: 'tenant_delta' });
    expect(Object.keys(kept?.metadata ?? {})).not.toContain('managedFields');
  });

  it('follow the Platform document too, and stay as they were when it is wrong', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('epsilon');
    const own = await mkdtemp(join(dir, 'own-'));
    const file = join(own, 'platform.yaml');
    await writeFile(file, platformYaml('one'));
    const { stack, lines } = await open({ namespace, dir: own });
    await stack.complete();
    await writeFile(file, platformYaml('two'));
    await vi.waitFor(() => expect(stack.current().platform.metadata.name).toBe('two'), 5_000);
    expect(stack.platform().metadata.name).toBe('two');
    expect(names(stack.current())).toEqual(['epsilon']);
    await writeFile(file, 'kind: Platform\nspec: [');
    await vi.waitFor(
      () => expect(lines.join('')).toContain('the changed Platform document is not used'),
      5_000,
    );
    expect(stack.current().platform.metadata.name).toBe('two');
  });
});

describe('an API server that is away', () => {
  it('at the start has every question refused with what may be tried again, until the lists are in', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('zeta');
    await faults.set('refuse');
    const { stack, lines } = await open({ namespace, kubeconfig: throughFaults });
    await vi.waitFor(() => expect(stack.missing()).toEqual({ code: 'KubernetesUnreachable' }), 10_000);
    expect(() => stack.current()).toThrow(
      expect.objectContaining({ code: 'KubernetesUnreachable', status: 503 }),
    );
    expect(lines.join('')).toContain('the documents cannot be followed');
    await expect(stack.complete(AbortSignal.abort())).rejects.toMatchObject({ code: 'Cancelled' });
    await faults.set('pass');
    await stack.complete();
    expect(names(stack.current())).toEqual(['zeta']);
  });

  it('later leaves the last copy as it was, which is followed again by itself', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('eta');
    const { stack, lines, metrics } = await open({ namespace, kubeconfig: throughFaults });
    await stack.complete();
    await faults.set('refuse');
    await vi.waitFor(() => expect(lines.join('')).toContain('the documents cannot be followed'), 10_000);
    await objects.tenant('theta');
    expect(names(stack.current())).toEqual(['eta']);
    expect(stack.missing()).toBeUndefined();
    expect(await metrics()).toMatch(/tenantry_watch_faults_total\{kind="Tenant"\} [1-9]/);
    expect(await metrics()).toMatch(/tenantry_watch_silent_seconds\{kind="Tenant"\} \d/);
    await faults.set('pass');
    await vi.waitFor(() => expect(names(stack.current())).toEqual(['eta', 'theta']), 20_000);
  });

  it('that refuses the service account is told by its code, and the rights may come later', async () => {
    const { namespace, objects } = await space();
    await objects.tenant('iota');
    const account = { name: 'reader', namespace };
    const { kubeconfigFile: kubeconfig } = await kube.account({ ...account, rules: [] });
    const { stack } = await open({ namespace, kubeconfig });
    await vi.waitFor(() => expect(stack.missing()).toEqual({ code: 'KubernetesForbidden' }), 10_000);
    const resources = ['tenants', 'tenantintegrations'];
    const rules = [{ apiGroups: ['tenantry.dev'], resources, verbs: ['get', 'list', 'watch'] }];
    await kube.account({ ...account, rules });
    await stack.complete();
    expect(names(stack.current())).toEqual(['iota']);
  });
});
