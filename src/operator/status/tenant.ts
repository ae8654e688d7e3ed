/** The status of a Tenant. Pure. */
import type { TenantObject, TenantStatus } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import { conditionsOf } from './conditions.ts';
import { commonStatus, given, type StatusOptions } from './status.ts';
import { judge } from './verdict.ts';

/** The status as it should be now; the same as before where nothing is new. */
export function tenantStatus(
  object: TenantObject,
  outcome: DocumentOutcome,
  { now }: StatusOptions,
): TenantStatus {
  const before = object.status;
  const conditions = conditionsOf({ object, verdict: judge(object, outcome), now });
  return {
    ...commonStatus(object, outcome, conditions),
    ...given({
      owned: outcome.owned ?? before?.owned,
      // Who was given a schema keeps it, also while nothing can be looked at.
      schema: outcome.schema ?? before?.schema,
      integrations: outcome.integrations ?? before?.integrations,
    }),
  };
}
