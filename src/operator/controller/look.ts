/** Looks at the systems for several tenants at once. */
import { asTenantryError, type TenantryError } from '../../errors.ts';
import { buildGraph } from '../../plan/build.ts';
import { Graph } from '../../plan/graph.ts';
import { platformPart, splitByTenant } from '../../reconcile/by-tenant.ts';
import { ObservationError } from '../../reconcile/observe.ts';
import { allSteps } from '../../reconcile/plan.ts';
import { RECALLED_KINDS } from '../../reconcile/recall.ts';
import { type Prepared, planSettings, prepare } from '../../reconcile/run.ts';
import { isChange } from '../../reconcile/step.ts';
import type { Documents } from '../../spec/documents.ts';
import type { ControllerContext } from './context.ts';
import type { Job } from './job.ts';

/** What was found for each tenant, or why it could not be. */
export interface Looked {
  /** Also where nothing is wanted of a tenant and nothing was found. */
  readonly parts: ReadonlyMap<string, Prepared>;
  readonly failures: ReadonlyMap<string, TenantryError>;
  /** Of those that failed, who was only cut short so that the others need not wait. */
  readonly late: ReadonlySet<string>;
  /** Tenants of which the last full look was used. */
  readonly light: ReadonlySet<string>;
  /** What all tenants share; undefined where it is not wanted, or was not looked at in full. */
  readonly shared: Prepared | undefined;
}

/** What takes longer than this for one tenant is left out of the look, and tried again by itself. */
const TENANT_MS = 8_000;
/** So is what the others of the batch would wait for alone. */
const LATE_MS = 1_000;

export type LookContext = Pick<
  ControllerContext,
  'platform' | 'catalog' | 'backends' | 'world' | 'memory' | 'metrics' | 'slow' | 'now'
>;

/**
 * A light look is enough where it finds all as it should be; a tenant of which anything differs is looked at in full
 * before it is changed.
 */
export async function look(jobs: readonly Job[], context: LookContext): Promise<Looked> {
  const light = jobs.filter((job) => job.light && context.memory.isFresh(job.unit.name));
  const first = await lookOrFail(light, context, true);
  const again = light.filter(({ unit }) => {
    const part = first.parts.get(unit.name);
    return part !== undefined && allSteps(part.plan).some(isChange);
  });
  const full = [...jobs.filter((job) => !light.includes(job)), ...again];
  const second = await lookOrFail(full, context, false);
  return {
    parts: new Map([...first.parts, ...second.parts]),
    failures: new Map([...first.failures, ...second.failures]),
    late: new Set([...first.late, ...second.late]),
    light: new Set([...first.parts.keys()].filter((name) => !second.parts.has(name))),
    shared: second.shared,
  };
}

type Once = Omit<Looked, 'light'>;

const NO_FAILURES: Pick<Once, 'failures' | 'late'> = { failures: new Map(), late: new Set() };

async function lookOrFail(jobs: readonly Job[], context: LookContext, light: boolean): Promise<Once> {
  if (jobs.length === 0) return { parts: new Map(), ...NO_FAILURES, shared: undefined };
  try {
    return await lookOnce(jobs, context, light);
  } catch (cause) {
    const error = errorOf(cause);
    if (!OF_DOCUMENTS.includes(error.code)) return allFailed(jobs, error);
    const broken = brokenGraphs(jobs, context);
    if (broken.size === 0) return allFailed(jobs, error);
    const rest = await lookOrFail(
      jobs.filter(({ unit }) => !broken.has(unit.name)),
      context,
      light,
    );
    return { ...rest, failures: new Map([...rest.failures, ...broken]) };
  }
}

/** Several systems that fail at once are as passing as one of them; what passes is told before what does not. */
function errorOf(cause: unknown): TenantryError {
  if (!(cause instanceof ObservationError)) return asTenantryError(cause);
  return cause.errors.find((error) => error.retryable) ?? asTenantryError(cause.errors[0]);
}

/** Of errors that a graph can have. */
const OF_DOCUMENTS: readonly string[] = ['InvalidDocument', 'CatalogInvalid', 'Internal'];

/** Documents that passed the checks and of which no graph can be made: they must cost nobody but their own tenant. */
function brokenGraphs(jobs: readonly Job[], context: LookContext): Map<string, TenantryError> {
  const { catalog, backends, platform } = context;
  const settings = planSettings(backends.settings, platform);
  const broken = new Map<string, TenantryError>();
  for (const job of jobs) {
    try {
      buildGraph(documentsOf([job], context), catalog, settings);
    } catch (error) {
      broken.set(job.unit.name, asTenantryError(error));
    }
  }
  return broken;
}

function allFailed(jobs: readonly Job[], error: TenantryError): Once {
  const failures = new Map(jobs.map((job) => [job.unit.name, error]));
  return { ...NO_FAILURES, parts: new Map(), failures, shared: undefined };
}

async function lookOnce(jobs: readonly Job[], context: LookContext, light: boolean): Promise<Once> {
  const { catalog, backends, world, memory, metrics, slow, now } = context;
  const began = now();
  const names = new Set(jobs.map((job) => job.unit.name));
  const namesOf = (some: readonly Job[]): Set<string> => new Set(some.map(({ unit }) => unit.name));
  const confirmed = namesOf(jobs.filter((job) => job.leaves));
  const leaving = namesOf(jobs.filter((job) => job.leaves || job.makesNothing));
  const prepared = await prepare({
    documents: documentsOf(jobs, context),
    catalog,
    backends,
    world,
    only: names,
    leaving,
    confirmed,
    perTenant: {
      timeoutMs: TENANT_MS,
      // Who was late before gets the whole time.
      ...(!jobs.some(({ unit }) => slow.has(unit.key)) && { lateMs: LATE_MS }),
    },
    hints: { workspaceIds: memory.workspaceIds },
    ...(light && { light, recalled: { kinds: RECALLED_KINDS, objects: memory.recall(names) } }),
  });
  metrics.onBatch(jobs.length, (now() - began) / 1000);
  const { failures, late } = prepared.observation;
  // A tenant's memory does not hold what no tenant depends on: after a light look it would seem to be missing.
  const shared = prepared.graph.size > 0 && !light ? platformPart(prepared) : undefined;
  return { parts: partsOf(jobs, prepared), failures, late, shared };
}

function partsOf(jobs: readonly Job[], prepared: Prepared): Map<string, Prepared> {
  const parts = splitByTenant(prepared);
  for (const { unit } of jobs) {
    if (parts.has(unit.name) || prepared.observation.failures.has(unit.name)) continue;
    // It is to go, and nothing of ours is there.
    const plan = { ...prepared.plan, steps: [], prunes: [], outputs: new Map() };
    parts.set(unit.name, { ...prepared, graph: new Graph(), plan });
  }
  return parts;
}

export function documentsOf(jobs: readonly Job[], { platform }: Pick<LookContext, 'platform'>): Documents {
  return {
    platform,
    tenants: jobs.map((job) => job.document),
    integrations: jobs.flatMap((job) => job.integrations),
  };
}
