/** Kind airbyte:first-sync: the job that is started once, after a connection is made. */
import { TenantryError } from '../../errors.ts';
import { kind, type Observed, type World } from '../kind.ts';
import { mergeMetadata } from '../vault/kv.ts';

export interface FirstSyncInputs {
  readonly connectionId: string;
  /** Connection that the first sync was started for, from the credential's metadata; '' when none was. */
  readonly startedFor: string;
  readonly credentialPath: string;
}

export interface FirstSyncObserved extends Observed {
  readonly jobId: number | undefined;
}

export const firstSync = kind<FirstSyncInputs, FirstSyncObserved>({
  type: 'airbyte:first-sync',
  backend: 'airbyte',
  ownership: 'shared',
  holdsData: false,
  key: (inputs) => inputs.connectionId,
  // The record in the credential's metadata arrives as an input; Airbyte need not be asked.
  observe: async () => undefined,
  observeAll: async () => new Map(),

  diff(inputs) {
    return inputs.startedFor === inputs.connectionId ? [] : [{ path: 'job', after: 'sync' }];
  },

  async sync(inputs, _observed, world) {
    const job = (await jobOf(inputs.connectionId, world)) ?? (await startJob(inputs.connectionId, world));
    const record = { first_sync: inputs.connectionId };
    await mergeMetadata(world.vault, inputs.credentialPath, record, { signal: world.signal, exists: true });
    return { jobId: job?.jobId };
  },

  async remove() {
    // A job that ran leaves nothing to remove.
  },
});

interface Job {
  readonly jobId: number;
}

/** Any job of the connection: it was started and not recorded, e.g. by a run that was killed in between. */
async function jobOf(connectionId: string, world: World): Promise<Job | undefined> {
  const answer = await world.airbyte.get<{ data: Job[] }>('/jobs', { connectionId, limit: 1 }, world);
  return answer?.data[0];
}

async function startJob(connectionId: string, world: World): Promise<Job | undefined> {
  const body = { connectionId, jobType: 'sync' };
  return world.airbyte.post<Job>('/jobs', body, world).catch((error: unknown) => {
    // 409: one is running already, which is what is wanted.
    if (error instanceof TenantryError && error.code === 'Conflict') return undefined;
    throw error;
  });
}
