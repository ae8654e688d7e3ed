import { describe, expect, test } from 'vitest';
import { type ErrorCode, TenantryError } from '../../../src/errors.ts';
import { createEventRecorder } from '../../../src/operator/events/kube-recorder.ts';
import type { EventRecorder } from '../../../src/operator/events/recorder.ts';
import type { KubeClient } from '../../../src/operator/kube/client.ts';
import type { KubeObject, Reason } from '../../../src/operator/objects.ts';
import { VirtualClock } from '../queue/virtual-clock.ts';

interface Stored {
  readonly count: number;
  readonly message: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly metadata: { readonly name: string };
}

type Told = Parameters<EventRecorder['record']>[1];

interface Fault {
  /** Of the error of the next calls; `lost` means done, and no answer. */
  code: ErrorCode | 'lost' | 'hang' | undefined;
  /** Only calls that this signal ends hang. Default: all. */
  hangs?: AbortSignal;
}

function setUp(): {
  clock: VirtualClock;
  events: Map<string, Stored>;
  calls: string[];
  fault: Fault;
  recorder: EventRecorder;
  dropped: () => number;
  stop: AbortController;
  tell: (message: string, options?: { name?: string; reason?: Reason }) => void;
} {
  const clock = new VirtualClock();
  const events = new Map<string, Stored>();
  const calls: string[] = [];
  const fault: Fault = { code: undefined };
  const run = async <T>(verb: string, signal: AbortSignal | undefined, work: () => T): Promise<T> => {
    if (signal?.aborted) throw new TenantryError('Cancelled', 'stopped');
    calls.push(verb);
    if (fault.code === 'hang' && (fault.hangs ?? signal) === signal) {
      return await new Promise<T>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new TenantryError('Cancelled', 'stopped')));
      });
    }
    if (fault.code !== undefined && fault.code !== 'lost' && fault.code !== 'hang')
      throw new TenantryError(fault.code, 'no');
    const result = work();
    if (fault.code === 'lost') throw new TenantryError('KubernetesUnreachable', 'connection reset');
    return result;
  };
  const kube = {
    create: (_path: string, body: Stored, options?: { signal?: AbortSignal }) =>
      run('create', options?.signal, () => {
        const { name } = body.metadata;
        if (events.has(name)) throw new TenantryError('Conflict', 'it exists already');
        events.set(name, body);
        return body;
      }),
    mergePatch: (path: string, body: Partial<Stored>, options?: { signal?: AbortSignal }) =>
      run('patch', options?.signal, () => {
        const name = path.split('/').at(-1) ?? '';
        const known = events.get(name);
        if (known === undefined) throw new TenantryError('NotFound', 'it is not there');
        events.set(name, { ...known, ...body });
        return body;
      }),
  } as unknown as KubeClient;
  const stop = new AbortController();
  let dropped = 0;
  let part = 0;
  const recorder = createEventRecorder({
    kube,
    component: 'tenantry-operator',
    instance: 'pod-a',
    now: () => 1.8e12 + clock.now(),
    random: () => (part++ % 1000) / 1000,
    signal: stop.signal,
    setTimer: clock.setTimer,
    onDropped: () => dropped++,
  });
  const tell = (message: string, { name = 'acme', reason = 'Reconciled' as Reason } = {}): void => {
    const event: Told = { type: 'Normal', reason, message };
    recorder.record(objectOf(name), event);
  };
  return { clock, events, calls, fault, recorder, dropped: () => dropped, stop, tell };
}

function objectOf(name: string): KubeObject {
  const metadata = { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: '1', generation: 1 };
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: { ...metadata, creationTimestamp: '2026-01-01T00:00:00Z' },
  };
}

const counts = (events: Map<string, Stored>): [string, number][] =>
  [...events.values()].map(({ message, count }) => [message, count]);

