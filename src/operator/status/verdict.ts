/** Judges what one reconcile found: what the conditions of an object should say, without regard to what they said. */
import { type ErrorCode, isRetryableCode } from '../../errors.ts';
import { ANNOTATIONS, type AnyObject, type Reason } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import { firstOf, say, sayFailed } from './messages.ts';
import type { StatusReason } from './reasons.ts';

/**
 * - `ready`: as wanted;
 * - `notReady`: is not, and a person or something else has to act; nothing is tried meanwhile;
 * - `working`: the work is under way;
 * - `passing`: failed, and is tried again;
 * - `stalled`: failed, and trying again is of no use before somebody changes something;
 * - `removing`: being deleted.
 */
export type VerdictKind = 'ready' | 'notReady' | 'working' | 'passing' | 'stalled' | 'removing';

export interface Verdict {
  readonly kind: VerdictKind;
  readonly reason: Reason;
  readonly message: string;
}

export function judge(object: AnyObject, outcome: DocumentOutcome): Verdict {
  const found =
    ofError(outcome) ?? ofState(outcome) ?? ofFailures(outcome) ?? ofObserved(outcome) ?? ofWaiting(outcome);
  if (object.metadata.deletionTimestamp !== undefined) return ofDeletion(found);
  return found ?? ofCredential(object, outcome) ?? asWanted(outcome);
}

function failure(reason: ErrorCode, message: string): Verdict {
  // What was stopped half-way is taken up again by this replica or the next.
  const isPassing = reason === 'Cancelled' || isRetryableCode(reason);
  return { kind: isPassing ? 'passing' : 'stalled', reason, message };
}

function ofError({ error }: DocumentOutcome): Verdict | undefined {
  return error && failure(error.code, say(error.message, error.hint));
}

/** States in which everything is as the document says. */
const READY: ReadonlySet<StatusReason> = new Set(['Reconciled', 'Suspended', 'Connected']);
const WORKING: ReadonlySet<StatusReason> = new Set(['Progressing', 'Pending', 'Deleting']);

function ofState({ state }: DocumentOutcome): Verdict | undefined {
  if (state === undefined) return undefined;
  const { reason } = state;
  const kind = READY.has(reason) ? 'ready' : WORKING.has(reason) ? 'working' : 'notReady';
  return { kind, reason, message: say(state.message) };
}

function ofFailures({ results }: DocumentOutcome): Verdict | undefined {
  const failed = results.filter(({ outcome, problem }) => outcome === 'failed' && problem !== undefined);
  // What a person must mend comes first: the rest is tried again anyway.
  const lasting = failed.filter(({ problem }) => problem && !isRetryableCode(problem.code));
  const first = firstOf(lasting) ?? firstOf(failed);
  if (first?.problem) return failure(first.problem.code, sayFailed(first, failed.length - 1));
  if (results.some(({ outcome }) => outcome === 'cancelled' || outcome === 'failed')) {
    return { kind: 'passing', reason: 'Cancelled', message: say('stopped before the end; it goes on soon') };
  }
  const blocked = firstOf(results.filter(({ outcome }) => outcome === 'blocked'));
  if (blocked === undefined) return undefined;
  const { kind, name, problem } = blocked;
  const message = problem?.message ?? `${kind} ${name} depends on what failed`;
  return { kind: 'notReady', reason: 'Blocked', message: say(message, problem?.hint) };
}

function ofObserved({ observeOnly, changes }: DocumentOutcome): Verdict | undefined {
  if (!observeOnly || changes.length === 0) return undefined;
  const count = changes.length === 1 ? '1 thing differs' : `${changes.length} things differ`;
  const message = say(
    `${count}, and managementPolicy: Observe changes nothing`,
    'see status.plan; set managementPolicy: Manage to have it done',
  );
  return { kind: 'notReady', reason: 'Differs', message };
}

function ofWaiting({ results }: DocumentOutcome): Verdict | undefined {
  const waiting = firstOf(results.filter(({ outcome }) => outcome === 'waiting'))?.waiting;
  if (waiting === undefined) return undefined;
  const reason = isForCredential(waiting) ? 'WaitingForCredential' : 'Waiting';
  return { kind: 'notReady', reason, message: say(`waits for ${waiting.waitsFor}`, waiting.nextStep) };
}

/** The gate that the plan puts before what needs the tenant's credential. */
export function isForCredential({ waitsFor }: { readonly waitsFor: string }): boolean {
  return waitsFor.startsWith('credential ');
}

/** A credential that only a person can bring back stops the integration, although its resources are as wanted. */
function ofCredential(object: AnyObject, { credential }: DocumentOutcome): Verdict | undefined {
  if (credential?.state !== 'NeedsReauthorization' && credential?.state !== 'Revoked') return undefined;
  return {
    kind: 'notReady',
    reason: 'NeedsReauthorization',
    message: sayReconnect(object, credential.state),
  };
}

export function sayReconnect(object: AnyObject, state: 'NeedsReauthorization' | 'Revoked'): string {
  const { tenant, integration } = object.spec;
  const what =
    state === 'Revoked' ? 'the credential was revoked' : 'the provider does not take the credential any more';
  return say(what, `tenantry connect ${String(tenant)} ${String(integration)}`);
}

function asWanted({ observeOnly, suspended }: DocumentOutcome): Verdict {
  const observed = observeOnly ? '; managementPolicy: Observe changes nothing' : '';
  return suspended
    ? {
        kind: 'ready',
        reason: 'Suspended',
        message: `everything is as the document says, and syncs are paused${observed}`,
      }
    : { kind: 'ready', reason: 'Reconciled', message: `everything is as the document says${observed}` };
}

const ABANDON = `if that system is gone for good, annotate the object with ${ANNOTATIONS.onDelete}=Abandon`;

function ofDeletion(found: Verdict | undefined): Verdict {
  if (found === undefined || found.kind === 'ready' || found.reason === 'Differs') {
    return {
      kind: 'removing',
      reason: 'Deleting',
      message: 'what belongs to it is being removed or released',
    };
  }
  if (found.kind === 'working') return { ...found, kind: 'removing' };
  return found.kind === 'notReady' ? found : { ...found, message: say(`${found.message}; ${ABANDON}`) };
}
