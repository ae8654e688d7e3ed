/** One batch: sorts the units that are due, looks at the systems for all of them at once, and runs each for itself. */
import { throwIfCancelled } from '../../clients/http.ts';
import { createLimit, type Limit } from '../../clients/limit.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { apply } from '../../reconcile/apply.ts';
import { limitsOf, type Prepared, planSettings } from '../../reconcile/run.ts';
import { isChange } from '../../reconcile/step.ts';
import type { ReconcileResult } from '../metrics.ts';
import type { AnyObject } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import { type ControllerContext, nameOf } from './context.ts';
import { addFinalizer, removeFinalizer } from './finalizers.ts';
import type { Job } from './job.ts';
import { documentsOf, type Looked, look } from './look.ts';
import { failedOutcome } from './outcomes.ts';
import { objectsOf } from './removal.ts';
import { runTenant, type TenantResult } from './run-tenant.ts';
import { sortUnit } from './sort-unit.ts';
import { writeStatus } from './status-writer.ts';

/** Tenants whose applies run at the same time. One that is slow holds one of these places. */
const APPLIES = 48;
const STATUS_WRITES = 32;

export interface Running {
  /** Resolves when the systems were looked at; the next batch may begin. */
  readonly looked: Promise<void>;
  /** Resolves when every tenant has ended. Neither rejects. */
  readonly done: Promise<void>;
}

export interface BatchRunner {
  /** Every key is given back to the queue when its own work has ended. */
  run(keys: readonly string[]): Running;
}

export interface BatchHooks {
  /** Called once for each key. */
  readonly onFinished: () => void;
}

export function createBatchRunner(context: ControllerContext, hooks: BatchHooks): BatchRunner {
  const limits = { applies: createLimit(APPLIES), writes: createLimit(STATUS_WRITES) };
  return {
    run(keys) {
      const looked = Promise.withResolvers<void>();
      const batch = new Batch(context, limits, { ...hooks, onLooked: looked.resolve });
      const done = batch.run(keys).finally(looked.resolve);
      return { looked: looked.promise, done };
    },
  };
}

interface Limits {
  readonly applies: Limit;
  readonly writes: Limit;
}

class Batch {
  readonly #context: ControllerContext;
  readonly #limits: Limits;
  readonly #began: number;

  readonly #hooks: BatchHooks & { readonly onLooked: () => void };

  constructor(
    context: ControllerContext,
    limits: Limits,
    hooks: BatchHooks & { readonly onLooked: () => void },
  ) {
    this.#hooks = hooks;
    // A token that was read for an earlier batch may have been refreshed since.
    const secrets = context.backends.newSecrets();
    this.#context = { ...context, world: { ...context.world, secrets } };
    this.#limits = limits;
    this.#began = context.now();
  }

