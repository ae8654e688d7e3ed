/** The client on a real API server: what it reads, writes, watches and is refused. */
import { copyFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/operator/kube/client.ts';
import { type ConnectedKube, connectKube } from '../../../src/operator/kube/connect.ts';
import { type KubeObject, pathOf, type TenantObject } from '../../../src/operator/objects.ts';
import { ENDED, type KubeWorld, startKubeWorld } from '../../support/kube-world.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

let world: KubeWorld;
let client: ConnectedKube;

beforeAll(async () => {
  world = await startKubeWorld();
  client = world.client;
});
afterAll(() => world?.close());

const maps = (namespace: string, name?: string): string =>
  `/api/v1/namespaces/${namespace}/configmaps${name === undefined ? '' : `/${name}`}`;

function configMap(name: string, data: Record<string, string> = {}, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

const tenant = (name: string, spec: object = {}): object => ({
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name },
  spec,
});

const condition = (status: 'True' | 'False'): object => ({
  type: 'Ready',
  status,
  reason: 'Reconciled',
  message: 'as wanted',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const ABSENT_UID = '8f2b1a8e-0000-4000-8000-000000000000';

describe('reading', () => {
  it('gives undefined for an object that is not there', async () => {
    expect(await client.get(maps('default', 'absent'))).toBeUndefined();
  });

  it('lists in pages that together hold each object once', async () => {
    const namespace = await world.namespace('pages');
    const names = Array.from({ length: 1_020 }, (_, index) => `map-${String(index).padStart(4, '0')}`);
    await Promise.all(names.map((name) => client.create(maps(namespace), configMap(name))));
    const seen: string[] = [];
    const sizes: number[] = [];
    let next: string | undefined;
    do {
      const page = await client.list<ConfigMap>(maps(namespace), { limit: 500, continue: next });
      seen.push(...page.items.map(({ metadata }) => metadata.name));
      sizes.push(page.items.length);
      expect(page.resourceVersion).toMatch(/^\d+$/);
      next = page.continue;
    } while (next !== undefined);
    expect(sizes).toEqual([500, 500, 20]);
    expect(seen).toEqual(names);
  });

  it('lists nothing where there is nothing', async () => {
    const page = await client.list(pathOf('TenantIntegration'), {});
    expect(page).toEqual({ items: [], resourceVersion: expect.stringMatching(/^\d+$/) });
  });

  it('says NotFound for a kind that the server does not serve', async () => {
    await expect(client.list('/apis/tenantry.dev/v1alpha1/strangers', {})).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('GET /apis/tenantry.dev/v1alpha1/strangers: 404'),
    });
  });

  it('refuses a continue token that is none as the server does', async () => {
    await expect(client.list(maps('default'), { limit: 1, continue: 'nonsense' })).rejects.toMatchObject({
      code: 'KubernetesRejected',
    });
  });
});

describe('writing', () => {
  it('takes fields over from another field manager, and keeps the other’s own', async () => {
    const namespace = await world.namespace('owners');
    const path = maps(namespace, 'shared');
    await client.apply(path, configMap('shared', { a: 'theirs', b: 'theirs' }), { fieldManager: 'someone' });
    const after = await client.apply<ConfigMap>(path, configMap('shared', { a: 'ours' }));
    expect(after.data).toEqual({ a: 'ours', b: 'theirs' });
    // What we do not name any more goes, what the other owns stays.
    const last = await client.apply<ConfigMap>(path, configMap('shared', {}));
    expect(last.data).toEqual({ b: 'theirs' });
  });

  it('names its field manager', async () => {
    const namespace = await world.namespace('owners');
    const made = await client.apply<ConfigMap>(maps(namespace, 'named'), configMap('named', { a: '1' }));
    const { managedFields } = made.metadata as unknown as {
      managedFields: { manager: string; operation: string }[];
    };
    expect(managedFields).toMatchObject([{ manager: 'tenantry-operator', operation: 'Apply' }]);
  });

  it('applies a status without touching the spec, and not where nothing would change', async () => {
    const namespace = await world.namespace('status');
    const made = await client.create<TenantObject>(
      pathOf('Tenant', namespace),
      tenant('acme', { displayName: 'Acme' }),
    );
    const body = {
      ...tenant('acme', { displayName: 'Other' }),
      metadata: { name: 'acme', uid: made.metadata.uid },
      status: { observedGeneration: 1, conditions: [condition('True')] },
    };
    const path = `${pathOf('Tenant', namespace, 'acme')}/status`;
    const once = await client.apply<TenantObject>(path, body);
    expect(once.spec).toMatchObject({ displayName: 'Acme' });
    expect(once.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
    expect(once.metadata.generation).toBe(1);
    const again = await client.apply<TenantObject>(path, body);
    expect(again.metadata.resourceVersion).toBe(once.metadata.resourceVersion);
  });

  it.each(['', '/status'])('makes no object anew that is gone (apply%s with its uid)', async (sub) => {
    const namespace = await world.namespace('gone');
    const path = pathOf('Tenant', namespace, 'vanished');
    const body = {
      ...tenant('vanished'),
      metadata: { name: 'vanished', uid: ABSENT_UID },
      ...(sub !== '' && { status: { observedGeneration: 1 } }),
    };
    await expect(client.apply(`${path}${sub}`, body)).rejects.toMatchObject({ code: 'NotFound' });
    expect(await client.get(path)).toBeUndefined();
  });

  it('leaves a later object of the same name alone', async () => {
    const namespace = await world.namespace('gone');
    const name = 'again';
    const path = pathOf('Tenant', namespace, name);
    const first = await client.create<TenantObject>(pathOf('Tenant', namespace), tenant(name));
    await client.delete(path);
    const second = await client.create<TenantObject>(pathOf('Tenant', namespace), tenant(name));
    const body = { ...tenant(name, { displayName: 'Old' }), metadata: { name, uid: first.metadata.uid } };
    await expect(client.apply(path, body)).rejects.toMatchObject({ code: 'NotFound' });
    expect(await client.get(path)).toEqual(second);
    // Here the API server does not look at the uid, so that only the answer tells.
    await expect(
      client.apply(`${path}/status`, { ...body, status: { observedGeneration: 7 } }),
    ).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('says Conflict when an object is made twice', async () => {
    const namespace = await world.namespace('conflict');
    await client.create(maps(namespace), configMap('one'));
    await expect(client.create(maps(namespace), configMap('one'))).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('already exists'),
    });
  });

  it('replaces only what is as it was seen', async () => {
    const namespace = await world.namespace('conflict');
    const seen = await client.create<ConfigMap>(maps(namespace), configMap('guarded', { a: '1' }));
    const path = maps(namespace, 'guarded');
    await client.mergePatch(path, { data: { b: '2' } });
    const stale = { ...seen, data: { a: '3' } };
    await expect(client.replace(path, stale)).rejects.toMatchObject({ code: 'Conflict', retryable: true });
    const now = await client.get<ConfigMap>(path);
    const replaced = await client.replace<ConfigMap>(path, { ...now, data: { a: '3' } });
    expect(replaced.data).toEqual({ a: '3' });
  });

  it('merges a patch, where null takes a field away', async () => {
    const namespace = await world.namespace('patch');
    await client.create(maps(namespace), configMap('patched', { a: '1', b: '2' }));
    const after = await client.mergePatch<ConfigMap>(maps(namespace, 'patched'), {
      data: { a: null, c: '3' },
    });
    expect(after.data).toEqual({ b: '2', c: '3' });
  });

  it('says NotFound for a patch or a replacement of what is not there', async () => {
    const path = maps('default', 'absent');
    await expect(client.mergePatch(path, { data: {} })).rejects.toMatchObject({ code: 'NotFound' });
    const body = configMap('absent', {}, { resourceVersion: '1' });
    await expect(client.replace(path, body)).rejects.toMatchObject({
      code: expect.stringMatching(/NotFound|Conflict/),
    });
  });

  it('deletes what is not there without a word', async () => {
    await client.delete(maps('default', 'absent'));
  });

  it('deletes only the object that is meant', async () => {
    const namespace = await world.namespace('deletion');
    const made = await client.create<ConfigMap>(maps(namespace), configMap('kept'));
    const path = maps(namespace, 'kept');
    await client.delete(path, { uid: ABSENT_UID });
    expect(await client.get(path)).toBeDefined();
    await client.delete(path, { uid: made.metadata.uid });
    expect(await client.get(path)).toBeUndefined();
  });

  it('hands on the words of the server when it refuses a document', async () => {
    const namespace = await world.namespace('refused');
    const body = tenant('Not_A_Name');
    await expect(client.create(pathOf('Tenant', namespace), body)).rejects.toMatchObject({
      code: 'KubernetesRejected',
      retryable: false,
      message: expect.stringMatching(
        /^POST \/apis\/tenantry\.dev\/.*: Tenant\.tenantry\.dev "Not_A_Name" is invalid/,
      ),
    });
  });
});

describe('rights', () => {
  it('says what a limited account may not do, and lets it do the rest', async () => {
    const account = await world.account({
      name: 'reader',
      namespace: 'limited',
      rules: [{ apiGroups: ['tenantry.dev'], resources: ['tenants'], verbs: ['list'] }],
    });
    const limited = await account.connect();
    try {
      expect(limited.namespace).toBe('limited');
      expect((await limited.list(pathOf('Tenant', 'limited'), {})).items).toEqual([]);
      const refused = limited.list('/api/v1/namespaces/limited/secrets', {});
      await expect(refused).rejects.toMatchObject({ code: 'KubernetesForbidden' });
      await expect(refused).rejects.toThrow(/system:serviceaccount:limited:reader.*cannot list.*secrets/);
      await expect(refused).rejects.not.toThrow(account.token);
      await expect(limited.list(pathOf('Tenant'), {})).rejects.toMatchObject({ code: 'KubernetesForbidden' });
    } finally {
      await limited.close();
    }
  });

  it('says KubernetesUnauthorized when the token has ended and there is no other', async () => {
    const account = await world.account({
      name: 'ended',
      namespace: 'limited',
      rules: [],
      lifetimeSeconds: ENDED,
    });
    const ended = await account.connect();
    try {
      const call = ended.list(pathOf('Tenant', 'limited'), {});
      await expect(call).rejects.toMatchObject({ code: 'KubernetesUnauthorized', retryable: true });
      await expect(call).rejects.not.toThrow(account.token);
    } finally {
      await ended.close();
    }
  });

  it('reads the token file anew at a 401 and repeats the call, be it one that writes', async () => {
    const account = await world.account({
      name: 'rotating',
      namespace: 'limited',
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'watch', 'list'] }],
      lifetimeSeconds: ENDED,
    });
    const codes: string[] = [];
    const rotating = await connectKube({
      kubeconfig: account.kubeconfigOfTokenFile,
      env: process.env,
      onCall: ({ code }) => codes.push(code),
    });
    try {
      await writeFile(account.tokenFile, `${await account.newToken()}\n`);
      await rotating.create(maps('limited'), configMap('written-once'));
      expect(codes).toEqual(['401', '201']);
      await writeFile(account.tokenFile, await account.newToken(ENDED));
      await writeFile(account.tokenFile, await account.newToken());
      await rotating.list(maps('limited'), {});
      expect(codes).toEqual(['401', '201', '200']);
    } finally {
      await rotating.close();
    }
  });

  it('begins a watch with a token read anew', async () => {
    const account = await world.account({
      name: 'watching',
      namespace: 'limited',
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['watch'] }],
      lifetimeSeconds: ENDED,
    });
    const watching = await connectKube({ kubeconfig: account.kubeconfigOfTokenFile, env: process.env });
    try {
      await writeFile(account.tokenFile, await account.newToken());
      const events = watching.watch(
        maps('limited'),
        { timeoutSeconds: 1 },
        { signal: AbortSignal.timeout(20_000) },
      );
      for await (const { type } of events) expect(type).toBe('ADDED');
    } finally {
      await watching.close();
    }
  });

  it('reads the whole kubeconfig anew when the token in it was replaced', async () => {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    const old = await world.account({ name: 'before', namespace: 'limited', rules, lifetimeSeconds: ENDED });
    const anew = await world.account({ name: 'after', namespace: 'limited', rules });
    const client = await old.connect();
    try {
      await copyFile(anew.kubeconfigFile, old.kubeconfigFile);
      const lists = await Promise.all([1, 2, 3].map(() => client.list(maps('limited'), { limit: 1 })));
      expect(lists).toHaveLength(3);
    } finally {
      await client.close();
    }
  });
});

