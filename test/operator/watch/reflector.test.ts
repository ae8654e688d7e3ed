import { expect, test } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/operator/kube/client.ts';
import type { TenantObject } from '../../../src/operator/objects.ts';
import { createFakeApi, cut, gone } from './fake-api.ts';
import { settle } from './fake-clock.ts';
import { type Fixture, startFixture } from './fixture.ts';

const MINUTE_MS = 60_000;

function stocked(count: number): ReturnType<typeof createFakeApi> {
  const api = createFakeApi();
  for (let each = 0; each < count; each += 1) api.put(`t${each}`);
  return api;
}

const names = (from: Iterable<string>): string[] => [...from].map((key) => key.replace('tenants/', ''));
const told = ({ changes }: Fixture): string[] =>
  changes.map(({ type, object }) => `${type} ${object.metadata.name}`);
const listCalls = ({ api }: Fixture): number => api.calls.filter(({ verb }) => verb === 'list').length;

test('the first list comes in pages, and the watch goes on from its version', async () => {
  const api = stocked(5);
  const version = api.put('last').metadata.resourceVersion;
  const fixture = await startFixture({ api, timing: { pageSize: 2 } });
  await fixture.informer.synced();
  expect(fixture.informer.objects.size).toBe(6);
  expect(api.calls.map(({ verb }) => verb)).toEqual(['list', 'list', 'list', 'watch']);
  expect(api.calls[0]?.query).toEqual({ limit: 2, continue: undefined });
  expect(api.calls.at(-1)?.query).toEqual({
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: version,
    timeoutSeconds: 450,
  });
  expect(fixture.relists).toEqual([{ kind: 'Tenant', reason: 'start', missed: 0 }]);
});

test('before the first list the copy is not synced and its age has no bound', async () => {
  const api = createFakeApi();
  const release = api.hangLists();
  const { informer, clock } = await startFixture({ api });
  expect([informer.hasSynced(), informer.silentSeconds()]).toEqual([false, Number.POSITIVE_INFINITY]);
  release();
  await informer.synced();
  expect([informer.hasSynced(), informer.silentSeconds()]).toEqual([true, 0]);
  await clock.advance(2_500);
  expect(informer.silentSeconds()).toBe(2.5);
});

test('synced and relist reject when the signal aborts first', async () => {
  const api = createFakeApi();
  api.hangLists();
  const { informer, stop } = await startFixture({ api });
  const outcomes = Promise.allSettled([informer.synced(), informer.relist()]);
  stop();
  const cancelled = { status: 'rejected', reason: { code: 'Cancelled' } };
  expect(await outcomes).toMatchObject([cancelled, cancelled]);
  await expect(informer.relist()).rejects.toMatchObject({ code: 'Cancelled' });
});

test('a namespace narrows the path', async () => {
  const { api } = await startFixture({ namespace: 'one' });
  expect(api.calls.map(({ path }) => path)).toEqual(
    Array(2).fill('/apis/tenantry.dev/v1alpha1/namespaces/one/tenants'),
  );
});

test('events change the copy object by object', async () => {
  const fixture = await startFixture({ api: stocked(2) });
  const { api, informer } = fixture;
  const before = informer.objects.get('tenants/t0');
  api.put('t0', { displayName: 'New' });
  api.remove('t1');
  api.put('t2');
  api.deliver();
  await settle();
  expect(told(fixture).slice(2)).toEqual(['updated t0', 'deleted t1', 'added t2']);
  expect(fixture.changes[2]).toMatchObject({ before, object: { spec: { displayName: 'New' } } });
  expect(before?.spec).toEqual({});
  expect(names(informer.objects.keys())).toEqual(['t0', 't2']);
});

test('a new object of the same name is told as deleted and added, also when its end was not seen', async () => {
  const fixture = await startFixture({ api: stocked(1) });
  const { api } = fixture;
  api.remove('t0');
  api.put('t0');
  api.watcher?.pending.shift();
  api.deliver();
  await settle();
  expect(told(fixture)).toEqual(['added t0', 'deleted t0', 'added t0']);
  expect(fixture.heard.get('tenants/t0')?.metadata.uid).toBe('uid-2');
});

test('a listener that comes late is told what is there', async () => {
  const { informer } = await startFixture({ api: stocked(2) });
  const late: string[] = [];
  informer.onChange(({ type, object }) => late.push(`${type} ${object.metadata.name}`));
  expect(late).toEqual(['added t0', 'added t1']);
});

