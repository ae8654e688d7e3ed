import { expect, test } from 'vitest';
import type { KubeClient } from '../../../src/operator/kube/client.ts';
import { createFakeApi, cut } from './fake-api.ts';
import { settle } from './fake-clock.ts';
import { listCalls, namesOf, startFixture, stocked, told } from './fixture.ts';

const MINUTE_MS = 60_000;

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
  expect(namesOf(fixture)).toEqual(['t1']);
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
