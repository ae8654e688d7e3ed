import { expect, test } from 'vitest';
import { createFakeApi } from './fake-api.ts';
import { settle } from './fake-clock.ts';
import { listCalls, namesOf, startFixture, stocked, told } from './fixture.ts';

const MINUTE_MS = 60_000;

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
  expect(namesOf(fixture)).toEqual(['t0', 't2']);
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

test('a listener whose signal has aborted hears nothing more', async () => {
  const fixture = await startFixture({ api: stocked(1) });
  const ended = new AbortController();
  const heard: string[] = [];
  fixture.informer.onChange(({ type }) => heard.push(type), ended.signal);
  ended.abort();
  fixture.informer.onChange(({ type }) => heard.push(type), ended.signal);
  fixture.api.put('t0', { displayName: 'later' });
  fixture.api.deliver();
  await settle();
  expect(told(fixture)).toEqual(['added t0', 'updated t0']);
  expect(heard).toEqual(['added']);
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

test('after the signal nothing more is asked of the API server', async () => {
  const { api, clock, stop } = await startFixture();
  stop();
  const before = api.calls.length;
  await clock.advance(60 * MINUTE_MS);
  expect([api.calls.length, api.watcher]).toEqual([before, undefined]);
});
