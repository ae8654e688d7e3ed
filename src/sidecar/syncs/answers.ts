/** What may be told of runs and schedules over HTTP: no name of Airbyte's, no secret. */
import { z } from 'zod';
import { errorCode, integrationName, placeParams, tenantName, when } from '../oauth/schemas.ts';
import type { RunPage, RunStatus, SyncRun, SyncState } from './syncs.ts';

export const runParams = placeParams.extend({ id: z.uuid().describe('Id of the run.') });

/** Statuses that a run leaves again. */
const UNDER_WAY: ReadonlySet<RunStatus> = new Set(['waiting', 'running']);

export function isUnderWay({ status }: Pick<SyncRun, 'status'>): boolean {
  return UNDER_WAY.has(status);
}

export const runAnswer = z
  .object({
    id: z.string(),
    tenant: tenantName,
    integration: integrationName,
    trigger: z
      .enum(['schedule', 'manual', 'retry', 'first'])
      .describe(
        'schedule: it was due; manual: somebody asked for it; retry: one before it failed; first: it was connected.',
      ),
    status: z
      .enum(['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'skipped'])
      .describe(
        'waiting: not begun yet; skipped: not begun, because a quota is used up or the integration is suspended or not connected.',
      ),
    attempt: z.int().describe('1 for the first try.'),
    dueAt: when.nullable().describe('When it was to begin.'),
    startedAt: when.nullable(),
    endedAt: when.nullable(),
    rows: z.int().nullable().describe('Rows that arrived; null: not known yet.'),
    bytes: z.int().nullable().describe('Bytes that arrived; null: not known yet.'),
    error: z
      .object({
        code: errorCode,
        class: z
          .enum([
            'token',
            'rate_limit',
            'airbyte',
            'provider',
            'configuration',
            'schema',
            'stuck',
            'connector',
          ])
          .describe('Kind of failure: what is done about it depends on it.'),
        message: z.string().describe('In plain words.'),
        nextStep: z.string().nullable().describe('What a person can do about it; null: nothing.'),
      })
      .nullable()
      .describe('Why it failed or was not begun.'),
    retryAt: when.nullable().describe('When it is tried again; null: not before it is due the next time.'),
  })
  .meta({ id: 'SyncRun', description: 'One run of a sync.' });

export const runPageAnswer = z
  .object({
    runs: z.array(runAnswer).describe('Newest first.'),
    next: z.string().nullable().describe('For `before`; null: this is the last page.'),
  })
  .meta({ id: 'SyncRunPage', description: 'A page of runs.' });

export const stateAnswer = z
  .object({
    tenant: tenantName,
    integration: integrationName,
    schedule: z.string().describe('Schedule of the document: `manual`, or cron with five fields in UTC.'),
    nextAt: when.nullable().describe('When it is due next; null: by hand only, suspended, or not connected.'),
    last: runAnswer.nullable().describe('The newest run; null: there was none.'),
    consecutiveFailures: z.int().describe('Failures in a row; 0 after a success.'),
    held: z
      .object({ code: errorCode, message: z.string() })
      .nullable()
      .describe('Why nothing is begun although it is due, e.g. a quota.'),
  })
  .meta({ id: 'SyncState', description: 'How the sync of one integration is.' });

export const statesAnswer = z
  .object({ syncs: z.array(stateAnswer) })
  .meta({ id: 'SyncStates', description: 'How the syncs of a tenant are.' });

export const logAnswer = z
  .object({
    lines: z.array(z.object({ at: when, text: z.string().describe('What happened, in plain words.') })),
  })
  .meta({ id: 'SyncLog', description: 'What happened in a run, in its order.' });

export function runView(run: SyncRun): z.output<typeof runAnswer> {
  const { error } = run;
  return {
    id: run.id,
    tenant: run.tenant,
    integration: run.integration,
    trigger: run.trigger,
    status: run.status,
    attempt: run.attempt,
    dueAt: run.dueAt ?? null,
    startedAt: run.startedAt ?? null,
    endedAt: run.endedAt ?? null,
    rows: run.rows ?? null,
    bytes: run.bytes ?? null,
    error: error
      ? {
          code: error.code,
          class: error.class,
          message: error.message,
          nextStep: error.nextStep ?? null,
        }
      : null,
    retryAt: run.retryAt ?? null,
  };
}

export function pageView({ runs, next }: RunPage): z.output<typeof runPageAnswer> {
  return { runs: runs.map(runView), next: next ?? null };
}

export function stateView(state: SyncState): z.output<typeof stateAnswer> {
  const { tenant, integration, schedule, consecutiveFailures } = state;
  return {
    tenant,
    integration,
    schedule,
    nextAt: state.nextAt ?? null,
    last: state.last ? runView(state.last) : null,
    consecutiveFailures,
    held: state.held ? { ...state.held } : null,
  };
}