test('a watch that the server ends goes on from the last version, a bookmark counts', async () => {
  const fixture = await startFixture({ api: stocked(1) });
  const { api, clock } = fixture;
  api.compact();
  api.bookmark();
  await clock.advance(MINUTE_MS);
  api.watcher?.end();
  await settle();
  expect(api.watcher?.query['resourceVersion']).toBe('97');
  expect([fixture.faults, listCalls(fixture)]).toEqual([[], 1]);
});

test('a watch that ends at once is begun again with pauses', async () => {
  const { api, clock, faults } = await startFixture();
  for (const delayMs of [250, 500, 1_000]) {
    api.watcher?.end();
    await settle();
    expect(faults.at(-1)).toMatchObject({ delayMs, error: { code: 'KubernetesUnavailable' } });
    expect(api.watcher).toBeUndefined();
    await clock.advance(delayMs);
    expect(api.watcher).toBeDefined();
  }
});

test('a watch that breaks goes on where it was, with back-off up to 15 s at medium luck', async () => {
  const fixture = await startFixture({ api: stocked(1) });
  const { api, clock, faults } = fixture;
  api.fail('watch', ...Array.from({ length: 8 }, cut));
  api.watcher?.end(cut());
  await clock.advance(MINUTE_MS);
  expect(faults.map(({ delayMs }) => delayMs)).toEqual([
    250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
  ]);
  expect(listCalls(fixture)).toBe(1);
  api.put('t1');
  await clock.advance(5_000);
  api.deliver();
  await settle();
  expect(names(fixture.informer.objects.keys())).toEqual(['t0', 't1']);
  // It said something: the next fault is a first one again.
  api.watcher?.end(cut());
  await settle();
  expect(faults.at(-1)?.delayMs).toBe(250);
});

test('Retry-After is obeyed, up to the longest pause', async () => {
  const { api, faults, clock } = await startFixture();
  const busy = (retryAfterSeconds: number): Error =>
    new TenantryError('KubernetesUnavailable', 'too many requests', { retryAfterSeconds });
  api.fail('watch', busy(600));
  api.watcher?.end(busy(7));
  await clock.advance(7_250);
  expect(faults.map(({ delayMs }) => delayMs)).toEqual([7_250, 30_000]);
});

test('410 has everything listed again at once, and what was missed is told', async () => {
  const fixture = await startFixture({ api: stocked(3) });
  const { api } = fixture;
  api.put('t0', { displayName: 'New' });
  api.remove('t1');
  api.put('t3');
  api.compact();
  api.watcher?.end(gone());
  await fixture.clock.advance(0);
  expect(fixture.relists.at(-1)).toEqual({ kind: 'Tenant', reason: 'gone', missed: 3 });
  expect(told(fixture).slice(3)).toEqual(['updated t0', 'added t3', 'deleted t1']);
  expect(fixture.faults).toMatchObject([{ delayMs: 0 }]);
  expect(api.watcher).toBeDefined();
});

test('410 again and again is not a hot loop', async () => {
  const { api, faults, relists, clock } = await startFixture();
  api.fail('watch', gone(), gone(), gone());
  api.watcher?.end(gone());
  await clock.advance(MINUTE_MS);
  expect(faults.map(({ delayMs }) => delayMs)).toEqual([0, 500, 1_000, 2_000]);
  expect(relists).toHaveLength(5);
});

test('a continue token that expires has the list begin anew', async () => {
  const api = stocked(5);
  api.fail('list', undefined, undefined, gone());
  const fixture = await startFixture({ api, timing: { pageSize: 2 } });
  await settle();
  await settle();
  expect(fixture.informer.objects.size).toBe(5);
  expect(listCalls(fixture)).toBe(6);
  expect(fixture.faults).toEqual([]);
});

test('an error that a watch cannot get over by itself has everything listed again', async () => {
  const fixture = await startFixture();
  fixture.api.put('t0');
  fixture.api.watcher?.end(new TenantryError('KubernetesRejected', 'resourceVersion is not understood'));
  await fixture.clock.advance(250);
  expect(fixture.relists.at(-1)).toEqual({ kind: 'Tenant', reason: 'fault', missed: 1 });
});

