/**
 * Tells of a sync that fails again and again, and of its recovery: to the tenant's endpoints, in the log and as a metric;
 * once for each streak of failures, whatever dies in between.
 */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { SidecarContext } from '../context.ts';
import type { Query } from '../database/database.ts';
import { emitEvent } from '../webhooks/events.ts';
import { failedMail, recoveredMail } from './alert-words.ts';
import type { TellEnd } from './runner.ts';
import type { SyncRun } from './syncs.ts';
import { placeOf } from './wanted.ts';

/** A streak of failures as the database has it. */
interface Streak extends Record<string, unknown> {
  /** First failed run of the streak; null: there is none any more. */
  readonly first: string | null;
  readonly since: Date | null;
  /** End of the last good run before it. */
  readonly good: Date | null;
  /** True when a good run has ended after the one that is told of. */
  readonly is_over: boolean;
}

export function createAlerts(context: SidecarContext): TellEnd {
  const { database, stack, log, metrics } = context;

  async function tellFailed(run: SyncRun, failures: number, signal: AbortSignal): Promise<void> {
    if (failures < stack.current().platform.spec.syncs.alertAfter) return;
    if (await isAlerted(run, signal)) return;
    const [streak] = await database.asTenant(run.tenant, (query) => readStreak(query, run), { signal });
    if (!streak || streak.is_over || streak.first === null) return;
    const facts = { failures, since: streak.since, lastSuccessAt: streak.good, name: nameOf(run) };
    // The id is the streak's: who is killed before the mark is set does it again, and it goes out once all the same.
    await emitEvent(
      context,
      { ...placeOf(run), type: 'sync.failed', id: streak.first, data: failedData(run, facts) },
      { signal },
    );
    if (!(await mark(run, true, signal))) return;
    metrics.syncAlerts.inc({ integration: run.integration, type: 'failed' });
    const { code, class: kind } = run.error ?? {};
    log.warn({ ...placeOf(run), run: run.id, failures, code, class: kind }, 'a sync fails again and again');
  }

  async function tellRecovered(run: SyncRun, signal: AbortSignal): Promise<void> {
    if (!(await isAlerted(run, signal))) return;
    const data = recoveredData(run, nameOf(run));
    await emitEvent(context, { ...placeOf(run), type: 'sync.recovered', id: run.id, data }, { signal });
    if (!(await mark(run, false, signal))) return;
    metrics.syncAlerts.inc({ integration: run.integration, type: 'recovered' });
    log.info({ ...placeOf(run), run: run.id }, 'a sync that failed again and again works again');
  }

  async function isAlerted({ tenant, integration }: CredentialPlace, signal: AbortSignal): Promise<boolean> {
    const [state] = await database.asTenant(
      tenant,
      (query) =>
        query<{ alerted: boolean }>(
          'select alerted from tenantry.sync_states where tenant = $1 and integration = $2',
          [tenant, integration],
        ),
      { signal },
    );
    return state?.alerted ?? false;
  }

  /** True for the one that changed it: over all replicas only that one counts and logs. */
  async function mark(place: CredentialPlace, alerted: boolean, signal: AbortSignal): Promise<boolean> {
    const rows = await database.asTenant(
      place.tenant,
      (query) =>
        query(
          `update tenantry.sync_states set alerted = $3, updated_at = to_timestamp($4)
            where tenant = $1 and integration = $2 and alerted <> $3 returning 1`,
          [place.tenant, place.integration, alerted, context.now() / 1000],
        ),
      { signal },
    );
    return rows.length > 0;
  }

  function nameOf({ integration }: CredentialPlace): string {
    return stack.current().catalog.get(integration)?.name ?? integration;
  }

  return async (run, consecutiveFailures, signal) => {
    if (run.status === 'failed') await tellFailed(run, consecutiveFailures, signal);
    if (run.status === 'succeeded') await tellRecovered(run, signal);
  };
}

function readStreak(query: Query, run: SyncRun): Promise<Streak[]> {
  return query<Streak>(
    `with ends as (
       select id, status, ended_at from tenantry.sync_runs
        where tenant = $1 and integration = $2 and status in ('succeeded', 'failed')
     ), good as (
       select max(ended_at) as at from ends where status = 'succeeded' and ended_at <= $3::timestamptz
     ), first as (
       select ends.id, ends.ended_at from ends, good
        where status = 'failed' and ended_at > coalesce(good.at, '-infinity')
        order by ended_at, ends.id limit 1
     )
     select first.id as first, first.ended_at as since, good.at as good,
            exists (select from ends where status = 'succeeded' and ended_at > $3) as is_over
       from good left join first on true`,
    [run.tenant, run.integration, run.endedAt ?? null],
  );
}

interface FailedFacts {
  readonly failures: number;
  readonly since: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly name: string;
}

function failedData(
  run: SyncRun,
  { name, failures, since, lastSuccessAt }: FailedFacts,
): Record<string, unknown> {
  const { code, class: kind, message, nextStep } = run.error ?? {};
  const facts = { failures, since: stamp(since), lastSuccessAt: stamp(lastSuccessAt) };
  return {
    run: run.id,
    ...facts,
    error: run.error ? { code, class: kind, message, nextStep: nextStep ?? null } : null,
    retryAt: run.retryAt ?? null,
    ...failedMail(run, { name, ...facts }),
  };
}

function recoveredData(run: SyncRun, name: string): Record<string, unknown> {
  return { run: run.id, rows: run.rows ?? null, bytes: run.bytes ?? null, ...recoveredMail(run, name) };
}

function stamp(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
