/** Rows of the tables of syncs, and what of them is told. */
import type { ErrorCode } from '../../errors.ts';
import type { SyncRunner } from '../../spec/syncs.ts';
import type { FailureClass, RunStatus, SyncRun, SyncState, Trigger } from './syncs.ts';

export interface RunRow extends Record<string, unknown> {
  readonly id: string;
  readonly tenant: string;
  readonly integration: string;
  readonly connection_id: string | null;
  readonly job_id: string | null;
  readonly trigger: Trigger;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly error_code: ErrorCode | null;
  readonly error_class: FailureClass | null;
  readonly error_message: string | null;
  readonly next_step: string | null;
  readonly slot: Date | null;
  readonly due_at: Date | null;
  readonly wait_until: Date | null;
  readonly claimed_until: Date | null;
  readonly tries: number;
  readonly asked_at: Date | null;
  readonly renew_token: boolean;
  readonly started_at: Date | null;
  readonly progress_at: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly ended_at: Date | null;
  readonly retry_at: Date | null;
  readonly failures: number;
  readonly created_at: Date;
}

/** With numbers where Postgres has bigint, which comes as text. */
export const RUN_COLUMNS = `id, tenant, integration, connection_id, job_id, trigger, status, attempt,
  rows::float8 as rows, bytes::float8 as bytes, error_code, error_class, error_message, next_step, slot, due_at,
  wait_until, claimed_until, tries, asked_at, renew_token, started_at, progress_at, cancel_requested_at, ended_at,
  retry_at, failures, created_at`;

export interface StateRow extends Record<string, unknown> {
  readonly tenant: string;
  readonly integration: string;
  readonly schedule: string;
  readonly runner: SyncRunner | null;
  readonly slot: Date | null;
  readonly next_at: Date | null;
  readonly wants_first: boolean;
  readonly look_at: Date | null;
  readonly looks: number;
  readonly connection_id: string | null;
  readonly source_id: string | null;
  readonly workspace_id: string | null;
  readonly first_of: string | null;
  readonly pushed_version: number | null;
  readonly failures: number;
  readonly held_code: ErrorCode | null;
  readonly held_message: string | null;
}

export const STATE_COLUMNS = `tenant, integration, schedule, runner, slot, next_at, wants_first, look_at, looks,
  connection_id, source_id, workspace_id, first_of, pushed_version::float8 as pushed_version, failures, held_code,
  held_message`;

const iso = (date: Date | null): string | undefined => date?.toISOString();

export function runOf(row: RunRow): SyncRun {
  const { error_code: code, error_message: message } = row;
  return {
    id: row.id,
    tenant: row.tenant,
    integration: row.integration,
    trigger: row.trigger,
    status: row.status,
    attempt: row.attempt,
    dueAt: iso(row.due_at),
    startedAt: iso(row.started_at),
    endedAt: iso(row.ended_at),
    rows: row.rows ?? undefined,
    bytes: row.bytes ?? undefined,
    error:
      code === null || message === null
        ? undefined
        : {
            code,
            class: row.error_class ?? 'airbyte',
            message,
            ...(row.next_step !== null && { nextStep: row.next_step }),
          },
    retryAt: iso(row.retry_at),
  };
}

/** Why nothing is started although it is due. */
export function heldOf({ held_code: code, held_message: message }: StateRow): SyncState['held'] {
  return code === null || message === null ? undefined : { code, message };
}