test('a list that fails is tried until it works', async () => {
  const api = stocked(1);
  api.fail('list', cut(), new Error('a mistake'), new TenantryError('KubernetesForbidden', 'no right'));
  const { informer, clock, faults } = await startFixture({ api });
  expect(informer.hasSynced()).toBe(false);
  await clock.advance(2_000);
  expect(informer.hasSynced()).toBe(true);
  expect(faults.map(({ error }) => (error as TenantryError).code)).toEqual([
    'KubernetesUnreachable',
    'Internal',
    'KubernetesForbidden',
  ]);
});

test('a list that never answers is given up, although it does not heed its signal', async () => {
  const api = createFakeApi();
  const release = api.hangLists();
  const { informer, clock, faults } = await startFixture({ api });
  await clock.advance(2 * MINUTE_MS);
  expect(faults[0]?.error.message).toContain('no answer within 120 s');
  release();
  await clock.advance(1_000);
  expect(informer.hasSynced()).toBe(true);
});

test.each([
  ['30 s after the time at which the server was to end it', false, 480_000],
  ['after 3 minutes where bookmarks came before', true, 180_000],
])('a watch that has died without a word is cut: %s', async (_, bookmarks, afterMs) => {
  const fixture = await startFixture({ api: stocked(1) });
  const { api, clock, relists, informer } = fixture;
  if (bookmarks) api.bookmark();
  await settle();
  const dead = api.watcher;
  api.deaf = true;
  await clock.advance(afterMs - 1);
  expect(dead?.signal.aborted).toBe(false);
  api.put('t1');
  await clock.advance(251);
  expect(dead?.signal.aborted).toBe(true);
  expect(relists.at(-1)).toEqual({ kind: 'Tenant', reason: 'fault', missed: 1 });
  expect(names(informer.objects.keys())).toEqual(['t0', 't1']);
  // What the dead one says after all is not heard.
  dead?.push({ type: 'DELETED', object: informer.objects.get('tenants/t0') as TenantObject });
  await settle();
  expect(informer.objects.size).toBe(2);
});

test('about every 10 minutes everything is listed, when the watch has ended; what is on its way is not missed', async () => {
  const fixture = await startFixture({ api: stocked(1), timing: { silenceMs: 60 * MINUTE_MS } });
  const { api, clock, relists } = fixture;
  await clock.advance(450_000);
  api.watcher?.end();
  await settle();
  // The second watch is asked to last until the list is due.
  expect(api.watcher?.query['timeoutSeconds']).toBe(150);
  api.put('t1');
  await clock.advance(150_000);
  api.watcher?.end();
  await settle();
  await settle();
  expect(relists.at(-1)).toEqual({ kind: 'Tenant', reason: 'period', missed: 0 });
  expect(told(fixture)).toEqual(['added t0', 'added t1']);
});

test('what a periodic list finds and the watch had passed over is counted', async () => {
  const { api, clock, relists } = await startFixture({
    api: stocked(1),
    timing: { watchSeconds: [600, 600] },
  });
  api.put('t0', { displayName: 'lost' });
  api.watcher?.pending.splice(0);
  api.put('t1');
  api.deliver();
  await clock.advance(600_000);
  api.watcher?.end();
  await settle();
  await settle();
  expect(relists.at(-1)).toEqual({ kind: 'Tenant', reason: 'period', missed: 1 });
});

test('a periodic list that fails does not stop the watch', async () => {
  const fixture = await startFixture({ timing: { watchSeconds: [600, 600] } });
  const { api, clock, relists } = fixture;
  await clock.advance(600_000);
  api.fail('list', cut());
  api.watcher?.end();
  await clock.advance(250);
  expect(api.watcher?.query['timeoutSeconds']).toBe(60);
  await clock.advance(60_000);
  api.watcher?.end();
  await settle();
  expect(relists.at(-1)?.reason).toBe('period');
});

test('relist brings everything that was written before the call', async () => {
  const fixture = await startFixture({ api: stocked(1) });
  const { api, informer, relists } = fixture;
  api.put('t1');
  api.remove('t0');
  await informer.relist();
  expect(names(informer.objects.keys())).toEqual(['t1']);
  // The new object was still on its way; of a deletion nobody can tell.
  expect(relists.at(-1)).toEqual({ kind: 'Tenant', reason: 'asked', missed: 1 });
  await settle();
  expect(api.watcher).toBeDefined();
});

test('many who ask at once share one list, and who asks during a list gets the next one', async () => {
  const fixture = await startFixture();
  const { api, informer } = fixture;
  const release = api.hangLists();
  const early = Promise.all([informer.relist(), informer.relist(), informer.relist()]);
  await settle();
  expect(listCalls(fixture)).toBe(2);
  const late = Promise.all([informer.relist(), informer.relist()]);
  release();
  await early;
  await late;
  expect(listCalls(fixture)).toBe(3);
});

