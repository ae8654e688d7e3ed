/** From what a run found and did for a tenant to the outcome of each of its documents. */
import { isRetryableCode, type TenantryError } from '../../errors.ts';
import type { Graph } from '../../plan/graph.ts';
import type { Outcome, ResourceResult } from '../../reconcile/events.ts';
import { allSteps, type Plan } from '../../reconcile/plan.ts';
import { type Action, isChange, type Step } from '../../reconcile/step.ts';
import type { Observed } from '../../resources/kind.ts';
import type { Owner } from '../../resources/mark.ts';
import type { ClaimObserved } from '../../resources/vault/claim.ts';
import type { CredentialStatus } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';

/** One tenant after a look and, where something differed, an apply. */
export interface TenantRun {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly results: readonly ResourceResult[];
  /** What is there now, by id of the resource. */
  readonly outputs: ReadonlyMap<string, Observed>;
}

/** A plan without changes is its own result. */
const UNTOUCHED: Partial<Record<Action, Outcome>> = {
  none: 'unchanged',
  keep: 'kept',
  wait: 'waiting',
  refuse: 'failed',
  block: 'blocked',
};

export function resultsOf(plan: Plan): ResourceResult[] {
  return allSteps(plan).map((step) => {
    const { id, kind, name, tenant, integration, waiting, problem } = step;
    return {
      id,
      kind,
      name,
      tenant,
      integration,
      outcome: UNTOUCHED[step.action] ?? 'observed',
      ...(waiting && { waiting }),
      ...(problem && { problem }),
    };
  });
}

export interface OutcomeFacts {
  readonly observeOnly: boolean;
  readonly suspended: boolean;
  readonly credential?: CredentialStatus | undefined;
}

const EMPTY = { results: [], changes: [], observeOnly: false, suspended: false, ids: {} } as const;

/** Nothing could be looked at. */
export function failedOutcome(error: TenantryError): DocumentOutcome {
  return { ...EMPTY, error };
}

export function stateOutcome(
  reason: NonNullable<DocumentOutcome['state']>['reason'],
  message: string,
): DocumentOutcome {
  return { ...EMPTY, state: { reason, message } };
}

/** Of the Tenant's own resources, and of objects that no document names any more. */
export function tenantOutcome(
  run: TenantRun,
  facts: OutcomeFacts & { readonly integrations: number; readonly schema: string },
  keeper: Keeper,
): DocumentOutcome {
  const own = <T extends Pick<ResourceResult, 'integration'>>(items: readonly T[]): T[] =>
    items.filter((item) => item.integration === undefined);
  return {
    results: own(run.results),
    changes: own(allSteps(run.plan)).filter(concerns),
    ...facts,
    claim: claimOf(run)?.mark?.owner,
    owned: isOwned(claimOf(run), keeper),
    ids: idsOf(run, undefined),
  };
}

/** Who a tenant must be claimed for, to be served. */
export interface Keeper {
  readonly owner: Owner;
  /** Of the Tenant. */
  readonly namespace: string;
}

/** A claim without a namespace is not ours yet: it was handed over, and is completed when the tenant is applied. */
function isOwned(claim: Partial<ClaimObserved> | undefined, { owner, namespace }: Keeper): boolean {
  return claim?.mark?.owner === owner && claim.namespace === namespace;
}

export function integrationOutcome(run: TenantRun, name: string, facts: OutcomeFacts): DocumentOutcome {
  const results = run.results.filter((result) => result.integration === name);
  const tenantFailed = run.results.some(
    (result) => result.integration === undefined && result.outcome === 'failed',
  );
  const blocked =
    tenantFailed && results.every((result) => result.outcome === 'blocked' || result.outcome === 'unchanged');
  return {
    results,
    changes: allSteps(run.plan).filter((step) => step.integration === name && concerns(step)),
    ...facts,
    ...(blocked && {
      state: { reason: 'TenantNotReady' as const, message: 'the Tenant is not ready; see its status' },
    }),
    claim: claimOf(run)?.mark?.owner,
    ids: idsOf(run, name),
  };
}

/** Also what is only reported. */
function concerns(step: Step): boolean {
  return isChange(step) || step.action === 'observe';
}

function claimOf(run: TenantRun): Partial<ClaimObserved> | undefined {
  for (const resource of run.graph.resources()) {
    if (resource.kind === 'vault:claim') return run.outputs.get(resource.id);
  }
  return undefined;
}

/** Outputs that are ids of Airbyte, by kind. */
const ID_OUTPUTS: Readonly<Record<string, string>> = {
  'airbyte:workspace': 'workspaceId',
  'airbyte:destination': 'id',
  'airbyte:source': 'id',
  'airbyte:connection': 'connectionId',
};

function idsOf(run: TenantRun, integration: string | undefined): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const resource of run.graph.resources()) {
    const output = ID_OUTPUTS[resource.kind];
    if (output === undefined || resource.integration !== integration) continue;
    const id = (run.outputs.get(resource.id) as Record<string, unknown> | undefined)?.[output];
    if (typeof id === 'string') ids[resource.kind.replace(':', '/')] = id;
  }
  return ids;
}

/** Will the same be tried again soon? A failure that only a person can mend is not. */
export function isRetryable(results: readonly ResourceResult[]): boolean {
  return results.some(
    ({ outcome, problem }) =>
      outcome === 'cancelled' ||
      (outcome === 'failed' && problem !== undefined && isRetryableCode(problem.code)),
  );
}
