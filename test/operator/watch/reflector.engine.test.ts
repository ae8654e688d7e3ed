import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { TenantryError } from '../../../src/errors.ts';
import type { ConnectedKube } from '../../../src/operator/kube/connect.ts';
import { connectKube } from '../../../src/operator/kube/connect.ts';
import { pathOf, type TenantObject } from '../../../src/operator/objects.ts';
import type { Informer } from '../../../src/operator/watch/informer.ts';
import { createInformer } from '../../../src/operator/watch/reflector.ts';
import type { Timing } from '../../../src/operator/watch/timing.ts';
import { trim } from '../../../src/operator/watch/trim.ts';
import { type KubeWorld, startKubeWorld } from '../../support/kube-world.ts';
import { startTcpFaults, type TcpFaults } from '../../support/tcp-faults.ts';

/** Longest pause between two tries in these tests. */
const PAUSE_MS = 3_000;
/** Within this time after a fault is over the copy is right again: a pause, and a try on a busy machine. */
const BOUND_MS = 10_000;
const SECOND_MS = 1000;
/** For what happens at once on a machine that is not busy. */
const WAIT = { timeout: 20 * SECOND_MS, interval: 20 } as const;

let world: KubeWorld;
let proxy: TcpFaults;

beforeAll(async () => {
  world = await startKubeWorld();
  proxy = await startTcpFaults({ host: '127.0.0.1', port: Number(new URL(world.api.url).port) });
});
afterAll(async () => {
  await proxy?.close();
  await world?.close();
});

interface Following {
  readonly informer: Informer<TenantObject>;
  readonly relists: readonly string[];
  readonly faults: readonly { readonly error: Error; readonly delayMs: number }[];
  put(name: string, displayName: string): Promise<TenantObject>;
  remove(name: string): Promise<void>;
  /** Calls that the informer made; each watch is one. */
  calls(): number;
  /** Resource version of the object in the copy. */
  versionOf(name: string): string | undefined;
  /** The copy is what the API server has, within the bound. */
  isRight(): Promise<void>;
}

/** An informer on a namespace of its own, through the proxy. */
async function startFollowing(
  namespace: string,
  { kubeconfig, timing }: { readonly kubeconfig?: string; readonly timing?: Partial<Timing> } = {},
): Promise<Following> {
  await world.namespace(namespace);
  let calls = 0;
  const kube = await connectThroughProxy(kubeconfig ?? world.api.kubeconfigFile, () => {
    calls += 1;
  });
  const relists: string[] = [];
  const faults: Following['faults'][number][] = [];
  const stop = new AbortController();
  const path = pathOf('Tenant', namespace);
  const informer = createInformer<TenantObject>({
    kube,
    path,
    kind: 'Tenant',
    signal: stop.signal,
    now: () => performance.now(),
    random: Math.random,
    hooks: { onRelist: ({ reason }) => relists.push(reason), onFault: (facts) => faults.push(facts) },
    keep: trim,
    timing: { mostDelayMs: PAUSE_MS, ...timing },
  });
  onTestFinished(async () => {
    stop.abort();
    await kube.close();
  });
  await informer.synced();
  const copy = (): string[] => statesOf([...informer.objects.values()]);
  return {
    informer,
    relists,
    faults,
    put: (name, displayName) => putTenant(namespace, name, displayName),
    remove: (name) => world.client.delete(`${path}/${name}`),
    calls: () => calls,
    versionOf: (name) => informer.objects.get(`${namespace}/${name}`)?.metadata.resourceVersion,
    async isRight() {
      const { items } = await world.client.list<TenantObject>(path, {});
      await expect.poll(copy, { timeout: BOUND_MS, interval: 20 }).toEqual(statesOf(items));
    },
  };
}

/** A later state of an object has another resource version. */
function statesOf(objects: readonly TenantObject[]): string[] {
  return objects.map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();
}

function putTenant(namespace: string, name: string, displayName: string): Promise<TenantObject> {
  return world.client.apply<TenantObject>(pathOf('Tenant', namespace, name), {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: { name, namespace },
    spec: { displayName },
  });
}

async function connectThroughProxy(kubeconfig: string, onCall: () => void): Promise<ConnectedKube> {
  const text = (await readFile(kubeconfig, 'utf8')).replace(world.api.url, `https://127.0.0.1:${proxy.port}`);
  const file = join(dirname(world.api.kubeconfigFile), `proxied-${crypto.randomUUID()}.json`);
  await writeFile(file, text, { mode: 0o600 });
  return await connectKube({ kubeconfig: file, env: process.env, onCall });
}

