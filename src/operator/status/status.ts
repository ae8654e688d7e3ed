/** What both kinds have in their status, and what it takes to write one. */
import { isDeepStrictEqual } from 'node:util';
import {
  ANNOTATIONS,
  type AnyObject,
  type CommonStatus,
  type Condition,
  type ConditionType,
} from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import { planStatus } from './plan.ts';

export interface StatusOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** False where nothing could be looked at: what was known before is then all that is known. */
export function wasLookedAt({ error, state }: DocumentOutcome): boolean {
  return error === undefined && state === undefined;
}

/** The part that both kinds have. */
export function commonStatus(
  object: AnyObject,
  outcome: DocumentOutcome,
  conditions: readonly Condition[],
): CommonStatus {
  const before = object.status;
  const looked = wasLookedAt(outcome);
  const knowsIds = looked || Object.keys(outcome.ids).length > 0;
  const handled = object.metadata.annotations?.[ANNOTATIONS.reconcileRequested];
  return given({
    observedGeneration: object.metadata.generation,
    conditions,
    claim: outcome.claim ?? (looked ? undefined : before?.claim),
    lastHandledReconcileAt: handled ?? before?.lastHandledReconcileAt,
    plan: looked ? (outcome.observeOnly ? planStatus(outcome.changes) : undefined) : before?.plan,
    ids: nonEmpty(knowsIds ? outcome.ids : before?.ids),
  });
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the fields that have no value. */
export function given<T extends object>(fields: T): Partial<Given<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
    Given<T>
  >;
}

function nonEmpty(ids: CommonStatus['ids']): CommonStatus['ids'] {
  return ids && Object.keys(ids).length > 0 ? ids : undefined;
}

/** Conditions that are ours; those of others are left alone. */
const OURS: ReadonlySet<ConditionType> = new Set(['Ready', 'Reconciling', 'Stalled', 'CredentialReady']);

/** Does the API server have this status already? The order of conditions and fields means nothing. */
export function sameStatus(before: AnyObject['status'], after: AnyObject['status']): boolean {
  return isDeepStrictEqual(comparable(before), comparable(after));
}

function comparable(status: AnyObject['status']): object {
  const { conditions = [], ...fields } = status ?? {};
  const ours = conditions.filter(({ type }) => OURS.has(type));
  const byType = Object.fromEntries(ours.map((each) => [each.type, each]));
  // As it would come back: a field without a value is none.
  return JSON.parse(JSON.stringify({ ...fields, conditions: byType })) as object;
}

/**
 * Body of a server-side apply of `…/status`. The API server does not compare the uid there: what keeps a status from an
 * object that was made anew under the name is the finalizer, without which no object goes while it is worked on.
 */
export function statusBody(object: AnyObject, status: NonNullable<AnyObject['status']>): object {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, uid }, status };
}
