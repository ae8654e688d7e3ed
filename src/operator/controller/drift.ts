/** Tells of what was changed from outside: in the metrics, the log, and where it was put right as an Event. */
import type { ResourceResult } from '../../reconcile/events.ts';
import type { Step } from '../../reconcile/step.ts';
import { type AnyObject, conditionOf } from '../objects.ts';
import { planStatus } from '../status/plan.ts';
import { type ControllerContext, nameOf } from './context.ts';
import type { Job } from './job.ts';
import type { TenantRun } from './outcomes.ts';

type Context = Pick<ControllerContext, 'metrics' | 'log' | 'events'>;

/** Something differs although the documents are the ones that were reconciled before. */
export function noteDrift(
  job: Job,
  changes: readonly Step[],
  { run, context }: { readonly run: TenantRun; readonly context: Context },
): void {
  const drifted = changes.filter((step) => isDrift(job, step));
  for (const step of drifted) {
    const object = objectOf(job, step);
    context.metrics.onDrift(step.kind);
    const fields = step.changes.map((change) => change.path);
    context.log.info({ ...nameOf(object), resource: step.id, action: step.action, fields }, 'drift');
  }
  const results = new Map(run.results.map((result) => [result.id, result]));
  for (const [object, steps] of Map.groupBy(drifted, (step) => objectOf(job, step))) {
    tellRepaired(
      object,
      steps.filter(({ id }) => isDone(results.get(id))),
      context,
    );
  }
}

function objectOf({ unit }: Job, { integration }: Step): AnyObject {
  return unit.integrations.find(({ metadata }) => metadata.name === integration) ?? unit.tenant;
}

function isDrift(job: Job, step: Step): boolean {
  // It is started for each credential anew.
  if (step.kind === 'airbyte:first-sync' || isNewSecret(step)) return false;
  if (!wasReady(objectOf(job, step))) return false;
  if (step.integration !== undefined) return true;
  // What belongs to the Tenant depends on its integrations too: on new ones, and on those that go.
  return job.removing.length === 0 && !job.leaves && job.unit.integrations.every(wasSeen);
}

/** What these kinds say where nothing but a secret is newer than what was done with it. */
const OF_SECRETS: ReadonlySet<string> = new Set(['secrets', 'encryption']);

/** A refreshed, rotated or hand-written credential is taken over, and nobody has meddled. */
function isNewSecret({ action, changes }: Step): boolean {
  return action === 'update' && changes.length > 0 && changes.every(({ path }) => OF_SECRETS.has(path));
}

function wasReady(object: AnyObject): boolean {
  const ready = conditionOf(object, 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === object.metadata.generation;
}

function wasSeen({ metadata, status }: AnyObject): boolean {
  return status?.observedGeneration === metadata.generation;
}

const DONE: ReadonlySet<ResourceResult['outcome']> = new Set(['created', 'updated', 'deleted', 'retired']);

function isDone(result: ResourceResult | undefined): boolean {
  return result !== undefined && DONE.has(result.outcome);
}

function tellRepaired(object: AnyObject, steps: readonly Step[], { events }: Context): void {
  const lines = planStatus(steps)?.changes;
  if (lines === undefined) return;
  const message = `was changed from outside and is as the document says again: ${lines.join('; ')}`;
  events.record(object, { type: 'Normal', reason: 'DriftRepaired', message });
}
