/** An informer on a fake API server and a clock that stands still, with everything that it tells. */
import { onTestFinished } from 'vitest';
import type { TenantObject } from '../../../src/operator/objects.ts';
import { keyOf } from '../../../src/operator/objects.ts';
import type { Change, Informer } from '../../../src/operator/watch/informer.ts';
import { createInformer, type InformerOptions } from '../../../src/operator/watch/reflector.ts';
import { trim } from '../../../src/operator/watch/trim.ts';
import { createFakeApi, type FakeApi } from './fake-api.ts';
import { createFakeClock, type FakeClock, settle } from './fake-clock.ts';

export interface Fixture {
  readonly api: FakeApi;
  readonly clock: FakeClock;
  readonly informer: Informer<TenantObject>;
  readonly changes: readonly Change<TenantObject>[];
  readonly relists: readonly { readonly reason: string; readonly missed: number }[];
  readonly faults: readonly { readonly error: Error; readonly delayMs: number }[];
  /** What a listener knows that only listens; throws where the changes contradict one another. */
  readonly heard: ReadonlyMap<string, TenantObject>;
  stop(): void;
}

type Settings = Partial<InformerOptions<TenantObject>> & { readonly api?: FakeApi };

export async function startFixture({ api = createFakeApi(), ...settings }: Settings = {}): Promise<Fixture> {
  const clock = createFakeClock();
  const stop = new AbortController();
  const changes: Change<TenantObject>[] = [];
  const relists: Fixture['relists'][number][] = [];
  const faults: Fixture['faults'][number][] = [];
  const { heard, hear } = createChecker();
  const informer = createInformer<TenantObject>({
    kube: api.kube,
    path: '/apis/tenantry.dev/v1alpha1/tenants',
    kind: 'Tenant',
    signal: stop.signal,
    now: clock.now,
    sleep: clock.sleep,
    random: () => 0.5,
    hooks: { onRelist: (facts) => relists.push(facts), onFault: (facts) => faults.push(facts) },
    keep: trim,
    ...settings,
  });
  informer.onChange((change) => {
    changes.push(change);
    hear(change);
  });
  onTestFinished(() => stop.abort());
  await settle();
  await settle();
  return { api, clock, informer, changes, relists, faults, heard, stop: () => stop.abort() };
}

/** Added before updated before deleted, with nothing left out between. */
function createChecker(): { heard: Map<string, TenantObject>; hear: (change: Change<TenantObject>) => void } {
  const heard = new Map<string, TenantObject>();
  const ended = new Set<string>();
  return {
    heard,
    hear(change) {
      const key = keyOf(change.object);
      const { uid } = change.object.metadata;
      const before = change.type === 'updated' ? change.before : change.object;
      const expected = change.type === 'added' ? undefined : before;
      if (heard.get(key) !== expected)
        throw new Contradiction(`${key} ${change.type}: told otherwise before`);
      if (ended.has(uid)) throw new Contradiction(`${key} came back after its end`);
      if (before.metadata.uid !== uid) throw new Contradiction(`${key} changed its uid`);
      heard.set(key, change.object);
      if (change.type !== 'deleted') return;
      heard.delete(key);
      ended.add(uid);
    },
  };
}

/** The changes do not make one story. */
export class Contradiction extends Error {}

/** An API server with objects t0, t1, … */
export function stocked(count: number): FakeApi {
  const api = createFakeApi();
  for (let each = 0; each < count; each += 1) api.put(`t${each}`);
  return api;
}

/** Names of the objects of the copy. */
export const namesOf = ({ informer }: Fixture): string[] =>
  [...informer.objects.values()].map(({ metadata }) => metadata.name);

/** The changes in words, e.g. `added t0`. */
export const told = ({ changes }: Fixture): string[] =>
  changes.map(({ type, object }) => `${type} ${object.metadata.name}`);

export const listCalls = ({ api }: Fixture): number => api.calls.filter(({ verb }) => verb === 'list').length;
