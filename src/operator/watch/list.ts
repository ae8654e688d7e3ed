/** One consistent list of all objects, page by page, straight into the store: never a second full copy. */

import type { Sleep } from '../../clients/retry.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { KubeClient, Page } from '../kube/client.ts';
import type { KubeObject } from '../objects.ts';
import type { Store } from './store.ts';
import { SILENT, supervise } from './supervise.ts';

export interface ListOptions<T extends KubeObject> {
  readonly kube: KubeClient;
  readonly path: string;
  readonly store: Store<T>;
  /** Most objects of a page. */
  readonly pageSize: number;
  /** Longest wait for a page with the client's own repetitions, in milliseconds. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly sleep: Sleep;
  /** Version up to which the watch has told everything; undefined when there was a gap. */
  readonly told: string | undefined;
  /** A page is in. */
  readonly onPage: () => void;
}

export interface Listed {
  /** A watch goes on from here. */
  readonly resourceVersion: string;
  /** Changes that the watch had not told. */
  readonly missed: number;
}

/**
 * Without a resourceVersion the API server answers with all that was written before the call. A continue token that
 * expired on the way has the list begin anew, once.
 * @throws what KubeClient.list throws
 */
export async function listAll<T extends KubeObject>(options: ListOptions<T>): Promise<Listed> {
  try {
    return await listOnce(options);
  } catch (error) {
    if (asTenantryError(error).code !== 'KubernetesGone') throw error;
    return await listOnce(options);
  }
}

async function listOnce<T extends KubeObject>(options: ListOptions<T>): Promise<Listed> {
  const listing = options.store.beginList(options.told);
  let resourceVersion: string | undefined;
  let token: string | undefined;
  do {
    const page = await getPage(options, token);
    resourceVersion ??= page.resourceVersion;
    listing.page(resourceVersion, page.items);
    options.onPage();
    token = page.continue;
  } while (token);
  return { resourceVersion, missed: listing.end() };
}

async function getPage<T extends KubeObject>(
  options: ListOptions<T>,
  token: string | undefined,
): Promise<Page<T>> {
  const { kube, path, pageSize, limitMs, signal, now, sleep } = options;
  const deadline = now() + limitMs;
  const page = await supervise({ signal, patience: () => deadline - now(), sleep }, (own) =>
    kube.list<T>(path, { limit: pageSize, continue: token }, { signal: own }),
  );
  if (page === SILENT) {
    throw new TenantryError('KubernetesUnreachable', `GET ${path}: no answer within ${limitMs / 1000} s`);
  }
  return page;
}