  async run(keys: readonly string[]): Promise<void> {
    const jobs: Job[] = [];
    const settled: Promise<void>[] = [];
    for (const key of keys) {
      const job = this.#sort(key, settled);
      if (job) jobs.push(job);
    }
    try {
      if (jobs.length > 0) await this.#work(jobs);
    } catch (error) {
      await Promise.all(jobs.map((job) => this.#failed(job, asTenantryError(error))));
    }
    await Promise.all(settled);
  }

  /** What needs no look at the systems is done here. */
  #sort(key: string, settled: Promise<void>[]): Job | undefined {
    const { units, documents, due } = this.#context;
    const why = due.take(key);
    const unit = units.of(key);
    const sorted = sortUnit({
      unit,
      documents: documents.of(unit),
      refusal: documents.refusal,
      light: [...why].every((each) => each === 'poll' || each === 'notice'),
    });
    const told = this.#tell(sorted.outcomes, sorted.release);
    if (sorted.job) {
      settled.push(told.then((written) => (written ? undefined : this.#context.due.retry(key))));
      return sorted.job;
    }
    settled.push(told.then((written) => this.#finish(key, { again: !written, results: [] })));
    return undefined;
  }

  /** @returns false when something could not be written */
  async #tell(
    outcomes: ReadonlyMap<AnyObject, DocumentOutcome>,
    release: readonly AnyObject[],
  ): Promise<boolean> {
    const { world } = this.#context;
    const signal = world.signal ?? new AbortController().signal;
    const written = [...outcomes].map(([object, outcome]) =>
      this.#limits.writes(() => writeStatus(object, outcome, this.#context, signal)),
    );
    const released = release.map((object) => this.#limits.writes(() => this.#release(object, signal)));
    return (await Promise.all([...written, ...released])).every(Boolean);
  }

  async #release(object: AnyObject, signal: AbortSignal): Promise<boolean> {
    const { log } = this.#context;
    try {
      await removeFinalizer(object, this.#context, signal);
      log.info(nameOf(object), 'released; nothing outside of Kubernetes was touched');
      return true;
    } catch (error) {
      if (!signal.aborted) log.warn({ ...nameOf(object), err: error }, 'the finalizer was not removed');
      return false;
    }
  }

  async #work(jobs: readonly Job[]): Promise<void> {
    const { fence } = this.#context;
    const held = fence.current();
    if (held === undefined) throw fence.reason();
    const finalizers = this.#finalizers(jobs, held);
    let { parts, failures, late, light, shared } = await this.#look(jobs);
    this.#noteSlow(jobs, failures);
    if (shared !== undefined && (await this.#preparePlatform(shared, held)))
      ({ parts, failures, late, light } = await this.#look(jobs));
    const credentials = await this.#context.credentials(jobs.map((job) => job.unit.name));
    this.#hooks.onLooked();
    const unheld = await finalizers;
    const removable = this.#removable(jobs);
    await Promise.all(
      jobs.map((job) => {
        const { key, name } = job.unit;
        // It is looked at by itself now, with all the time that a tenant has; only that look's failure is worth telling.
        if (late.has(name)) return this.#finish(key, { again: true, results: [] });
        const part = parts.get(name);
        const error = unheld.get(key) ?? failures.get(name);
        if (error || !part)
          return this.#failed(job, error ?? new TenantryError('Internal', `nothing was planned for ${name}`));
        return this.#limits.applies(async () => {
          try {
            throwIfCancelled(this.#context.stop);
            const known = {
              removable: removable.get(name) ?? new Map(),
              credentials,
              light: light.has(name),
            };
            this.#finish(key, await runTenant({ job, part, fence: held, ...known }, this.#context));
          } catch (thrown) {
            await this.#failed(job, asTenantryError(thrown));
          }
        });
      }),
    );
  }

  /** Where all of several fail together it is a system that is away, and no tenant's own trouble. */
  #noteSlow(jobs: readonly Job[], failures: Looked['failures']): void {
    for (const { unit } of jobs) {
      if (!failures.has(unit.name)) this.#context.slow.note(unit.key, false);
      else if (failures.size < jobs.length) this.#context.slow.note(unit.key, true);
    }
  }

  /** A look changes nothing: it need not be finished before an orderly end. */
  #look(jobs: readonly Job[]): Promise<Looked> {
    const { world, stop } = this.#context;
    const signal = world.signal ? AbortSignal.any([world.signal, stop]) : stop;
    return look(jobs, { ...this.#context, world: { ...world, signal } });
  }

  /** Nothing is made for an object that could vanish unseen. */
  async #finalizers(jobs: readonly Job[], signal: AbortSignal): Promise<Map<string, TenantryError>> {
    const failed = new Map<string, TenantryError>();
    const add = async (job: Job, object: AnyObject): Promise<void> => {
      await this.#limits
        .writes(() => addFinalizer(object, this.#context, signal))
        .catch((error: unknown) => void failed.set(job.unit.key, asTenantryError(error)));
    };
    await Promise.all(
      jobs.flatMap((job) => {
        if (job.document.spec.managementPolicy === 'Observe') return [];
        const names = new Set(
          job.integrations
            .filter((each) => each.spec.managementPolicy === 'Manage')
            .map((each) => each.metadata.name),
        );
        const integrations = job.unit.integrations.filter((object) => names.has(object.metadata.name));
        return [job.unit.tenant, ...integrations].map((object) => add(job, object));
      }),
    );
    return failed;
  }

  /** What all tenants share is made before any of them. @returns true when something was */
  async #preparePlatform(shared: Prepared, fence: AbortSignal): Promise<boolean> {
    if (!shared.plan.steps.some(isChange)) return false;
    const { world, backends, memory, log, stop } = this.#context;
    const results = await apply(
      shared,
      { ...world, signal: fence },
      { limits: limitsOf(backends.settings), stop: AbortSignal.any([fence, stop]) },
    );
    let made = false;
    for (const { id, outcome, problem } of results) {
      if (problem) log.warn({ resource: id, outcome, problem }, 'platform');
      else if (outcome !== 'unchanged') log.info({ resource: id, outcome }, 'platform');
      made ||= outcome === 'created' || outcome === 'updated';
    }
    if (made) memory.clear();
    return made;
  }

  /** Only where something is being removed: it costs a graph. */
  #removable(jobs: readonly Job[]): Map<string, Map<string, ReadonlySet<string>>> {
    const { catalog, backends, platform, log } = this.#context;
    const settings = planSettings(backends.settings, platform);
    const byTenant = new Map<string, Map<string, ReadonlySet<string>>>();
    for (const job of jobs) {
      const leaving = job.removing.flatMap(({ document }) => document ?? []);
      if (leaving.length === 0) continue;
      const documents = documentsOf([{ ...job, integrations: leaving }], this.#context);
      try {
        byTenant.set(job.unit.name, objectsOf(documents, catalog, settings));
      } catch (error) {
        // Then each of them waits for everything of the tenant that is to go.
        log.warn({ tenant: job.unit.name, err: error }, 'a document that is being deleted cannot be read');
      }
    }
    return byTenant;
  }

  async #failed(job: Job, error: TenantryError): Promise<void> {
    const { unit, integrations, removing } = job;
    const { memory, stop, world } = this.#context;
    memory.forget(unit.name);
    const names = new Set([
      ...integrations.map((document) => document.metadata.name),
      ...removing.map(({ object }) => object.metadata.name),
    ]);
    const objects = [unit.tenant, ...unit.integrations.filter((object) => names.has(object.metadata.name))];
    const outcome = failedOutcome(error);
    const isCancelled = error.code === 'Cancelled';
    // That this replica ends is no news about a tenant.
    const isEnding = isCancelled && (stop.aborted || world.signal?.aborted === true);
    const written = isEnding || (await this.#tell(new Map(objects.map((object) => [object, outcome])), []));
    this.#finish(unit.key, { again: error.retryable || isCancelled || !written, results: [], error });
  }

  #finish(key: string, result: TenantResult): void {
    const { queue, due, metrics, now, units, memory } = this.#context;
    const { tenant, integrations, name } = units.of(key);
    metrics.onReconcile(reconcileResult(result), (now() - this.#began) / 1000);
    if (result.again) due.retry(key);
    else {
      queue.forget(key);
      if (tenant !== undefined || integrations.length > 0) due.poll(key);
      else memory.drop(name);
    }
    queue.done(key);
    this.#hooks.onFinished();
  }
}

function reconcileResult({ again, results, error }: TenantResult): ReconcileResult {
  if (error) return 'error';
  if (again) return 'requeue';
  if (results.some(({ outcome }) => outcome === 'failed')) return 'stalled';
  return results.some(({ outcome }) => outcome === 'waiting') ? 'waiting' : 'success';
}