describe('the event recorder', () => {
  test('writes an Event at once and in the background', async () => {
    const { clock, events, tell } = setUp();
    tell('ready');
    expect(events.size).toBe(0);
    await clock.advance(0);
    expect(counts(events)).toEqual([['ready', 1]]);
  });

  test('the same words again are counted, with a write every 30 s at most', async () => {
    const { clock, events, calls, tell } = setUp();
    for (let second = 0; second < 60; second++) {
      tell('ready');
      await clock.advance(1_000);
    }
    await clock.advance(30_000);
    expect(counts(events)).toEqual([['ready', 60]]);
    expect(calls).toEqual(['create', 'patch', 'patch']);
    const [event] = events.values();
    expect(event?.firstTimestamp).toBe('2027-01-15T08:00:00Z');
    expect(event?.lastTimestamp).toBe('2027-01-15T08:00:59Z');
  });

  test('words that come while the Event is written are not lost', async () => {
    const { clock, events, tell } = setUp();
    tell('ready');
    tell('ready');
    await clock.advance(0);
    tell('ready');
    await clock.advance(30_000);
    expect(counts(events)).toEqual([['ready', 3]]);
  });

  test('other words, another reason and another object are Events of their own', async () => {
    const { clock, events, tell } = setUp();
    tell('ready');
    tell('not ready');
    tell('ready', { reason: 'Suspended' });
    tell('ready', { name: 'globex' });
    await clock.advance(0);
    expect(events.size).toBe(4);
  });

  test('the same words after more than 10 minutes are a new Event', async () => {
    const { clock, events, tell } = setUp();
    tell('ready');
    await clock.advance(600_001);
    tell('ready');
    await clock.advance(0);
    expect(counts(events)).toEqual([
      ['ready', 1],
      ['ready', 1],
    ]);
  });

  test('an Event that the API server has forgotten is made again with its count', async () => {
    const { clock, events, tell } = setUp();
    tell('ready');
    await clock.advance(0);
    events.clear();
    tell('ready');
    await clock.advance(30_000);
    expect(counts(events)).toEqual([['ready', 2]]);
  });

  test('an object has 25 Events at once, then one every 5 minutes; the others are counted as dropped', async () => {
    const { clock, events, dropped, tell } = setUp();
    for (let number = 0; number < 40; number++) tell(`change ${number}`);
    await clock.advance(0);
    expect(events.size).toBe(25);
    expect(dropped()).toBe(15);
    await clock.advance(300_000);
    tell('one more');
    tell('and one too many');
    await clock.advance(0);
    expect(events.size).toBe(26);
    expect(dropped()).toBe(16);
  });

  test('an Event whose creation was not answered is not made twice', async () => {
    const { clock, events, fault, dropped, tell } = setUp();
    fault.code = 'lost';
    tell('ready');
    await clock.advance(0);
    fault.code = undefined;
    tell('ready');
    await clock.advance(60_000);
    expect(counts(events)).toEqual([['ready', 2]]);
    expect(dropped()).toBe(0);
  });

  test('a short outage of the API server loses nothing', async () => {
    const { clock, events, fault, dropped, tell } = setUp();
    fault.code = 'KubernetesUnreachable';
    for (const name of ['acme', 'globex']) tell('ready', { name });
    await clock.advance(10_000);
    fault.code = undefined;
    await clock.advance(20_000);
    expect(events.size).toBe(2);
    expect(dropped()).toBe(0);
  });

  test('an API server that is away for long costs a few tries and one drop, and later Events are written', async () => {
    const { clock, events, calls, fault, dropped, tell } = setUp();
    fault.code = 'KubernetesUnavailable';
    tell('ready');
    await clock.advance(600_000);
    expect(calls).toHaveLength(6);
    expect(dropped()).toBe(1);
    fault.code = undefined;
    tell('ready');
    await clock.advance(0);
    expect(counts(events)).toEqual([['ready', 1]]);
  });

  test.each(['KubernetesForbidden', 'KubernetesRejected', 'NotFound'] as const)(
    'an Event that is refused with %s is dropped after one try',
    async (code) => {
      const { clock, calls, fault, dropped, tell } = setUp();
      fault.code = code;
      tell('ready');
      await clock.advance(600_000);
      expect(calls).toEqual(['create']);
      expect(dropped()).toBe(1);
    },
  );

  test('at most 5,000 Events wait', async () => {
    const { clock, events, fault, dropped, tell } = setUp();
    fault.code = 'hang';
    for (let number = 0; number < 6_000; number++) tell('ready', { name: `tenant-${number}` });
    await clock.advance(0);
    expect(dropped()).toBe(1_000);
    expect(events.size).toBe(0);
  });

  test('flush writes what waits, also counts that are not due yet', async () => {
    const { clock, events, recorder, stop, tell } = setUp();
    tell('ready');
    await clock.advance(0);
    for (let number = 0; number < 20; number++) tell('ready');
    stop.abort();
    for (let number = 0; number < 20; number++) tell('stopped', { name: `tenant-${number}` });
    await recorder.flush(new AbortController().signal);
    expect(events.size).toBe(21);
    expect(counts(events)[0]).toEqual(['ready', 21]);
  });

  test('flush takes over what was being written when the work was stopped', async () => {
    const { clock, events, fault, recorder, stop, tell } = setUp();
    fault.code = 'hang';
    for (const name of ['a', 'b', 'c']) tell('ready', { name });
    await clock.advance(0);
    fault.code = undefined;
    const flushed = recorder.flush(new AbortController().signal);
    stop.abort();
    await flushed;
    expect(events.size).toBe(3);
  });

  test('flush takes over what the work took after it had begun', async () => {
    const { calls, clock, events, fault, recorder, stop, tell } = setUp();
    await clock.advance(0);
    Object.assign(fault, { code: 'hang', hangs: stop.signal });
    for (let number = 0; number < 12; number++) tell('ready', { name: `tenant-${number}` });
    const flushed = recorder.flush(new AbortController().signal);
    await clock.advance(0);
    expect([calls.length, events.size]).toEqual([12, 10]);
    stop.abort();
    await flushed;
    expect(events.size).toBe(12);
  });

  test('flush ends with its signal, and tries each Event once', async () => {
    const { calls, fault, dropped, recorder, stop, tell } = setUp();
    stop.abort();
    for (const name of ['a', 'b', 'c']) tell('ready', { name });
    fault.code = 'KubernetesUnreachable';
    await recorder.flush(new AbortController().signal);
    expect(calls).toHaveLength(3);
    expect(dropped()).toBe(3);
    fault.code = 'hang';
    tell('ready', { name: 'd' });
    const end = new AbortController();
    const flushed = recorder.flush(end.signal);
    end.abort();
    await flushed;
    expect(dropped()).toBe(3);
  });

  test('flush with nothing to write is done at once', async () => {
    const { calls, recorder } = setUp();
    await recorder.flush(new AbortController().signal);
    expect(calls).toEqual([]);
  });
});
