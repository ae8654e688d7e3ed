import { describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { addFinalizer, removeFinalizer } from '../../../src/operator/controller/finalizers.ts';
import type { KubeClient } from '../../../src/operator/kube/client.ts';
import { FINALIZER, type TenantObject } from '../../../src/operator/objects.ts';
import type { Informer } from '../../../src/operator/watch/informer.ts';

const signal = new AbortController().signal;

function tenant(metadata: Partial<TenantObject['metadata']> = {}): TenantObject {
  const own = { name: 'acme', namespace: 'a', uid: 'u1', generation: 1, creationTimestamp: '' };
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: { ...own, resourceVersion: '1', ...metadata },
    spec: {},
  };
}

/** One object, guarded by its resourceVersion as the API server does it. */
function serverWith(present: TenantObject | undefined) {
  const patches: unknown[] = [];
  const state = { present };
  const kube = {
    get: async () => state.present,
    mergePatch: async (
      _path: string,
      body: { metadata: { resourceVersion: string; finalizers: string[] } },
    ) => {
      if (state.present === undefined) throw new TenantryError('NotFound', 'gone');
      if (body.metadata.resourceVersion !== state.present.metadata.resourceVersion)
        throw new TenantryError('Conflict', 'changed');
      patches.push(body.metadata.finalizers);
      state.present = tenant({ ...state.present.metadata, ...body.metadata, resourceVersion: '9' });
      return state.present;
    },
  } as unknown as KubeClient;
  const wrote: unknown[] = [];
  const informer = { wrote: (object: unknown) => wrote.push(object) } as unknown as Informer<never>;
  return { patches, state, wrote, context: { kube, tenants: informer, integrations: informer } };
}

describe('the finalizer', () => {
  it('is put on what was changed meanwhile, beside those of others', async () => {
    const { patches, context, wrote } = serverWith(tenant({ resourceVersion: '5', finalizers: ['x/y'] }));
    await addFinalizer(tenant(), context, signal);
    expect(patches).toEqual([['x/y', FINALIZER]]);
    expect(wrote).toHaveLength(1);
  });

  it('is not put on an object that is being deleted meanwhile, nor on another of its name', async () => {
    for (const metadata of [{ deletionTimestamp: 'now' }, { uid: 'u2' }]) {
      const { patches, context } = serverWith(tenant({ resourceVersion: '5', ...metadata }));
      await addFinalizer(tenant(), context, signal);
      expect(patches).toEqual([]);
    }
  });

  it('is taken off alone, and an object that is gone already is success', async () => {
    const held = tenant({ finalizers: [FINALIZER, 'x/y'] });
    const { patches, context, state } = serverWith(tenant({ ...held.metadata, resourceVersion: '5' }));
    await removeFinalizer(held, context, signal);
    expect(patches).toEqual([['x/y']]);
    state.present = undefined;
    await removeFinalizer(held, context, signal);
  });

  it('fails with Conflict when the object changes all the time', async () => {
    const { context, state } = serverWith(tenant({ resourceVersion: '5' }));
    let version = 5;
    const get = async () => {
      const seen = state.present;
      state.present = tenant({ resourceVersion: String(++version) });
      return seen;
    };
    const busy = { ...context, kube: { ...context.kube, get } as unknown as KubeClient };
    await expect(addFinalizer(tenant(), busy, signal)).rejects.toMatchObject({ code: 'Conflict' });
  });
});
