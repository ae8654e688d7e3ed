/** What is written down after a refresh: the row and the lease in one transaction, the next job, the notice. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { Held } from './held.ts';
import { type InstallationRow, readRow, type Settlement, settle } from './installation-row.ts';
import type { Lease, Leases } from './leases.ts';
import { freshness, retryDelayMs } from './lifetime.ts';
import type { CredentialNotices } from './notices.ts';
import { type TokenParts, tellOfChange } from './parts.ts';
import type { Schedule } from './schedule.ts';

export interface AftermathParts extends TokenParts {
  readonly random: () => number;
  readonly leases: Leases;
  readonly notices: CredentialNotices;
  readonly schedule: Schedule;
}

interface Turn {
  readonly place: CredentialPlace;
  readonly view: IntegrationView;
  readonly lease: Lease;
  readonly row: InstallationRow | undefined;
  readonly held: Held;
}

/** Each resolves to false where something could not be written: the token is good, and the next one to look mends it. */
export interface Aftermath {
  succeeded(turn: Turn, renewed: Held): Promise<boolean>;
  nothingToDo(turn: Turn): Promise<boolean>;
  cannot(turn: Turn): Promise<boolean>;
  /** @returns the error for those who wait */
  failed(turn: Turn, error: TenantryError): Promise<TenantryError>;
  judge(turn: Turn, error: TenantryError): Promise<TenantryError>;
}

export function createAftermath(parts: AftermathParts): Aftermath {
  const { database, schedule, notices, leases, metrics, log, now, random, redactor } = parts;

  const write = async (turn: Turn, held: Held, more: Partial<Settlement>): Promise<boolean> =>
    await settle(
      database,
      { ...turn.place, fence: turn.lease.fence },
      {
        state: 'active',
        version: held.version,
        expiresAt: held.expiresAt,
        nextRefreshAt: undefined,
        refreshed: false,
        failed: false,
        reason: undefined,
        callIsOver: true,
        now: now(),
        ...more,
      },
    );

  /** Nobody who waits for a token is refused it because the row could not be written. */
  async function calmly(place: CredentialPlace, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      log.warn({ ...place, err: asTenantryError(thrown) }, 'the end of a refresh was not written down');
      return false;
    }
  }

  function counted({ place }: Turn, outcome: string): void {
    metrics.refreshes.inc({ ...place, outcome });
    const access = { ...place, action: 'token.refresh', actor: 'system:refresh', outcome } as const;
    parts.accessLog.record(access).catch((error: unknown) => {
      log.warn({ ...place, err: asTenantryError(error) }, 'a refresh was not recorded in the access log');
    });
  }

  /** For who shows the state: a token that is remembered is judged by the clock anyway. */
  async function tellState({ place, row }: Turn, state: Settlement['state']): Promise<void> {
    if (row?.credential_state !== state) await notices.tell(place);
  }

  /** True where an earlier call with the same refresh token has been answered, and nobody knows what. */
  const wasInterrupted = ({ lease, held }: Turn): boolean => lease.callingVersion === held.version;

  return {
    async succeeded(turn, renewed) {
      const { place, view } = turn;
      counted(turn, 'ok');
      return await calmly(place, async () => {
        const next = schedule.at(place, renewed, true);
        const isOurs = await write(turn, renewed, { nextRefreshAt: next, refreshed: true });
        // A holder whose fence has passed tells the others to look, and writes nothing.
        if (isOurs) await Promise.all([schedule.set(place, next), schedule.push(place, view.entry)]);
        await notices.tell(place, isOurs ? renewed.version : undefined);
      });
    },

    async nothingToDo(turn) {
      const { place, held, row, lease } = turn;
      return await calmly(place, async () => {
        const isTold = row?.credential_version === held.version && row.credential_state === 'active';
        if (isTold && lease.callingVersion === undefined && row.refresh_failures === 0) {
          await leases.release(place, lease.fence);
          return;
        }
        // The version was stored by one who could not write it down any more.
        const next = schedule.at(place, held, true);
        if (!(await write(turn, held, { nextRefreshAt: next }))) return;
        await schedule.set(place, next);
        await tellState(turn, 'active');
      });
    },

    async cannot(turn) {
      const { place, held } = turn;
      return await calmly(place, async () => {
        const isOver = freshness(held, now(), 0) === 'ended';
        const next = isOver ? undefined : schedule.at(place, held, false);
        const reason = isOver
          ? {
              code: 'NeedsReauthorization',
              message: 'the token has ended; nothing is there to renew it with',
            }
          : undefined;
        const state = isOver ? 'expired' : 'active';
        if (!(await write(turn, held, { state, reason, nextRefreshAt: next }))) return;
        await schedule.set(place, next);
        if (reason) {
          const id = String(held.version);
          await tellOfChange(parts, { place, type: 'needs_reauthorization', id, reason });
        }
        await tellState(turn, state);
      });
    },

    async failed(turn, error) {
      const { place, held, row } = turn;
      counted(turn, error.code);
      const failures = (row?.refresh_failures ?? 0) + 1;
      const delay = retryDelayMs(held, now(), {
        failures,
        retryAfterSeconds: error.retryAfterSeconds,
        random,
      });
      const next = now() + delay;
      const state = freshness(held, now(), 0) === 'ended' ? 'expired' : 'active';
      await calmly(place, async () => {
        const isOurs = await write(turn, held, {
          state,
          nextRefreshAt: next,
          failed: true,
          reason: { code: error.code, message: redactor.redact(error.message) },
          // After a timeout nobody knows whether the refresh token was used; a refusal says that it was not.
          callIsOver: error.code === 'ProviderRejected' && !wasInterrupted(turn),
        });
        if (!isOurs) return;
        await schedule.set(place, next);
        await tellState(turn, state);
      });
      const { code, message, hint } = error;
      log.warn({ ...place, code, failures, delayMs: delay }, 'a refresh failed');
      return new TenantryError(code, message, {
        cause: error,
        hint,
        retryAfterSeconds: Math.max(1, Math.ceil(delay / 1000)),
      });
    },

    async judge(turn, error) {
      const { place, held } = turn;
      counted(turn, error.code);
      const message = wasInterrupted(turn)
        ? `an earlier refresh was interrupted before its answer was stored, and now: ${error.message}`
        : error.message;
      log.warn({ ...place, code: error.code }, 'a credential needs re-authorization');
      await calmly(place, async () => {
        const isOurs = await write(turn, held, {
          state: 'needs_reauthorization',
          reason: { code: error.code, message: redactor.redact(message) },
        });
        if (!isOurs) return;
        await schedule.set(place, undefined);
        await notices.tell(place);
        const reason = { code: error.code, message: redactor.redact(message) };
        await tellOfChange(parts, { place, type: 'needs_reauthorization', id: String(held.version), reason });
        // A person who connected in this moment has made a job of their own, which may just have been taken back.
        const row = await readRow(database, place);
        const next = row?.next_refresh_at?.getTime();
        if (next !== undefined) await schedule.set(place, next);
      });
      return new TenantryError(error.code, message, { cause: error, hint: error.hint });
    },
  };
}
