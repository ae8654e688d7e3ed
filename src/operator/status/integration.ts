/** The status of a TenantIntegration. Pure. */
import type { CredentialStatus, IntegrationObject, IntegrationStatus } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import { conditionsOf } from './conditions.ts';
import { firstOf } from './messages.ts';
import { commonStatus, given, type StatusOptions, wasLookedAt } from './status.ts';
import { isForCredential, judge } from './verdict.ts';

/** The status as it should be now; the same as before where nothing is new. */
export function integrationStatus(
  object: IntegrationObject,
  outcome: DocumentOutcome,
  { now }: StatusOptions,
): IntegrationStatus {
  const before = object.status;
  const gate = credentialGate(outcome);
  const credential = credentialOf(before?.credential, outcome, gate !== undefined);
  const verdict = judge(object, outcome);
  const conditions = conditionsOf({ object, verdict, credential, nextStep: gate?.nextStep, now });
  return {
    ...commonStatus(object, outcome, conditions),
    ...given({
      namespace: namespaceOf(object, outcome),
      credential,
      lastSync: before?.lastSync,
      nextSyncTime: before?.nextSyncTime,
    }),
  };
}

function credentialGate({ results }: DocumentOutcome): { readonly nextStep: string } | undefined {
  return firstOf(results.filter(({ waiting }) => waiting && isForCredential(waiting)))?.waiting;
}

/** What the sidecar says; without it, the gate tells whether there is one. */
function credentialOf(
  before: CredentialStatus | undefined,
  outcome: DocumentOutcome,
  isWaitedFor: boolean,
): CredentialStatus | undefined {
  if (outcome.credential !== undefined) return outcome.credential;
  if (isWaitedFor) return { state: 'Missing' };
  return before?.state === 'Missing' && wasLookedAt(outcome) ? { state: 'Ready' } : before;
}

/** Of a document that was acted on; another one may still want what it had. */
function namespaceOf(object: IntegrationObject, outcome: DocumentOutcome): string | undefined {
  const isActedOn = wasLookedAt(outcome) && !outcome.observeOnly;
  if (!isActedOn) return object.status?.namespace;
  const namespace = (object.spec['sync'] as { readonly namespace?: unknown } | undefined)?.namespace;
  return typeof namespace === 'string' ? namespace : undefined;
}
