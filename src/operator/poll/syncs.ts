/** Follows the syncs of each connection and writes the last and the next one into the status. */
import { isDeepStrictEqual } from 'node:util';
import { createLimit } from '../../clients/limit.ts';
import type { Sleep } from '../../clients/retry.ts';
import { asTenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { recentJobs, type SyncJob } from '../../reconcile/recent-jobs.ts';
import type { World } from '../../resources/kind.ts';
import { nextInAirbyte } from '../../sidecar/syncs/due.ts';
import type { KubeClient } from '../kube/client.ts';
import {
  FIELD_MANAGER,
  type IntegrationObject,
  type IntegrationStatus,
  keyOf,
  type LastSyncStatus,
  pathOf,
} from '../objects.ts';
import { wholeSeconds } from '../times.ts';
import type { Informer } from '../watch/informer.ts';
import { pause } from './pause.ts';
import type { ToldSync } from './sync-rows.ts';

export interface SyncsOptions {
  readonly kube: Pick<KubeClient, 'apply'>;
  readonly world: Pick<World, 'airbyte'>;
  /** What the sidecar knows beside Airbyte, by id of the connection; undefined while it cannot be asked. Never rejects. */
  readonly told: () => Promise<ReadonlyMap<string, ToldSync> | undefined>;
  readonly integrations: Pick<Informer<IntegrationObject>, 'objects' | 'wrote'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Ends early when the signal aborts. Default: a timer. */
  readonly sleep?: Sleep;
}

/** A field manager of its own: who writes conditions and who writes syncs do not undo each other. */
export const SYNC_MANAGER = `${FIELD_MANAGER}-syncs`;
/** How far the first look goes back: what ended while no operator ran is told as well. */
const FIRST_MS = 24 * 3_600_000;
/** A job is seen although the clocks differ, or Airbyte writes it late. */
const OVERLAP_MS = 120_000;
const WRITES = 8;

interface Known {
  readonly sync: LastSyncStatus;
  /** Time of the look that found it. */
  readonly foundAt: number;
}

/** Resolves when the signal aborts. Failures are logged once and tried again at the next look. */
export async function followSyncs(options: SyncsOptions): Promise<void> {
  const { world, log, now, signal, everyMs, sleep = pause } = options;
  let since = now() - FIRST_MS;
  let failed = false;
  /** By connection. The id of a new one may come into the status later than its first job. */
  const known = new Map<string, Known>();
  while (!signal.aborted) {
    await sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      const foundAt = now();
      const jobs = await recentJobs({ ...world, signal } as World, { since: new Date(since) });
      for (const [connection, job] of jobs) known.set(connection, { sync: statusOf(job), foundAt });
      await writeAll(known, await options.told(), options);
      since = foundAt - OVERLAP_MS;
      failed = false;
    } catch (error) {
      if (!failed && !signal.aborted)
        log.warn({ err: asTenantryError(error) }, 'the last syncs cannot be told');
      failed = true;
    }
  }
}

/** What a job has moved grows until it ends: told before, it would be a write at every look. */
function statusOf(job: SyncJob): LastSyncStatus {
  if (job.completionTime !== undefined) return job;
  const { rows: _rows, bytes: _bytes, ...told } = job;
  return told;
}

/** What is written under the field manager of syncs: all of it each time, or the server would take the rest away. */
type SyncStatus = Pick<IntegrationStatus, 'lastSync' | 'nextSyncTime'>;

/** @throws what a later look may well do: then nothing more is tried in this one */
async function writeAll(
  known: Map<string, Known>,
  told: ReadonlyMap<string, ToldSync> | undefined,
  options: SyncsOptions,
): Promise<void> {
  const limit = createLimit(WRITES);
  const wanted = new Set<string>();
  const writes: Promise<void>[] = [];
  let failure: unknown;
  for (const object of options.integrations.objects.values()) {
    const connection = object.status?.ids?.['airbyte/connection'];
    if (connection === undefined) continue;
    wanted.add(connection);
    const said = told && { of: withNext(told.get(connection), object, options.now()) };
    const status = wantedStatus(object.status, known.get(connection)?.sync, said);
    if (isSame(object.status, status)) continue;
    const write = async (): Promise<void> => {
      if (failure === undefined) await put(object, status, options);
    };
    writes.push(
      limit(write).catch((error: unknown) => {
        failure ??= error;
      }),
    );
  }
  await Promise.all(writes);
  if (failure !== undefined) throw failure;
  for (const [connection, { foundAt }] of known) {
    if (!wanted.has(connection) && options.now() - foundAt > FIRST_MS) known.delete(connection);
  }
}

function withNext(
  told: ToldSync | undefined,
  { metadata, spec }: IntegrationObject,
  now: number,
): ToldSync | undefined {
  // Of what is only observed Airbyte may know another schedule.
  if (told?.schedule === undefined || spec['managementPolicy'] === 'Observe') return told;
  const [tenant, integration] = [String(spec['tenant']), String(spec['integration'])];
  const next = nextInAirbyte({ tenant, integration, name: metadata.name, schedule: told.schedule }, now);
  return next === undefined ? told : { ...told, nextTime: wholeSeconds(next) };
}

/** @param told undefined while the sidecar cannot be asked: what it said before stays */
function wantedStatus(
  before: SyncStatus = {},
  job: LastSyncStatus | undefined,
  told: { readonly of: ToldSync | undefined } | undefined,
): SyncStatus {
  const { message: said, ...rest } = before.lastSync ?? {};
  const sync = job ?? ('status' in rest && rest.jobId !== undefined ? rest : undefined);
  const isSameJob = sync?.jobId === before.lastSync?.jobId && sync?.status === before.lastSync?.status;
  const message = told ? messageOf(told.of, sync) : isSameJob ? said : undefined;
  const nextSyncTime = told ? told.of?.nextTime : before.nextSyncTime;
  const lastSync = sync ?? (message === undefined ? undefined : { status: told?.of?.status ?? 'skipped' });
  return {
    ...(lastSync && { lastSync: { ...lastSync, ...(message !== undefined && { message }) } }),
    ...(nextSyncTime !== undefined && { nextSyncTime }),
  };
}

/** Of another job than the one that is shown it would be misleading; without a job it says why there is none. */
function messageOf(told: ToldSync | undefined, sync: LastSyncStatus | undefined): string | undefined {
  return told?.jobId === undefined || told.jobId === sync?.jobId ? told?.message : undefined;
}

async function put(
  object: IntegrationObject,
  status: SyncStatus,
  { kube, integrations, signal, log }: SyncsOptions,
): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const { namespace, name, uid } = metadata;
  const path = `${pathOf('TenantIntegration', namespace, name)}/status`;
  const body = { apiVersion, kind, metadata: { namespace, name, uid }, status };
  try {
    integrations.wrote(
      await kube.apply<IntegrationObject>(path, body, { fieldManager: SYNC_MANAGER, signal }),
    );
  } catch (cause) {
    const error = asTenantryError(cause);
    // The object is gone: there is nobody to tell.
    if (error.code === 'NotFound') return;
    if (error.retryable || error.code === 'Cancelled') throw error;
    log.warn({ object: keyOf(object), err: error }, 'the last sync was not written');
  }
}

function isSame(before: SyncStatus = {}, status: SyncStatus): boolean {
  return isDeepStrictEqual(
    { lastSync: before.lastSync, nextSyncTime: before.nextSyncTime },
    { lastSync: status.lastSync, nextSyncTime: status.nextSyncTime },
  );
}
