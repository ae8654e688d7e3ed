/** Finds objects of ours that no document names any more, and says what becomes of them. Pure. */
import type { Graph } from '../plan/graph.ts';
import { kinds } from '../resources/index.ts';
import type { Kind, Observed } from '../resources/kind.ts';
import type { Owner } from '../resources/mark.ts';
import type { DeletionPolicy } from '../spec/fields.ts';
import type { Observation } from './observe.ts';
import type { Action, Step, Waiting } from './step.ts';

export interface PruneOptions {
  readonly owner: Owner;
  /** Tenants that the documents name and that stay. */
  readonly tenants: ReadonlySet<string>;
  /** Only objects of these tenants. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Tenants whose data may be deleted: somebody confirmed it by name. */
  readonly confirmed?: ReadonlySet<string>;
  /** Deletion policies of tenants as their documents say now, before the mark in the world does. */
  readonly policies?: ReadonlyMap<string, DeletionPolicy>;
}

/** An object to be removed, retired or kept, with what its kind needs for it. */
export interface PruneTarget {
  readonly step: Step;
  readonly kind: Kind;
  readonly key: string;
  readonly observed: Observed;
}

/** Every target, in the order in which they may be removed: the last made first. */
export function prunes(
  graph: Graph,
  observation: Observation,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
  options: PruneOptions,
): PruneTarget[] {
  const targets: PruneTarget[] = [];
  for (const kind of [...kinds.values()].reverse()) {
    if (kind.ownership === 'shared') continue;
    for (const [key, observed] of observation.objects.get(kind.type) ?? []) {
      if (wanted.get(kind.type)?.has(key)) continue;
      const belongs = belonging(kind, key, observed, observation);
      if (isOurs(belongs, options)) targets.push(target({ kind, key, observed }, belongs, options, graph));
    }
  }
  return targets;
}

/** Whose an object is: by its own mark, or by the claim on its tenant where it cannot carry one. */
interface Belonging {
  readonly tenant: string;
  readonly owner: Owner | undefined;
  readonly claim: Observed | undefined;
}

function belonging(
  kind: Kind,
  key: string,
  observed: Observed,
  observation: Observation,
): Belonging | undefined {
  const tenant = kind.ownership === 'claim' ? kind.tenantOf?.(key) : observed.mark?.tenant;
  if (tenant === undefined) return undefined;
  const claim = observation.objects.get('vault:claim')?.get(tenant);
  return { tenant, claim, owner: kind.ownership === 'claim' ? claim?.mark?.owner : observed.mark?.owner };
}

function isOurs(belongs: Belonging | undefined, { owner, only }: PruneOptions): belongs is Belonging {
  return belongs?.owner === owner && (only?.has(belongs.tenant) ?? true);
}

function target(
  found: Omit<PruneTarget, 'step'>,
  { tenant, claim }: Belonging,
  options: PruneOptions,
  graph: Graph,
): PruneTarget {
  const { kind, key, observed } = found;
  const { action, waiting } = fate(kind, observed, { tenant, claim, options });
  const id = `${kind.type}/${key}`;
  return {
    ...found,
    step: {
      // A resource that is in the graph under another key is being replaced; its old object needs an id of its own.
      id: graph.get(id) ? `${id} (old)` : id,
      kind: kind.type,
      name: key,
      tenant,
      integration: undefined,
      action,
      changes: [],
      ...(waiting ? { waiting } : {}),
    },
  };
}

interface Circumstances {
  readonly tenant: string;
  readonly claim: Observed | undefined;
  readonly options: PruneOptions;
}

function fate(
  kind: Kind,
  observed: Observed,
  circumstances: Circumstances,
): { action: Action; waiting?: Waiting } {
  if (!kind.holdsData) return { action: 'delete' };
  const { tenant, claim, options } = circumstances;
  const leaving = !options.tenants.has(tenant);
  // Data of a tenant that stays are deleted only with the document that they came with.
  const stays = kind.holdsData === 'integration' ? observed.mark?.deletion : 'Retain';
  // Of a tenant that goes, the tenant's own policy decides over everything that holds its data.
  const policy = leaving ? (options.policies?.get(tenant) ?? claim?.mark?.deletion) : stays;
  if (policy === 'Delete' && (!leaving || options.confirmed?.has(tenant))) return { action: 'delete' };
  // A login is of no more use, whether its data are to be kept or wait for the word to be deleted.
  if (kind.retire && !observed.retired) return { action: 'retire' };
  if (policy !== 'Delete') return { action: 'keep' };
  return {
    action: 'wait',
    waiting: {
      waitsFor: `confirmation that the data of ${tenant} may be deleted`,
      nextStep: `tenantry destroy ${tenant} --confirm ${tenant}`,
    },
  };
}
