/** The client of the Kubernetes API over HTTP: each verb with its path, media type and meaning of refusals. */

import { TenantryError } from '../../errors.ts';
import { FIELD_MANAGER } from '../objects.ts';
import type { KubeClient, KubeOptions, Page, Query, WatchEvent } from './client.ts';
import { unreachable } from './errors.ts';
import { startLimit } from './limit.ts';
import { type JsonAnswer, type KubeRequest, Transport, type TransportOptions, whatOf } from './transport.ts';
import { readEvents } from './watch-events.ts';

/** https://kubernetes.io/docs/reference/using-api/server-side-apply/; JSON is YAML. */
const APPLY = 'application/apply-patch+yaml';
/** RFC 7396 */
const MERGE_PATCH = 'application/merge-patch+json';

/** So long a watch may take to begin. */
const WATCH_BEGINS_MS = 30_000;

export function createKubeClient(server: string, options: TransportOptions): KubeClient {
  const transport = new Transport(options);

  async function bodyOf<T>(request: KubeRequest): Promise<T> {
    return accepted<T>(request, await transport.send(request));
  }

  function accepted<T>(request: KubeRequest, answer: JsonAnswer): T {
    if (answer.body === undefined) throw transport.refusal(request, answer);
    return answer.body as T;
  }

  async function get<T>(
    path: string,
    { query, ...rest }: KubeOptions & { readonly query?: Query } = {},
  ): Promise<T | undefined> {
    const request: KubeRequest = { method: 'GET', path, query, repeatable: true, ...rest };
    const answer = await transport.send(request);
    return answer.status === 404 ? undefined : accepted<T>(request, answer);
  }

  /** True when there is no object with that uid any more, be there another one of the same name or none. */
  async function isGone(path: string, uid: string, rest: KubeOptions): Promise<boolean> {
    const there = await get<{ metadata?: { uid?: string } }>(path.replace(/\/status$/, ''), rest);
    return there?.metadata?.uid !== uid;
  }

  return {
    server,
    get,

    async list<T>(path: string, query: Query, rest: KubeOptions = {}): Promise<Page<T>> {
      const { items, metadata } = await bodyOf<{
        items?: readonly T[] | null;
        metadata?: { resourceVersion?: string; continue?: string };
      }>({ method: 'GET', path, query, repeatable: true, ...rest });
      return {
        items: items ?? [],
        resourceVersion: metadata?.resourceVersion ?? '',
        ...(metadata?.continue && { continue: metadata.continue }),
      };
    },

    create: (path, body, rest) => bodyOf({ method: 'POST', path, body, repeatable: false, ...rest }),

    replace: (path, body, rest) => bodyOf({ method: 'PUT', path, body, repeatable: false, ...rest }),

    async apply<T>(
      path: string,
      body: unknown,
      { fieldManager = FIELD_MANAGER, ...rest }: KubeOptions & { readonly fieldManager?: string } = {},
    ): Promise<T> {
      const request: KubeRequest = {
        method: 'PATCH',
        path,
        query: { fieldManager, force: true },
        body,
        contentType: APPLY,
        repeatable: true,
        ...rest,
      };
      const answer = await transport.send(request);
      const uid = uidOf(body);
      if (uid === undefined) return accepted<T>(request, answer);
      // With a uid the API server makes no new object: it calls it a conflict that there is none (409), and a change of
      // what cannot change where there is another (422).
      if ((answer.status === 409 || answer.status === 422) && (await isGone(path, uid, rest)))
        throw gone(path, uid);
      const after = accepted<T>(request, answer);
      // Under /status it does not look at the uid; who watches the later object sets its status right.
      if (uidOf(after) !== uid) throw gone(path, uid);
      return after;
    },

    mergePatch: (path, body, rest) =>
      bodyOf({ method: 'PATCH', path, body, contentType: MERGE_PATCH, repeatable: false, ...rest }),

    async delete(path, { uid, ...rest } = {}) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...(uid && { preconditions: { uid } }) };
      const request: KubeRequest = { method: 'DELETE', path, body, repeatable: false, ...rest };
      const answer = await transport.send(request);
      if (answer.status === 404) return;
      if (answer.status === 409 && uid !== undefined && (await isGone(path, uid, rest))) return;
      accepted(request, answer);
    },

    watch,

    close: () => transport.close(),
  };

  async function* watch<T>(
    path: string,
    query: Query,
    { signal, timeoutMs }: KubeOptions & { readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const request: KubeRequest = {
      method: 'GET',
      path,
      query: { ...query, watch: true },
      repeatable: false,
    };
    const limit = startLimit(timeoutMs ?? WATCH_BEGINS_MS, signal);
    try {
      const stream = await transport.open(request, limit);
      // Whoever stops to look destroys it, and nobody else would hear of that error.
      stream.on('error', () => undefined);
      try {
        yield* readEvents<T>(stream, whatOf(request));
      } finally {
        stream.destroy();
      }
    } catch (error) {
      const ended = limit.error(whatOf(request));
      throw ended ?? (error instanceof TenantryError ? error : unreachable(whatOf(request), error));
    } finally {
      limit.end();
    }
  }
}

function uidOf(body: unknown): string | undefined {
  return (body as { metadata?: { uid?: string } } | null)?.metadata?.uid;
}

function gone(path: string, uid: string): TenantryError {
  return new TenantryError('NotFound', `PATCH ${path}: the object with uid ${uid} is gone`, {
    hint: 'it was deleted meanwhile; nothing is to be done',
  });
}
