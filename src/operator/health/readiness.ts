/** Decides whether a replica is ready: it knows the objects and would learn of changes. Who follows is as ready as who leads. */
import type { Check, NamedCheck } from './check.ts';

export interface ReadinessFacts {
  readonly watches: readonly {
    /** e.g. `Tenant`. */
    readonly kind: string;
    readonly synced: boolean;
    /** Since the API server last told anything of the kind. */
    readonly silentSeconds: number;
  }[];
  /** For how long the API server has left calls without an answer; 0 where it answers. */
  readonly unansweredSeconds: number;
  /** Undefined where the operator runs without leader election. */
  readonly election?:
    | {
        readonly leading: boolean;
        readonly holder: string | undefined;
        /** Since the Lease was last read or written. */
        readonly silentSeconds: number;
      }
    | undefined;
}

/**
 * The API server sends a bookmark about once a minute but does not promise it. A watch ends after 10 minutes at the
 * latest and is made anew, and a full list comes every 10 minutes: with time for a list that is slow, 12 minutes of
 * silence mean that none of this happens any more.
 */
export const MOST_SILENT_WATCH_SECONDS = 720;

/** Longer than the restart of an API server; the Lease is asked for every 2 s, so that an answer is due all the time. */
export const MOST_UNANSWERED_SECONDS = 60;

export function readiness({ watches, unansweredSeconds, election }: ReadinessFacts): Check {
  return [
    ...watches.map(watchCheck),
    answerCheck(unansweredSeconds),
    ...(election === undefined ? [] : [electionCheck(election)]),
  ];
}

function watchCheck({ kind, synced, silentSeconds }: ReadinessFacts['watches'][number]): NamedCheck {
  const name = `watch-${kind.toLowerCase()}`;
  if (!synced) return { name, ok: false, reason: `the ${kind} objects are not listed yet` };
  if (silentSeconds <= MOST_SILENT_WATCH_SECONDS) return { name, ok: true };
  const reason = `the API server has told nothing of ${kind} objects for ${whole(silentSeconds)}`;
  return { name, ok: false, reason };
}

function answerCheck(seconds: number): NamedCheck {
  const name = 'api-server';
  if (seconds <= MOST_UNANSWERED_SECONDS) return { name, ok: true };
  return { name, ok: false, reason: `the API server has not answered for ${whole(seconds)}` };
}

/** An API server that answers may still refuse the Lease: such a replica would never take over. */
function electionCheck(election: NonNullable<ReadinessFacts['election']>): NamedCheck {
  const { leading, holder, silentSeconds } = election;
  const name = 'leader-election';
  if (silentSeconds > MOST_UNANSWERED_SECONDS) {
    const since = Number.isFinite(silentSeconds) ? `for ${whole(silentSeconds)}` : 'yet';
    return { name, ok: false, reason: `the Lease could not be read ${since}` };
  }
  const state = holder === undefined ? 'nobody leads' : `follows ${holder}`;
  return { name, ok: true, reason: leading ? 'leads' : state };
}

function whole(seconds: number): string {
  return `${Math.floor(seconds)} s`;
}