describe('watching', () => {
  it('tells changes in their order, and goes on from where it was', async () => {
    const namespace = await world.namespace('watched');
    const { resourceVersion } = await client.list(maps(namespace), {});
    const name = 'grüße';
    await client.create(maps(namespace), configMap('first', { [`k`]: `${name} 🎉` }));
    await client.mergePatch(maps(namespace, 'first'), { data: { k: '2' } });
    await client.delete(maps(namespace, 'first'));
    const seen = await eventsOf(namespace, resourceVersion, 3);
    expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(seen[0]?.object.data).toEqual({ k: `${name} 🎉` });
    const rest = await eventsOf(namespace, seen[0]?.object.metadata.resourceVersion ?? '', 2);
    expect(rest.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
  });

  it('sends a bookmark before it ends, and ends without an error', async () => {
    const namespace = await world.namespace('bookmarks');
    const elsewhere = await world.namespace('elsewhere');
    const { resourceVersion } = await client.list(maps(namespace), {});
    await client.create(maps(namespace), configMap('noted'));
    const types: string[] = [];
    const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 4 };
    for await (const { type, object } of client.watch<ConfigMap>(maps(namespace), query, {
      signal: AbortSignal.timeout(30_000),
    })) {
      types.push(type);
      // Elsewhere something happens, so that there is a later version to tell of.
      if (type === 'ADDED') await client.create(maps(elsewhere), configMap('unseen'));
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(Number(resourceVersion));
    }
    expect(types[0]).toBe('ADDED');
    expect(types.slice(1)).toContain('BOOKMARK');
  });

  it('streams the first list with its end marked (sendInitialEvents)', async () => {
    const namespace = await world.namespace('initial');
    await client.create(maps(namespace), configMap('there'));
    const query = {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      timeoutSeconds: 20,
    };
    const seen: string[] = [];
    for await (const { type } of client.watch<ConfigMap>(maps(namespace), query, {
      signal: AbortSignal.timeout(30_000),
    })) {
      seen.push(type);
      if (type === 'BOOKMARK') break;
    }
    expect(seen).toEqual(['ADDED', 'BOOKMARK']);
  });

  it('stops at once when it is told to', async () => {
    const stop = new AbortController();
    const watch = client.watch(maps('default'), {}, { signal: stop.signal });
    const next = watch[Symbol.asyncIterator]().next();
    await delay(50);
    stop.abort();
    await expect(next).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('says KubernetesForbidden before the first event', async () => {
    const account = await world.account({ name: 'blind', namespace: 'limited', rules: [] });
    const blind = await account.connect();
    try {
      const watch = blind.watch(maps('limited'), {}, { signal: AbortSignal.timeout(20_000) });
      await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        code: 'KubernetesForbidden',
      });
    } finally {
      await blind.close();
    }
  });
});

async function eventsOf(
  namespace: string,
  resourceVersion: string,
  count: number,
): Promise<WatchEvent<ConfigMap>[]> {
  const seen: WatchEvent<ConfigMap>[] = [];
  for await (const event of client.watch<ConfigMap>(
    maps(namespace),
    { resourceVersion, timeoutSeconds: 20 },
    { signal: AbortSignal.timeout(30_000) },
  )) {
    seen.push(event);
    if (seen.length === count) break;
  }
  return seen;
}
