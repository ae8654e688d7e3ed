/** What the operator needs of the Kubernetes API: typed by the caller, cancellable, with one place for faults. */

export interface KubeOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Longest wait for the answer, in milliseconds, with all tries and the waits between them. Default 30,000; of a watch only
   * the wait for its beginning counts.
   */
  readonly timeoutMs?: number;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Page<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Set while there are more. */
  readonly continue?: string;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/**
 * Paths begin with `/api/` or `/apis/`. Every call throws a TenantryError: KubernetesUnreachable (no answer, cut,
 * timed out), KubernetesUnavailable (429 and 5xx after the retries), KubernetesUnauthorized (401 also with a token that
 * was read anew), KubernetesForbidden (403), KubernetesGone (410), Conflict (409), KubernetesRejected (400, 422 and other
 * refusals, with the API server's own words), NotFound (404 where the method does not say what else it means), Cancelled.
 * Calls that may be repeated (GET, apply) are, with jitter and Retry-After (capped); after a 429 each call is, because it
 * was not looked at. A wait that does not fit into `timeoutMs` is left to the caller: `retryAfterSeconds` of the error.
 */
export interface KubeClient {
  /** e.g. `https://10.0.0.1:443`; for messages. */
  readonly server: string;
  /** Undefined when there is no such object (404). */
  get<T>(path: string, options?: KubeOptions & { readonly query?: Query }): Promise<T | undefined>;
  list<T>(path: string, query: Query, options?: KubeOptions): Promise<Page<T>>;
  create<T>(path: string, body: unknown, options?: KubeOptions): Promise<T>;
  /** PUT: `body.metadata.resourceVersion` guards against what others wrote meanwhile (Conflict). */
  replace<T>(path: string, body: unknown, options?: KubeOptions): Promise<T>;
  /**
   * Server-side apply with force. `path` may end in `/status`.
   * @throws NotFound when the object is gone and `body.metadata.uid` is given; nothing is made then. Where another object
   * of the same name is there a `/status` is written to it all the same, because the API server does not look at the uid
   */
  apply<T>(
    path: string,
    body: unknown,
    options?: KubeOptions & { readonly fieldManager?: string },
  ): Promise<T>;
  /** JSON merge patch (RFC 7396). @throws NotFound */
  mergePatch<T>(path: string, body: unknown, options?: KubeOptions): Promise<T>;
  /** Not found is success. */
  delete(path: string, options?: KubeOptions & { readonly uid?: string }): Promise<void>;
  /**
   * Events until the server ends the watch (then it returns) or something goes wrong (then it throws; an ERROR event is
   * thrown as its status says, 410 as KubernetesGone).
   */
  watch<T>(
    path: string,
    query: Query,
    options: KubeOptions & { readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>;
  close(): Promise<void>;
}

/** One call, for metrics. */
export interface KubeCall {
  readonly method: string;
  /** HTTP status, or `<error>` where there was no answer. */
  readonly code: string;
  readonly seconds: number;
}
