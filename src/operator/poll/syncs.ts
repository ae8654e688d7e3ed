/** Follows the syncs that Airbyte runs and writes the newest of each connection into the status. */
import { setTimeout as timer } from 'node:timers/promises';
import { asTenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { recentJobs } from '../../reconcile/recent-jobs.ts';
import type { World } from '../../resources/kind.ts';
import type { KubeClient } from '../kube/client.ts';
import { FIELD_MANAGER, type IntegrationObject, keyOf, type LastSyncStatus, pathOf } from '../objects.ts';
import type { Informer } from '../watch/informer.ts';

export interface SyncsOptions {
  readonly kube: KubeClient;
  readonly world: World;
  readonly integrations: Informer<IntegrationObject>;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A field manager of its own: who writes conditions and who writes syncs do not undo each other. */
const SYNC_MANAGER = `${FIELD_MANAGER}-syncs`;
/** How far the first look goes back: what ended while no operator ran is told as well. */
const FIRST_MS = 24 * 3_600_000;
/** A job is seen although the clocks differ, or Airbyte writes it late. */
const OVERLAP_MS = 120_000;

/** Resolves when the signal aborts. Failures are logged once and tried again at the next look. */
export async function followSyncs(options: SyncsOptions): Promise<void> {
  const { world, log, now, signal, everyMs, sleep = pause } = options;
  let since = now() - FIRST_MS;
  let failed = false;
  const known = new Map<string, LastSyncStatus>();
  while (!signal.aborted) {
    await sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      const began = now();
      const jobs = await recentJobs({ ...world, signal }, { since: new Date(since) });
      for (const [connection, job] of jobs) known.set(connection, job);
      await writeAll(known, options);
      since = began - OVERLAP_MS;
      failed = false;
    } catch (error) {
      if (!failed && !signal.aborted) log.warn({ err: asTenantryError(error) }, 'the syncs cannot be read');
      failed = true;
    }
  }
}

async function writeAll(
  known: ReadonlyMap<string, LastSyncStatus>,
  { kube, integrations, signal, log }: SyncsOptions,
): Promise<void> {
  for (const object of integrations.objects.values()) {
    const connection = object.status?.ids?.['airbyte/connection'];
    const sync = connection === undefined ? undefined : known.get(connection);
    if (sync === undefined || isSame(object.status?.lastSync, sync)) continue;
    const { namespace, name, uid } = object.metadata;
    const path = `${pathOf('TenantIntegration', namespace, name)}/status`;
    const { apiVersion, kind } = object;
    const body = { apiVersion, kind, metadata: { namespace, name, uid }, status: { lastSync: sync } };
    try {
      integrations.wrote(
        await kube.apply<IntegrationObject>(path, body, { fieldManager: SYNC_MANAGER, signal }),
      );
    } catch (cause) {
      const error = asTenantryError(cause);
      if (error.code !== 'NotFound')
        log.warn({ object: keyOf(object), err: error }, 'the last sync was not written');
    }
  }
}

function isSame(a: LastSyncStatus | undefined, b: LastSyncStatus): boolean {
  const keys = new Set([...Object.keys(a ?? {}), ...Object.keys(b)]) as Set<keyof LastSyncStatus>;
  return [...keys].every((key) => a?.[key] === b[key]);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await timer(ms, undefined, { signal }).catch(() => undefined);
}
