import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createEventRecorder } from '../../../src/operator/events/kube-recorder.ts';
import type { EventRecorder } from '../../../src/operator/events/recorder.ts';
import type { KubeClient } from '../../../src/operator/kube/client.ts';
import { pathOf, type TenantObject } from '../../../src/operator/objects.ts';
import { type KubeWorld, startKubeWorld } from '../../support/kube-world.ts';

interface Event {
  readonly involvedObject: { readonly name: string };
  readonly message: string;
  readonly count: number;
}

let world: KubeWorld;
let tenant: TenantObject;
const stop = new AbortController();

beforeAll(async () => {
  world = await startKubeWorld();
  await world.namespace('team-a');
  const body = { apiVersion: 'tenantry.dev/v1alpha1', kind: 'Tenant', metadata: { name: 'acme' }, spec: {} };
  tenant = await world.client.create<TenantObject>(pathOf('Tenant', 'team-a'), body);
});

afterAll(async () => {
  stop.abort();
  await world?.close();
});

function recorderOf(kube: KubeClient, onDropped: () => void = () => undefined): EventRecorder {
  const times = { now: Date.now, random: Math.random, signal: stop.signal };
  return createEventRecorder({
    kube,
    component: 'tenantry-operator',
    instance: 'pod-a',
    ...times,
    onDropped,
  });
}

async function eventsAbout(message: string): Promise<readonly Event[]> {
  const { items } = await world.client.list<Event>('/api/v1/namespaces/team-a/events', {});
  return items.filter((event) => event.message.startsWith(message));
}

describe('the event recorder on the API server', () => {
  test('makes an Event about the object with no more rights than create and patch, and counts repetitions', async () => {
    const account = await world.account({
      name: 'operator',
      namespace: 'team-a',
      rules: [{ apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] }],
    });
    const kube = await account.connect();
    const recorder = recorderOf(kube);
    for (let times = 0; times < 3; times++) {
      recorder.record(tenant, { type: 'Warning', reason: 'VaultSealed', message: 'Vault is sealed' });
    }
    await vi.waitFor(async () => expect(await eventsAbout('Vault is')).toMatchObject([{ count: 3 }]), 10_000);
    recorder.record(tenant, { type: 'Warning', reason: 'VaultSealed', message: 'Vault is sealed' });
    await recorder.flush(new AbortController().signal);
    const { uid } = tenant.metadata;
    expect(await eventsAbout('Vault is')).toMatchObject([
      {
        type: 'Warning',
        reason: 'VaultSealed',
        count: 4,
        involvedObject: { kind: 'Tenant', namespace: 'team-a', name: 'acme', uid },
        reportingComponent: 'tenantry-operator',
        reportingInstance: 'pod-a',
      },
    ]);
    await kube.close();
  });

  test('a message that is too long arrives cut', async () => {
    const recorder = recorderOf(world.client);
    recorder.record(tenant, { type: 'Normal', reason: 'Waiting', message: `long ${'ä'.repeat(2_000)}` });
    await recorder.flush(new AbortController().signal);
    const [event] = await eventsAbout('long');
    expect(Buffer.byteLength(event?.message ?? '')).toBeGreaterThan(1_020);
    expect(event?.message.endsWith('ä…')).toBe(true);
  });

  test('a missing right and a missing namespace cost the Event and nothing else', async () => {
    const account = await world.account({ name: 'nobody', namespace: 'team-b', rules: [] });
    const kube = await account.connect();
    let dropped = 0;
    const event = { type: 'Normal', reason: 'Reconciled', message: 'nobody hears it' } as const;
    const forbidden = recorderOf(kube, () => dropped++);
    forbidden.record(tenant, event);
    await vi.waitFor(() => expect(dropped).toBe(1), 10_000);
    const gone = { ...tenant, metadata: { ...tenant.metadata, namespace: 'not-there' } };
    const missing = recorderOf(world.client, () => dropped++);
    missing.record(gone, event);
    await vi.waitFor(() => expect(dropped).toBe(2), 10_000);
    await kube.close();
  });
});
