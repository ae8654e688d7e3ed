/** Writes Events to the API server in the background: few, merged, and never in the way of the work. */
import QuickLRU from 'quick-lru';
import { asTenantryError } from '../../errors.ts';
import type { KubeClient, KubeOptions } from '../kube/client.ts';
import type { KubeObject } from '../objects.ts';
import { createWorkQueue, type MeasuredWorkQueue, type SetTimer } from '../queue/create.ts';
import {
  coreEvent,
  cutMessage,
  eventName,
  eventsPath,
  type Occurrences,
  occurrenceKey,
  occurrencePatch,
  type Source,
  type Told,
} from './core-event.ts';
import type { EventRecorder } from './recorder.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface EventRecorderOptions {
  readonly kube: KubeClient;
  /** Name of the controller, e.g. `tenantry-operator`. */
  readonly component: string;
  /** The replica, e.g. the pod's name. */
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 ≤ value < 1. */
  readonly random: () => number;
  /** Ends the writing; what waits is written by `flush` alone. */
  readonly signal: AbortSignal;
  /** An Event was given up: too many about the object, too many in all, or the API server did not take it. */
  readonly onDropped: () => void;
  /** Default: setTimeout that does not keep the process alive. */
  readonly setTimer?: SetTimer;
}

interface Entry extends Occurrences {
  name: string;
  count: number;
  last: number;
  /** What the API server has. */
  written: { readonly count: number; readonly at: number } | undefined;
}

/** The same words after a longer pause are a new Event, as in client-go. */
const SAME_EVENT_MS = 600_000;
const BETWEEN_PATCHES_MS = 30_000;

/** Events that may wait; an API server that is away must not fill the memory. */
const MOST_WAITING = 5_000;
/** Written ones that are remembered (quick-lru keeps up to twice as many). */
const MOST_KNOWN = 2_048;

/** Few, so that Events do not crowd out the status of the objects. */
const WORKERS = 2;
const FLUSH_WORKERS = 8;
const CALL_MS = 5_000;
/** Tries after the first, about half a minute together. */
const RETRIES = 5;

/** Answers that do not change when the same Event is sent again. */
const REFUSED: readonly string[] = ['KubernetesForbidden', 'KubernetesRejected', 'NotFound'];

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const recorder = new KubeEventRecorder(options);
  for (let worker = 0; worker < WORKERS; worker++) void recorder.work(options.signal);
  return recorder;
}

class KubeEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #source: Source;
  readonly #buckets: TokenBuckets;
  readonly #queue: MeasuredWorkQueue;
  /** By key, with something that is to be written. */
  readonly #waiting = new Map<string, Entry>();
  /** By key, with nothing to be written. */
  readonly #known = new QuickLRU<string, Entry>({ maxSize: MOST_KNOWN });
  /** Set while a flush runs: told when nothing waits any more. */
  #onEmpty: (() => void) | undefined;

  constructor(options: EventRecorderOptions) {
    const { now, random, component, instance, setTimer = setBackgroundTimer } = options;
    this.#options = options;
    this.#source = { component, instance };
    this.#buckets = new TokenBuckets(now);
    this.#queue = createWorkQueue({ now, random, setTimer });
  }

  record(object: KubeObject, event: Told): void {
    const told = { ...event, message: cutMessage(event.message) };
    const key = occurrenceKey(object, told);
    const now = this.#options.now();
    const entry = this.#waiting.get(key) ?? this.#recent(key, now);
    if (entry !== undefined) {
      entry.count++;
      entry.last = now;
    }
    // What waits already is written with the new count.
    if (this.#waiting.has(key)) return;
    const next = entry ?? this.#newEntry(object, told, now);
    if (next === undefined || this.#waiting.size >= MOST_WAITING) {
      this.#options.onDropped();
      return;
    }
    this.#waiting.set(key, next);
    this.#queue.addAfter(key, this.#patchInMs(next));
  }

  async flush(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size === 0) return;
    const empty = new AbortController();
    this.#onEmpty = () => empty.abort();
    try {
      for (const key of this.#waiting.keys()) this.#queue.add(key);
      const end = AbortSignal.any([signal, empty.signal]);
      await Promise.all(Array.from({ length: FLUSH_WORKERS }, () => this.work(end)));
    } finally {
      this.#onEmpty = undefined;
    }
  }

  /** Writes what is due until the signal aborts. Never rejects. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const key of await this.#queue.take(1, signal)) {
        await this.#write(key, signal);
        this.#queue.done(key);
      }
      if (this.#waiting.size === 0) this.#onEmpty?.();
    }
  }

  #recent(key: string, now: number): Entry | undefined {
    const entry = this.#known.get(key);
    return entry === undefined || now - entry.last > SAME_EVENT_MS ? undefined : entry;
  }

  /** Undefined when the object has had too many of late. */
  #newEntry({ apiVersion, kind, metadata }: KubeObject, told: Told, now: number): Entry | undefined {
    const { namespace, name, uid } = metadata;
    if (!this.#buckets.take(uid)) return undefined;
    const object = { apiVersion, kind, namespace, name, uid };
    const event = eventName(name, now, this.#options.random);
    return { object, told, name: event, count: 1, first: now, last: now, written: undefined };
  }

  async #write(key: string, signal: AbortSignal): Promise<void> {
    const entry = this.#waiting.get(key);
    if (entry === undefined) return;
    const wait = this.#onEmpty === undefined ? this.#patchInMs(entry) : 0;
    if (wait > 0) this.#queue.addAfter(key, wait);
    // The count goes with the next patch that the object's bucket has a token for.
    else if (entry.written !== undefined && !this.#buckets.take(entry.object.uid)) this.#settle(key, entry);
    else await this.#writeNow(key, entry, signal);
  }

  async #writeNow(key: string, entry: Entry, signal: AbortSignal): Promise<void> {
    const { count } = entry;
    try {
      await this.#send(entry, { signal, timeoutMs: CALL_MS });
    } catch (error) {
      this.#failed(key, signal, error);
      return;
    }
    entry.written = { count, at: this.#options.now() };
    this.#queue.forget(key);
    if (entry.count > count) this.#queue.addAfter(key, BETWEEN_PATCHES_MS);
    else this.#settle(key, entry);
  }

  async #send(entry: Entry, call: KubeOptions): Promise<void> {
    const { namespace } = entry.object;
    if (entry.written !== undefined && (await this.#patch(entry, call))) return;
    try {
      await this.#options.kube.create(eventsPath(namespace), coreEvent(entry, this.#source), call);
    } catch (error) {
      // It is there by an earlier try that had no answer; the count may be a later one.
      if (asTenantryError(error).code !== 'Conflict') throw error;
      await this.#patch(entry, call);
    }
  }

  /** False when the Event is not there any more: the API server keeps Events for an hour. */
  async #patch(entry: Entry, call: KubeOptions): Promise<boolean> {
    try {
      const path = eventsPath(entry.object.namespace, entry.name);
      await this.#options.kube.mergePatch(path, occurrencePatch(entry), call);
      return true;
    } catch (error) {
      if (asTenantryError(error).code !== 'NotFound') throw error;
      entry.name = eventName(entry.object.name, this.#options.now(), this.#options.random);
      entry.written = undefined;
      return false;
    }
  }

  #failed(key: string, signal: AbortSignal, error: unknown): void {
    // It waits on, for a flush.
    if (signal.aborted) {
      this.#queue.add(key);
      return;
    }
    const { code } = asTenantryError(error);
    const isLast = this.#onEmpty !== undefined || this.#queue.failures(key) >= RETRIES;
    if (!isLast && !REFUSED.includes(code)) {
      this.#queue.addRateLimited(key);
      return;
    }
    this.#waiting.delete(key);
    this.#known.delete(key);
    this.#queue.forget(key);
    this.#options.onDropped();
  }

  #settle(key: string, entry: Entry): void {
    this.#waiting.delete(key);
    this.#known.set(key, entry);
  }

  #patchInMs({ written }: Entry): number {
    const at = written?.at;
    return at === undefined ? 0 : at + BETWEEN_PATCHES_MS - this.#options.now();
  }
}

const setBackgroundTimer: SetTimer = (callback, ms) => {
  const timer = setTimeout(callback, ms).unref();
  return () => clearTimeout(timer);
};
