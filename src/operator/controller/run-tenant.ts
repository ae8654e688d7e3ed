/** One tenant: carries out its part of the plan, writes what came of it, and says when to come again. */
import { asTenantryError, type TenantryError } from '../../errors.ts';
import { apply } from '../../reconcile/apply.ts';
import type { ResourceResult } from '../../reconcile/events.ts';
import { allSteps } from '../../reconcile/plan.ts';
import { limitsOf, type Prepared } from '../../reconcile/run.ts';
import { isChange } from '../../reconcile/step.ts';
import { kindOf } from '../../resources/index.ts';
import { schemaOf } from '../../spec/names.ts';
import type { AnyObject, CredentialStatus, IntegrationObject } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import type { ControllerContext } from './context.ts';
import { noteDrift } from './drift.ts';
import { removeFinalizer } from './finalizers.ts';
import { isObserveOnly, isSuspended, type Job } from './job.ts';
import {
  failedOutcome,
  integrationOutcome,
  isRetryable,
  resultsOf,
  stateOutcome,
  type TenantRun,
  tenantOutcome,
} from './outcomes.ts';
import { holdPrunes, objectKeyOf, unfinished } from './removal.ts';
import { writeStatus } from './status-writer.ts';

/** How it went, for the queue and the metrics. */
export interface TenantResult {
  /** Try again soon. */
  readonly again: boolean;
  readonly results: readonly ResourceResult[];
  readonly error?: TenantryError;
}

export interface TenantWork {
  readonly job: Job;
  readonly part: Prepared;
  /** Objects in the systems of each integration that is being removed. */
  readonly removable: ReadonlyMap<string, ReadonlySet<string>>;
  /** The last full look was used for a part of it. */
  readonly light: boolean;
  /** What the sidecar says of the credentials, by `tenant/integration`. */
  readonly credentials: ReadonlyMap<string, CredentialStatus>;
  /** Aborts when this replica may change nothing more. */
  readonly fence: AbortSignal;
}

export async function runTenant(work: TenantWork, context: ControllerContext): Promise<TenantResult> {
  const { job, fence } = work;
  const part = job.held ? holdPrunes(work.part, allowedOf(work)) : work.part;
  const changes = allSteps(part.plan).filter(isChange);
  const run = await carryOut(part, { fence, changes: changes.length, context });
  noteDrift(job, changes, { run, context });
  remember(work, run, context);
  const outcomes = outcomesOf(work, run, context);
  const stays = await release({ ...work, part }, run, context);
  let written = true;
  for (const [object, outcome] of new Map([...outcomes, ...stays])) {
    if (outcome === 'gone') continue;
    written = (await writeStatus(object, outcome, context, fence)) && written;
  }
  const refused = [...stays.values()].some((left) => left !== 'gone' && left.error?.retryable);
  return { again: isRetryable(run.results) || !written || refused || fence.aborted, results: run.results };
}

function allowedOf({ removable }: TenantWork): Set<string> {
  return new Set([...removable.values()].flatMap((keys) => [...keys]));
}

async function carryOut(
  part: Prepared,
  {
    fence,
    changes,
    context,
  }: { readonly fence: AbortSignal; readonly changes: number; readonly context: ControllerContext },
): Promise<TenantRun> {
  const { graph, plan } = part;
  if (changes === 0) return { graph, plan, results: resultsOf(plan), outputs: plan.outputs };
  const outputs = new Map(plan.outputs);
  const results = await apply(
    part,
    { ...context.world, signal: fence },
    {
      limits: limitsOf(context.backends.settings),
      stop: AbortSignal.any([fence, context.stop]),
      onOutput: (resource, observed) => outputs.set(resource.id, observed),
    },
  );
  return { graph, plan, results, outputs };
}

function remember(
  { job, light }: TenantWork,
  { graph, outputs, results }: TenantRun,
  { memory }: ControllerContext,
): void {
  const { name } = job.unit;
  const isWhole = results.every(
    ({ outcome }) =>
      outcome === 'unchanged' || outcome === 'created' || outcome === 'updated' || outcome === 'waiting',
  );
  if (isWhole && !job.leaves && !job.makesNothing) memory.keep(name, { graph, outputs, light });
  else memory.forget(name);
  for (const resource of graph.resources()) {
    if (kindOf(resource.kind).type !== 'airbyte:workspace') continue;
    const id = (outputs.get(resource.id) as { workspaceId?: string } | undefined)?.workspaceId;
    if (id !== undefined) memory.workspaceIds.set(name, id);
  }
}

function outcomesOf(
  { job, credentials }: TenantWork,
  run: TenantRun,
  context: Pick<ControllerContext, 'owner'>,
): Map<AnyObject, DocumentOutcome> {
  const { unit, document } = job;
  const outcomes = new Map<AnyObject, DocumentOutcome>();
  for (const integration of job.integrations) {
    const object = unit.integrations.find((each) => each.metadata.name === integration.metadata.name);
    if (object === undefined) continue;
    const outcome = integrationOutcome(run, integration.metadata.name, {
      observeOnly: isObserveOnly(job, integration),
      suspended: isSuspended(job, integration),
      credential: credentials.get(`${unit.name}/${integration.spec.integration}`),
    });
    outcomes.set(object, outcome);
  }
  const facts = {
    observeOnly: isObserveOnly(job),
    suspended: isSuspended(job),
    integrations: unit.integrations.length,
    schema: schemaOf(document),
  };
  const keeper = { owner: context.owner, namespace: unit.namespace };
  outcomes.set(unit.tenant, tenantOutcome(run, facts, keeper));
  return outcomes;
}

/** Takes the finalizer off what is removed; of the others, what they wait for. */
async function release(
  { job, part, removable, fence }: TenantWork,
  run: TenantRun,
  context: ControllerContext,
): Promise<Map<AnyObject, DocumentOutcome | 'gone'>> {
  const left = new Map<AnyObject, DocumentOutcome | 'gone'>();
  const letGo = async (object: AnyObject, rest: ResourceResult | undefined): Promise<void> => {
    if (rest) left.set(object, deletingOutcome(rest));
    else left.set(object, await released(object, context, fence));
  };
  for (const { object } of job.removing) {
    const keys = removable.get(object.metadata.name);
    await letGo(
      object,
      unfinished(part.plan.prunes, run.results, (target) => keys?.has(objectKeyOf(target)) ?? true),
    );
  }
  if (job.leaves)
    await letGo(
      job.unit.tenant,
      unfinished(part.plan.prunes, run.results, () => true),
    );
  else if (job.unit.tenant.metadata.deletionTimestamp !== undefined) {
    left.set(job.unit.tenant, remainOutcome(job.unit.integrations));
  }
  return left;
}

async function released(
  object: AnyObject,
  context: ControllerContext,
  fence: AbortSignal,
): Promise<DocumentOutcome | 'gone'> {
  try {
    await removeFinalizer(object, context, fence);
    return 'gone';
  } catch (error) {
    return failedOutcome(asTenantryError(error));
  }
}

function deletingOutcome(rest: ResourceResult): DocumentOutcome {
  const why = rest.problem
    ? `${rest.problem.message}; ${rest.problem.hint}`
    : (rest.waiting?.waitsFor ?? rest.outcome);
  return stateOutcome('Deleting', `${rest.kind} ${rest.name} is not removed yet: ${why}`);
}

function remainOutcome(integrations: readonly IntegrationObject[]): DocumentOutcome {
  const names = integrations.map((object) => object.metadata.name);
  const shown = names.slice(0, 10).join(', ');
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return stateOutcome('IntegrationsRemain', `delete its TenantIntegrations first: ${shown}${more}`);
}