const codes = ({ faults }: Following): string[] => faults.map(({ error }) => (error as TenantryError).code);

test('the copy follows what is made, changed and deleted, and holds no managed fields', async () => {
  await world.namespace('follows');
  for (const name of ['a', 'b', 'c', 'd', 'e']) await putTenant('follows', name, 'first');
  const following = await startFollowing('follows', { timing: { pageSize: 2 } });
  const { informer, put, remove } = following;
  expect(informer.objects.size).toBe(5);
  await put('a', 'second');
  await put('f', 'first');
  await remove('b');
  await following.isRight();
  expect([...informer.objects.values()].filter(({ metadata }) => 'managedFields' in metadata)).toEqual([]);
  expect(informer.objects.get('follows/a')).toMatchObject({
    kind: 'Tenant',
    spec: { displayName: 'second' },
  });
  expect([following.relists, following.faults]).toEqual([['start'], []]);
});

test('relist brings what was written before the call, and our own write is seen at once', async () => {
  const { informer, put, remove, isRight } = await startFollowing('asks');
  for (let round = 0; round < 10; round += 1) {
    const written = await put('a', `round ${round}`);
    await informer.relist();
    expect(informer.objects.get('asks/a')?.metadata.resourceVersion).toBe(written.metadata.resourceVersion);
    const later = await put('a', `round ${round} again`);
    informer.wrote(later);
    expect(informer.objects.get('asks/a')?.spec['displayName']).toBe(`round ${round} again`);
  }
  await remove('a');
  await isRight();
});

test('a watch that the server ends in time goes on without a list', async () => {
  const following = await startFollowing('ends', { timing: { watchSeconds: [1, 1] } });
  // A list and four watches, with changes in each.
  for (let change = 0; following.calls() < 5; change += 1) {
    const { metadata } = await following.put('a', `change ${change}`);
    await expect.poll(() => following.versionOf('a'), WAIT).toBe(metadata.resourceVersion);
  }
  await following.isRight();
  expect([following.relists, following.faults]).toEqual([['start'], []]);
});

test('a cut watch goes on where it was, without a list', async () => {
  const following = await startFollowing('cuts');
  await following.put('a', 'first');
  await following.put('b', 'first');
  await following.isRight();
  await proxy.set('refuse');
  await following.put('a', 'second');
  await following.remove('b');
  await following.put('c', 'first');
  await expect.poll(() => following.faults.length, WAIT).toBeGreaterThan(1);
  await proxy.set('pass');
  await following.isRight();
  expect(new Set(codes(following))).toEqual(new Set(['KubernetesUnreachable']));
  expect(following.relists).toEqual(['start']);
});

test('a connection that died without a word is given up', async () => {
  const timing = { watchSeconds: [2, 2], marginMs: SECOND_MS } as const;
  const following = await startFollowing('hangs', { timing });
  await proxy.set('hang');
  await following.put('a', 'first');
  await expect.poll(() => codes(following)[0], WAIT).toBe('KubernetesUnreachable');
  expect(following.informer.silentSeconds()).toBeGreaterThan(2);
  await proxy.set('pass');
  await following.isRight();
  expect(following.relists).toEqual(['start', 'fault']);
});

