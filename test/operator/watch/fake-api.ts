/** A small API server in memory that a test holds by the hand: when events arrive, and what goes wrong. */
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { TenantryError } from '../../../src/errors.ts';
import type { KubeClient, Page, Query, WatchEvent } from '../../../src/operator/kube/client.ts';
import { keyOf, type TenantObject } from '../../../src/operator/objects.ts';

type Event = WatchEvent<TenantObject>;

interface Watcher {
  readonly query: Query;
  readonly signal: AbortSignal;
  /** Events that are on their way, in the order of the server. */
  readonly pending: Event[];
  push(event: Event): void;
  end(error?: Error): void;
}

export interface Call {
  readonly verb: 'list' | 'watch';
  readonly path: string;
  readonly query: Query;
}

export interface FakeApi {
  readonly kube: KubeClient;
  readonly calls: readonly Call[];
  /** By `namespace/name`. */
  readonly objects: ReadonlyMap<string, TenantObject>;
  /** The watch of now, if there is one. */
  readonly watcher: Watcher | undefined;
  /** Every event since the beginning. */
  readonly log: readonly Event[];
  /** Creates or changes; gives the object as the server answers. */
  put(name: string, spec?: Record<string, unknown>): TenantObject;
  remove(name: string): void;
  /** The next events on their way arrive at the watch. Default: all. */
  deliver(most?: number): void;
  /** Says only which version the watch is at. */
  bookmark(): void;
  /** Forgets the past: a watch from an earlier version is refused with 410. */
  compact(): void;
  /** Goes back to an earlier state, as from a backup. */
  restore(backup: Backup): void;
  backup(): Backup;
  /** The next calls of this verb fail with these errors; undefined lets one pass. */
  fail(verb: Call['verb'], ...errors: (Error | undefined)[]): void;
  /** No list answers until the returned function is called. Nor is an abort heeded. */
  hangLists(): () => void;
  /** True: watches ignore their signal, and are silent from now on. */
  deaf: boolean;
}

interface Backup {
  readonly version: number;
  readonly objects: ReadonlyMap<string, TenantObject>;
}

export const gone = (): TenantryError => new TenantryError('KubernetesGone', 'too old resource version');
export const cut = (): TenantryError => new TenantryError('KubernetesUnreachable', 'connection reset');

const FIRST_VERSION = 95;

export function createFakeApi(): FakeApi {
  let version = FIRST_VERSION;
  let compacted = 0;
  let uids = 0;
  let objects = new Map<string, TenantObject>();
  let watcher: Watcher | undefined;
  let hang: Promise<void> | undefined;
  const log: Event[] = [];
  const calls: Call[] = [];
  const failures = { list: [] as (Error | undefined)[], watch: [] as (Error | undefined)[] };
  const snapshots = new Map<string, { readonly items: readonly TenantObject[]; readonly version: number }>();

  function happen(type: Event['type'], object: TenantObject): void {
    const event = { type, object };
    log.push(event);
    watcher?.pending.push(event);
  }

  async function list(path: string, query: Query): Promise<Page<TenantObject>> {
    calls.push({ verb: 'list', path, query });
    if (hang !== undefined) await hang;
    const error = failures.list.shift();
    if (error !== undefined) throw error;
    const [id, from] = String(query['continue'] ?? `${calls.length} 0`).split(' ') as [string, string];
    const snapshot = snapshots.get(id) ?? { items: [...objects.values()], version };
    snapshots.set(id, snapshot);
    const end = Number(from) + Number(query['limit'] ?? Number.POSITIVE_INFINITY);
    await setImmediate();
    return {
      // A server's answer is parsed anew each time.
      items: structuredClone(snapshot.items.slice(Number(from), end)),
      resourceVersion: String(snapshot.version),
      ...(end < snapshot.items.length && { continue: `${id} ${end}` }),
    };
  }

  function watch(path: string, query: Query, signal: AbortSignal): AsyncIterable<Event> {
    calls.push({ verb: 'watch', path, query });
    const from = Number(query['resourceVersion']);
    const error = failures.watch.shift() ?? (from < compacted ? gone() : undefined);
    const stream = new PassThrough({ objectMode: true });
    if (error !== undefined) return stream.destroy(error);
    const own: Watcher = {
      query,
      signal,
      pending: log.filter(({ object }) => Number(object.metadata.resourceVersion) > from),
      push: (event) => void (stream.destroyed || stream.write(structuredClone(event))),
      end: (reason) => void (reason === undefined ? stream.end() : stream.destroy(reason)),
    };
    const stop = (): void => {
      if (!api.deaf) own.end(new TenantryError('Cancelled', 'stopped'));
    };
    signal.addEventListener('abort', stop, { once: true });
    stream.once('close', () => {
      if (watcher === own) watcher = undefined;
    });
    watcher = own;
    return stream;
  }

  const refuse = (): Promise<never> => Promise.reject(new Error('not in this fake'));
  const kube: KubeClient = {
    server: 'https://fake',
    get: refuse,
    list: list as KubeClient['list'],
    create: refuse,
    replace: refuse,
    apply: refuse,
    mergePatch: refuse,
    delete: refuse,
    watch: ((path, query, { signal }) => watch(path, query, signal)) as KubeClient['watch'],
    close: () => Promise.resolve(),
  };

  const api: FakeApi = {
    kube,
    calls,
    log,
    deaf: false,
    get objects() {
      return objects;
    },
    get watcher() {
      return watcher;
    },
    put(name, spec = {}) {
      const key = `tenants/${name}`;
      const before = objects.get(key);
      version += 1;
      const object = tenant(name, before?.metadata.uid ?? `uid-${++uids}`, String(version), spec);
      objects.set(key, object);
      happen(before ? 'MODIFIED' : 'ADDED', object);
      return structuredClone(object);
    },
    remove(name) {
      const object = objects.get(`tenants/${name}`);
      if (object === undefined) return;
      version += 1;
      objects.delete(keyOf(object));
      happen('DELETED', tenant(name, object.metadata.uid, String(version), object.spec));
    },
    deliver(most = Number.POSITIVE_INFINITY) {
      for (const event of watcher?.pending.splice(0, most) ?? []) watcher?.push(event);
    },
    bookmark() {
      watcher?.push({ type: 'BOOKMARK', object: tenant('', '', String(version), {}) });
    },
    compact() {
      version += 1;
      compacted = version;
    },
    backup: () => ({ version, objects: new Map(objects) }),
    restore(backup) {
      version = backup.version;
      objects = new Map(backup.objects);
      log.splice(0);
      watcher?.pending.splice(0);
    },
    fail: (verb, ...errors) => void failures[verb].push(...errors),
    hangLists() {
      const held = Promise.withResolvers<void>();
      hang = held.promise;
      return () => {
        hang = undefined;
        held.resolve();
      };
    },
  };
  return api;
}

function tenant(
  name: string,
  uid: string,
  resourceVersion: string,
  spec: Record<string, unknown>,
): TenantObject {
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: {
      name,
      namespace: 'tenants',
      uid,
      resourceVersion,
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec,
  };
}
