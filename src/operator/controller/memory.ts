/** What earlier looks at the systems found, so that a look every ten minutes need not read everything again. */
import type { Graph } from '../../plan/graph.ts';
import type { ObservedObjects } from '../../reconcile/observe.ts';
import { mergeObserved, RECALLED_KINDS } from '../../reconcile/recall.ts';
import { kindOf } from '../../resources/index.ts';
import type { Observed } from '../../resources/kind.ts';

interface Entry {
  /** Time of the last full look, in milliseconds. */
  readonly lookedAt: number;
  /** By kind and key. */
  readonly objects: ObservedObjects;
}

export interface Found {
  readonly graph: Graph;
  readonly outputs: ReadonlyMap<string, Observed>;
  readonly light: boolean;
}

export interface Memory {
  /** Is there a full look at this tenant, younger than an hour? */
  isFresh(tenant: string): boolean;
  /**
   * Keeps what a look or an apply found of a tenant; `outputs` by id of the resource. A light look has recalled what was
   * kept before, so that the time of the full one stays.
   */
  keep(tenant: string, found: Found): void;
  forget(tenant: string): void;
  /** Nothing of the tenant is left. */
  drop(tenant: string): void;
  /** What was kept of these tenants, by kind and key. */
  recall(tenants: Iterable<string>): ObservedObjects;
  /** Ids of workspaces, as hints. */
  readonly workspaceIds: Map<string, string>;
  clear(): void;
}

export function createMemory(options: {
  readonly now: () => number;
  /** Milliseconds between full looks; each tenant's own moment lies within a tenth of it. */
  readonly fullEveryMs: number;
  readonly random: () => number;
}): Memory {
  const { now, fullEveryMs, random } = options;
  const entries = new Map<string, Entry>();
  const workspaceIds = new Map<string, string>();
  return {
    workspaceIds,
    isFresh(tenant) {
      const entry = entries.get(tenant);
      return entry !== undefined && now() - entry.lookedAt < fullEveryMs;
    },
    keep(tenant, { graph, outputs, light }) {
      const objects = new Map<string, Map<string, Observed>>();
      for (const resource of graph.resources()) {
        if (!RECALLED_KINDS.has(resource.kind)) continue;
        const observed = outputs.get(resource.id);
        if (observed === undefined) continue;
        const known = objects.get(resource.kind) ?? new Map<string, Observed>();
        objects.set(resource.kind, known.set(kindOf(resource.kind).key(resource.inputs), observed));
      }
      // Spread, so that a thousand tenants that were made together are not all looked at in full in one minute.
      const before = light ? entries.get(tenant)?.lookedAt : undefined;
      entries.set(tenant, { lookedAt: before ?? now() - random() * fullEveryMs * 0.1, objects });
    },
    forget: (tenant) => void entries.delete(tenant),
    drop(tenant) {
      entries.delete(tenant);
      workspaceIds.delete(tenant);
    },
    recall: (tenants) => mergeObserved([...tenants].flatMap((tenant) => entries.get(tenant)?.objects ?? [])),
    clear() {
      entries.clear();
      workspaceIds.clear();
    },
  };
}