test('an API server that stands still is waited for', async () => {
  const timing = { watchSeconds: [2, 2], marginMs: SECOND_MS, pageMs: 2 * SECOND_MS } as const;
  const following = await startFollowing('stands', { timing });
  await following.put('a', 'first');
  onTestFinished(() => world.api.resumeServer());
  await world.api.pauseServer();
  await expect.poll(() => following.faults.length, WAIT).toBeGreaterThan(0);
  world.api.resumeServer();
  await following.put('a', 'second');
  await following.isRight();
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'the API server started again after %s is followed again',
  async (signal) => {
    const following = await startFollowing(`restarts-${signal.toLowerCase()}`);
    await following.put('a', 'first');
    await following.isRight();
    await world.api.stopServer(signal);
    await expect.poll(() => following.faults.length, WAIT).toBeGreaterThan(0);
    await world.api.startServer();
    await following.put('a', 'second');
    await following.put('b', 'first');
    await following.isRight();
  },
);

test('when the server does not remember our version (410) everything is listed again', async () => {
  const following = await startFollowing('gone');
  await following.put('a', 'first');
  await following.put('b', 'first');
  await following.isRight();
  await proxy.set('refuse');
  await following.put('a', 'second');
  await following.remove('b');
  // What is watched begins anew with the server: it remembers nothing from before.
  await world.api.stopServer('SIGKILL');
  await world.api.startServer();
  await following.put('c', 'first');
  await proxy.set('pass');
  await following.isRight();
  expect(following.relists).toEqual(['start', 'gone']);
  expect(codes(following)).toContain('KubernetesGone');
});

test('etcd standing still loses nothing', async () => {
  const following = await startFollowing('etcd');
  await following.put('a', 'first');
  await following.isRight();
  onTestFinished(() => world.api.resumeEtcd());
  await world.api.pauseEtcd();
  const written = following.put('a', 'second');
  const asked = following.informer.relist();
  await expect.poll(async () => (await world.api.call('GET', '/readyz/etcd')).status, WAIT).toBe(500);
  expect(following.informer.objects.get('etcd/a')?.spec['displayName']).toBe('first');
  world.api.resumeEtcd();
  await Promise.all([written, asked]);
  await following.isRight();
});

test('429 is waited out as the API server asks', async () => {
  const account = await world.account({
    name: 'busy',
    namespace: 'busy',
    rules: [{ apiGroups: ['tenantry.dev'], resources: ['tenants'], verbs: ['get', 'list', 'watch'] }],
  });
  const following = await startFollowing('busy', { kubeconfig: account.kubeconfigFile });
  await proxy.set('refuse');
  await following.put('a', 'first');
  await allowOneRequest('busy');
  // It reads from etcd, and so it keeps the only seat.
  onTestFinished(() => world.api.resumeEtcd());
  await world.api.pauseEtcd();
  const other = world.api.call('GET', pathOf('Tenant', 'busy', 'a'), { token: account.token });
  await expect
    .poll(async () => {
      const path = `${pathOf('Tenant', 'busy')}?resourceVersion=0`;
      return (await world.api.call('GET', path, { token: account.token })).status;
    }, WAIT)
    .toBe(429);
  await proxy.set('pass');
  await expect.poll(() => codes(following), { timeout: BOUND_MS }).toContain('KubernetesUnavailable');
  world.api.resumeEtcd();
  expect((await other).status).toBe(200);
  await following.isRight();
  const refused = following.faults.filter(({ error }) => error.name === 'KubernetesUnavailable');
  for (const { error, delayMs } of refused) {
    expect((error as TenantryError).retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(delayMs).toBeGreaterThanOrEqual(SECOND_MS);
  }
  expect(following.relists).toEqual(['start']);
});

/** API Priority and Fairness: while one request of the account is under way, others are refused with 429. */
async function allowOneRequest(account: string): Promise<void> {
  const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
  const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
  await world.client.apply(`${group}/prioritylevelconfigurations/one`, {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'one' },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } },
    },
  });
  const subject = { kind: 'ServiceAccount', serviceAccount: { name: account, namespace: account } };
  const resources = { apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };
  const schema = `${group}/flowschemas/${account}`;
  await world.client.apply(schema, {
    apiVersion,
    kind: 'FlowSchema',
    metadata: { name: account },
    spec: {
      priorityLevelConfiguration: { name: 'one' },
      matchingPrecedence: 2,
      rules: [{ subjects: [subject], resourceRules: [{ verbs: ['*'], ...resources }] }],
    },
  });
  // The server says so when it goes by it.
  await expect
    .poll(async () => (await world.client.get(schema)) as unknown, WAIT)
    .toMatchObject({ status: { conditions: [{ type: 'Dangling', status: 'False' }] } });
}

test('a token that expires during a watch is replaced by the one in its file', async () => {
  const namespace = 'expires';
  const account = await world.account({
    name: 'expires',
    namespace,
    rules: [{ apiGroups: ['tenantry.dev'], resources: ['tenants'], verbs: ['list', 'watch'] }],
    lifetimeSeconds: -50,
  });
  const following = await startFollowing(namespace, { kubeconfig: account.kubeconfigOfTokenFile });
  const path = pathOf('Tenant', namespace);
  await expect
    .poll(async () => (await world.api.call('GET', path, { token: account.token })).status, {
      timeout: 30 * SECOND_MS,
      interval: 500,
    })
    .toBe(401);
  // The watch that began with the token goes on.
  await following.put('a', 'first');
  await following.isRight();
  expect(following.faults).toEqual([]);
  await proxy.set('refuse');
  await following.put('a', 'second');
  await proxy.set('pass');
  await expect.poll(() => codes(following), { timeout: BOUND_MS }).toContain('KubernetesUnauthorized');
  await writeFile(account.tokenFile, await account.newToken());
  await following.isRight();
  expect(following.relists).toEqual(['start']);
});
