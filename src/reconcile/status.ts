/** How each integration of a stack is: what the plan says of it, and its last sync. */
import { TenantryError } from '../errors.ts';
import type { ConnectionObserved } from '../resources/airbyte/connection.ts';
import type { World } from '../resources/kind.ts';
import { credentialPath } from '../resources/vault/paths.ts';
import type { Documents } from '../spec/documents.ts';
import type { Prepared } from './run.ts';
import { isChange, type Step } from './step.ts';

/**
 * `ready`: as wanted; `waiting`: something must come first; `differs`: apply would change something; `refused`: an
 * object that is not ours is in the way; `suspended`: paused by its document; `observed`: it differs, and its document
 * says that it is only observed.
 */
export type Status = 'ready' | 'waiting' | 'differs' | 'refused' | 'suspended' | 'observed';

export interface LastSync {
  /** As Airbyte calls it: pending, running, succeeded, failed, … Or as the sidecar does: waiting, skipped. */
  readonly status: string;
  readonly rows: number;
  readonly startedAt: string;
  /** What went wrong, where the sidecar knows it. */
  readonly message?: string;
  readonly nextStep?: string;
}

/** What is known of an integration's syncs without asking Airbyte. */
export interface KnownSync {
  /** Null: there was none. Undefined: not known, Airbyte is asked. */
  readonly lastSync?: LastSync | null | undefined;
  /** RFC 3339. */
  readonly nextSync?: string;
  /** Why nothing is begun although it is due. */
  readonly held?: string;
}

export interface IntegrationStatus {
  readonly tenant: string;
  readonly integration: string;
  /** Name of the document. */
  readonly name: string;
  readonly status: Status;
  readonly waitsFor?: string;
  readonly nextStep?: string;
  readonly lastSync?: LastSync;
  /** RFC 3339; absent: by hand only, suspended, or not known. */
  readonly nextSync?: string;
  /** Why no sync is begun although it is due. */
  readonly held?: string;
}

interface Job {
  readonly jobId: number;
  readonly status: string;
  readonly startTime: string;
  readonly rowsSynced?: number;
  readonly connectionId: string;
}

/** @param known by `{tenant}/{integration}`; what is not in it is asked of Airbyte, with a call for each connection */
export async function integrationStatuses(
  prepared: Prepared,
  documents: Documents,
  world: World,
  known: ReadonlyMap<string, KnownSync> = new Map(),
): Promise<IntegrationStatus[]> {
  const steps = Map.groupBy(prepared.plan.steps, (step) => step.integration ?? `tenant ${step.tenant}`);
  const connections = connectionIds(prepared);
  const suspended = new Set(
    documents.tenants.filter((item) => item.spec.suspend).map((item) => item.metadata.name),
  );
  const shown = documents.integrations.filter((document) => steps.has(document.metadata.name));
  return Promise.all(
    shown.map(async (document) => {
      const { tenant, integration } = document.spec;
      const name = document.metadata.name;
      const concerned = [...(steps.get(name) ?? []), ...(steps.get(`tenant ${tenant}`) ?? [])];
      const connectionId = connections.get(name);
      const { lastSync: told, nextSync, held } = known.get(credentialPath(tenant, integration)) ?? {};
      const isAsked = told === undefined && connectionId !== undefined;
      const lastSync = isAsked ? await lastSyncOf(connectionId, world) : (told ?? undefined);
      const paused = document.spec.suspend || suspended.has(tenant);
      const judged = judge(concerned, paused);
      // What is not there is not begun. And what Airbyte was not told yet, or is not to be told, it does not do.
      const isScheduled = connectionId !== undefined && (told !== undefined || judged.status === 'ready');
      return {
        tenant,
        integration,
        name,
        ...judged,
        ...(lastSync && { lastSync }),
        ...(isScheduled && nextSync !== undefined && { nextSync }),
        ...(held !== undefined && { held }),
      };
    }),
  );
}

function judge(
  steps: readonly Step[],
  paused: boolean,
): Pick<IntegrationStatus, 'status' | 'waitsFor' | 'nextStep'> {
  const refused = steps.find((step) => step.problem && step.action !== 'observe');
  if (refused?.problem)
    return { status: 'refused', waitsFor: refused.problem.message, nextStep: refused.problem.hint };
  const waiting = steps.find((step) => step.waiting)?.waiting;
  if (waiting) return { status: 'waiting', ...waiting };
  if (steps.some(isChange))
    return { status: 'differs', nextStep: 'see `tenantry plan`, then `tenantry apply`' };
  if (steps.some((step) => step.action === 'observe'))
    return { status: 'observed', nextStep: 'see `tenantry plan`; managementPolicy: Manage makes it so' };
  return { status: paused ? 'suspended' : 'ready' };
}

/** Connections that are there, by name of the document. */
function connectionIds(prepared: Prepared): Map<string, string> {
  const ids = new Map<string, string>();
  for (const [key, observed] of prepared.observation.objects.get('airbyte:connection') ?? []) {
    ids.set(key.slice(key.indexOf('/') + 1), (observed as ConnectionObserved).connectionId);
  }
  return ids;
}

/** The newest job of a connection. */
export async function lastSyncOf(connectionId: string, world: World): Promise<LastSync | undefined> {
  const query = { connectionId, limit: 1, orderBy: 'createdAt|DESC' };
  const answer = await world.airbyte.get<{ data: Job[] }>('/jobs', query, world).catch((error: unknown) => {
    // A connection that was removed meanwhile has no jobs.
    if (error instanceof TenantryError && error.code === 'AirbyteRejected') return undefined;
    throw error;
  });
  const job = answer?.data[0];
  return job && { status: job.status, rows: job.rowsSynced ?? 0, startedAt: job.startTime };
}
