/** What the operator reads of the sidecar's tables of syncs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readToldSyncs } from '../../../src/operator/poll/sync-rows.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
  await systems.admin.script(`
    insert into tenantry.sync_states (tenant, integration, schedule, runner, connection_id, next_at, held_code, held_message) values
      ('acme', 'notion', '0 * * * *', 'Sidecar', 'c-failed', '2026-03-01T11:00:05.250Z', null, null),
      ('acme', 'slack', '30 * * * *', 'Airbyte', 'c-airbyte', null, null, null),
      ('acme', 'github', 'manual', 'Sidecar', 'c-held', null, 'QuotaExceeded', 'the quota of today is used up'),
      ('acme', 'jira', '0 * * * *', null, 'c-suspended', null, null, null),
      ('acme', 'linear', '0 * * * *', 'Sidecar', null, '2026-03-01T11:00:00Z', null, null);
    insert into tenantry.sync_runs (tenant, integration, trigger, status, job_id, error_message, next_step, created_at) values
      ('acme', 'notion', 'schedule', 'failed', '8', 'Notion refuses', 'connect again', '2026-03-01T10:00:00Z'),
      ('acme', 'notion', 'schedule', 'succeeded', '7', null, null, '2026-03-01T09:00:00Z'),
      ('acme', 'github', 'schedule', 'skipped', null, 'the quota of today is used up', null, '2026-03-01T10:00:00Z')`);
});
afterAll(() => systems?.close());

it('is the newest run and the next time of each connection that somebody runs', async () => {
  const told = await readToldSyncs(systems.database, new AbortController().signal);
  expect(Object.fromEntries(told)).toEqual({
    'c-failed': {
      nextTime: '2026-03-01T11:00:05Z',
      schedule: undefined,
      jobId: '8',
      status: 'failed',
      message: 'Notion refuses; next step: connect again',
    },
    'c-airbyte': {
      nextTime: undefined,
      schedule: '30 * * * *',
      jobId: undefined,
      status: undefined,
      message: undefined,
    },
    'c-held': {
      nextTime: undefined,
      schedule: undefined,
      jobId: undefined,
      status: 'skipped',
      message: 'the quota of today is used up',
    },
  });
});