test('relist ends the pause after a fault, but only once, and holds out until it works', async () => {
  const fixture = await startFixture();
  const { api, informer, clock } = fixture;
  api.fail('watch', cut());
  api.watcher?.end(cut());
  await clock.advance(250);
  api.fail('list', cut(), cut());
  const asked = [informer.relist(), informer.relist()];
  await settle();
  expect(listCalls(fixture)).toBe(2);
  asked.push(informer.relist());
  await settle();
  expect(listCalls(fixture)).toBe(2);
  await clock.advance(5_000);
  await Promise.all(asked);
  expect(listCalls(fixture)).toBe(4);
});

test('who stops waiting for a relist stops nobody else', async () => {
  const { api, informer } = await startFixture();
  const release = api.hangLists();
  const caller = new AbortController();
  const others = informer.relist();
  const mine = informer.relist(caller.signal);
  caller.abort();
  await expect(mine).rejects.toMatchObject({ code: 'Cancelled' });
  release();
  await others;
});

test('what was written is seen at once, told once, and no older event undoes it', async () => {
  const fixture = await startFixture({ api: stocked(1) });
  const { api, informer } = fixture;
  api.put('t0', { displayName: 'by another' });
  const answer = api.put('t0', { displayName: 'by us' });
  informer.wrote(answer);
  expect(informer.objects.get('tenants/t0')?.spec).toEqual({ displayName: 'by us' });
  api.deliver();
  await settle();
  expect(told(fixture)).toEqual(['added t0', 'updated t0']);
});

test('the late answer to a write brings nothing back that is gone', async () => {
  const fixture = await startFixture({ api: stocked(2) });
  const { api, informer } = fixture;
  const answers = [api.put('t0', { last: true }), api.put('t1', { last: true })];
  api.remove('t0');
  api.deliver();
  await settle();
  api.remove('t1');
  await informer.relist();
  for (const answer of answers) informer.wrote(answer);
  expect(informer.objects.size).toBe(0);
});

test('what was written during a list is not undone by it', async () => {
  const api = stocked(3);
  let whenListed = (): void => undefined;
  const list: KubeClient['list'] = async (...args) => {
    const page = await api.kube.list<never>(...args);
    // The first page has fixed the moment that all pages show.
    if (page.continue === undefined) whenListed();
    return page;
  };
  const { informer } = await startFixture({ api, kube: { ...api.kube, list }, timing: { pageSize: 1 } });
  await informer.synced();
  whenListed = () => {
    informer.wrote(api.put('t2', { new: true }));
    informer.wrote(api.put('t3'));
  };
  await informer.relist();
  expect(Object.fromEntries(informer.objects)).toEqual(Object.fromEntries(api.objects));
});

test('an API server that was put back to a backup is believed', async () => {
  const fixture = await startFixture({ api: stocked(2) });
  const { api, informer } = fixture;
  const backup = api.backup();
  api.put('t0', { displayName: 'lost' });
  api.remove('t1');
  api.put('t2');
  api.deliver();
  await settle();
  api.restore(backup);
  await informer.relist();
  expect(Object.fromEntries(informer.objects)).toEqual(Object.fromEntries(api.objects));
  api.put('t1', { displayName: 'later' });
  await settle();
  api.deliver();
  await settle();
  expect(Object.fromEntries(informer.objects)).toEqual(Object.fromEntries(api.objects));
});

test('a listener, a hook or keep that throws ends nothing', async () => {
  const thrower = (): never => {
    throw new Error('mistake');
  };
  const fixture = await startFixture({
    api: stocked(1),
    keep: thrower,
    hooks: { onRelist: thrower, onFault: thrower },
  });
  const { api, informer } = fixture;
  informer.onChange(thrower);
  api.put('t1');
  api.deliver();
  await settle();
  expect(names(informer.objects.keys())).toEqual(['t0', 't1']);
  expect(told(fixture)).toEqual(['added t0', 'added t1']);
});

test('after the signal nothing more is asked of the API server', async () => {
  const { api, clock, stop } = await startFixture();
  stop();
  const before = api.calls.length;
  await clock.advance(60 * MINUTE_MS);
  expect([api.calls.length, api.watcher]).toEqual([before, undefined]);
});
