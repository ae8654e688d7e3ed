/** Looks at the systems for several tenants at once. */
import { asTenantryError, type TenantryError } from '../../errors.ts';
import { splitByTenant } from '../../reconcile/by-tenant.ts';
import { allSteps } from '../../reconcile/plan.ts';
import { RECALLED_KINDS } from '../../reconcile/recall.ts';
import { type Prepared, prepare } from '../../reconcile/run.ts';
import { isChange } from '../../reconcile/step.ts';
import type { Documents } from '../../spec/documents.ts';
import type { ControllerContext } from './context.ts';
import type { Job } from './job.ts';

/** What was found for each tenant, or why it could not be. */
export interface Looked {
  readonly parts: ReadonlyMap<string, Prepared>;
  readonly failures: ReadonlyMap<string, TenantryError>;
}

/** What takes longer than this for one tenant is left out of the look, and tried again by itself. */
const TENANT_MS = 8_000;

export type LookContext = Pick<
  ControllerContext,
  'platform' | 'catalog' | 'backends' | 'world' | 'memory' | 'metrics' | 'now'
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
  };
}

async function lookOrFail(jobs: readonly Job[], context: LookContext, light: boolean): Promise<Looked> {
  if (jobs.length === 0) return { parts: new Map(), failures: new Map() };
  try {
    return await lookOnce(jobs, context, light);
  } catch (cause) {
    return allFailed(jobs, asTenantryError(cause));
  }
}

function allFailed(jobs: readonly Job[], error: TenantryError): Looked {
  return { parts: new Map(), failures: new Map(jobs.map((job) => [job.unit.name, error])) };
}

async function lookOnce(jobs: readonly Job[], context: LookContext, light: boolean): Promise<Looked> {
  const { catalog, backends, world, memory, metrics, now } = context;
  const began = now();
  const names = new Set(jobs.map((job) => job.unit.name));
  const leaving = new Set(jobs.filter((job) => job.leaves).map((job) => job.unit.name));
  const prepared = await prepare({
    documents: documentsOf(jobs, context),
    catalog,
    backends,
    world,
    only: names,
    leaving,
    confirmed: leaving,
    perTenant: { timeoutMs: TENANT_MS },
    hints: { workspaceIds: memory.workspaceIds },
    ...(light && { light, recalled: { kinds: RECALLED_KINDS, objects: memory.recall(names) } }),
  });
  metrics.onBatch(jobs.length, (now() - began) / 1000);
  return { parts: splitByTenant(prepared), failures: prepared.observation.failures };
}

export function documentsOf(jobs: readonly Job[], { platform }: Pick<LookContext, 'platform'>): Documents {
  return {
    platform,
    tenants: jobs.map((job) => job.document),
    integrations: jobs.flatMap((job) => job.integrations),
  };
}
