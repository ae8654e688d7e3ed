import { expect, test } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { TenantObject } from '../../../src/operator/objects.ts';
import { createFakeApi, cut, gone } from './fake-api.ts';
import { settle } from './fake-clock.ts';
import { listCalls, namesOf, startFixture, stocked, told } from './fixture.ts';

const MINUTE_MS = 60_000;

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
  expect(namesOf(fixture)).toEqual(['t0', 't1']);
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
  expect(namesOf(fixture)).toEqual(['t0', 't1']);
  // What the dead one says after all is not heard.
  dead?.push({ type: 'DELETED', object: informer.objects.get('tenants/t0') as TenantObject });
  await settle();
  expect(informer.objects.size).toBe(2);
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
  expect(namesOf(fixture)).toEqual(['t0', 't1']);
  expect(told(fixture)).toEqual(['added t0', 'added t1']);
});
