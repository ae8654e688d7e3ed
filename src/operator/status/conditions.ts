/** The conditions of an object, made of what was found now and of what they said before. */
import { isErrorCode, isRetryableCode } from '../../errors.ts';
import type { AnyObject, Condition, ConditionType, CredentialStatus, Reason } from '../objects.ts';
import { wholeSeconds } from '../times.ts';
import { say } from './messages.ts';
import { sayReconnect, type Verdict } from './verdict.ts';

/** How long something may fail for a passing reason before Ready is no longer believed, in milliseconds. */
export const PATIENCE_MS = 5 * 60_000;

type Words = Pick<Condition, 'status' | 'reason' | 'message'>;

/** What the conditions are made from. */
export interface ConditionInput {
  readonly object: AnyObject;
  readonly verdict: Verdict;
  /** Of a TenantIntegration that has one. */
  readonly credential?: CredentialStatus | undefined;
  /** The step by which the credential comes, where it is waited for. */
  readonly nextStep?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Ready always; Reconciling and Stalled only while they hold (Kubernetes API conventions: "abnormal-true"), never both;
 * CredentialReady where there is a credential.
 */
export function conditionsOf(input: ConditionInput): Condition[] {
  const { credential, verdict } = input;
  const isTried = triesOn(input);
  const abnormal: Words = { status: 'True', reason: verdict.reason, message: verdict.message };
  return [
    ready(input, isTried),
    ...(isTried ? [condition(input, 'Reconciling', steady(input, 'Reconciling', abnormal))] : []),
    ...(verdict.kind === 'stalled' ? [condition(input, 'Stalled', abnormal)] : []),
    ...(credential ? [condition(input, 'CredentialReady', ofCredential(input, credential))] : []),
  ];
}

function triesOn(input: ConditionInput): boolean {
  const { kind } = input.verdict;
  if (kind === 'working' || kind === 'passing' || kind === 'removing') return true;
  return waitsForTenant(input) && isBelieved(input);
}

/** A Tenant that fails for a moment must not make all its integrations flicker. */
function waitsForTenant({ verdict }: ConditionInput): boolean {
  return verdict.reason === 'TenantNotReady';
}

/** Was it ready as the document says now, and was that not long ago? */
function isBelieved(input: ConditionInput): boolean {
  const ready = before(input, 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === generationOf(input) && !isOverdue(input);
}

/** Has it been tried for longer than anybody would wait? */
function isOverdue(input: ConditionInput): boolean {
  const since = before(input, 'Reconciling');
  return since?.status === 'True' && input.now - Date.parse(since.lastTransitionTime) >= PATIENCE_MS;
}

function ready(input: ConditionInput, isTried: boolean): Condition {
  const { verdict, object } = input;
  const { reason, message } = verdict;
  const was = before(input, 'Ready');
  const set = (status: Condition['status']): Condition =>
    condition(input, 'Ready', steady(input, 'Ready', { status, reason, message }));
  if (verdict.kind === 'ready') return set('True');
  const isKnown = was?.observedGeneration === generationOf(input);
  if (verdict.kind === 'working') return isKnown ? was : set('Unknown');
  if (verdict.kind === 'notReady') return isTried && was ? was : set('False');
  if (verdict.kind !== 'passing' || !isKnown || object.metadata.deletionTimestamp !== undefined) {
    return set('False');
  }
  // It failed before for such a reason: the newest is told, and the state is as well known as it was.
  if (was.status !== 'True' && isPassing(was.reason)) return set(was.status);
  return isOverdue(input) ? set('Unknown') : was;
}

function isPassing(reason: Reason): boolean {
  return reason === 'Cancelled' || (isErrorCode(reason) && isRetryableCode(reason));
}

/** The words of a passing failure differ from try to try (which call it hit first); one code is one message. */
function steady(input: ConditionInput, type: ConditionType, words: Words): Words {
  const was = before(input, type);
  const isSame = was?.reason === words.reason && was.status === words.status;
  return isSame && isPassing(words.reason) && was.observedGeneration === generationOf(input)
    ? { ...words, message: was.message }
    : words;
}

function ofCredential(input: ConditionInput, { state }: CredentialStatus): Words {
  const { object, nextStep } = input;
  const { tenant, integration } = object.spec;
  const connect = `tenantry connect ${String(tenant)} ${String(integration)}`;
  switch (state) {
    case 'Ready':
      return { status: 'True', reason: 'Connected', message: 'the credential is there' };
    case 'Missing': {
      const message = say('there is no credential yet', nextStep ?? connect);
      return { status: 'False', reason: 'WaitingForCredential', message };
    }
    case 'Expired': {
      const message = say(
        'the access token has ended and was not refreshed yet',
        `if it stays so: ${connect}`,
      );
      return { status: 'False', reason: 'CredentialExpired', message };
    }
    default:
      return { status: 'False', reason: 'NeedsReauthorization', message: sayReconnect(object, state) };
  }
}

function condition(input: ConditionInput, type: ConditionType, words: Words): Condition {
  const was = before(input, type);
  const lastTransitionTime = was?.status === words.status ? was.lastTransitionTime : wholeSeconds(input.now);
  return { type, ...words, observedGeneration: generationOf(input), lastTransitionTime };
}

function before({ object }: ConditionInput, type: ConditionType): Condition | undefined {
  return object.status?.conditions?.find((each) => each.type === type);
}

function generationOf({ object }: ConditionInput): number {
  return object.metadata.generation;
}
