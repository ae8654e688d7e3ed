/** Finds objects of ours that no document names any more, and says what becomes of them. Pure. */
import type { Graph } from '../plan/graph.ts';
import type { ObservedDocuments } from '../plan/observed.ts';
import { baseOfKey } from '../resources/airbyte/index-by-key.ts';
import { kinds } from '../resources/index.ts';
import type { Kind, Observed } from '../resources/kind.ts';
import type { Owner } from '../resources/mark.ts';
import { isOfAnotherNamespace } from '../resources/vault/claim.ts';
import type { DeletionPolicy } from '../spec/fields.ts';
import type { Observation } from './observe.ts';
import { type Action, observedStep, type Step, type Waiting } from './step.ts';

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
  /** Kubernetes namespaces of the tenants' documents: a tenant that is claimed for another one is left alone. */
  readonly namespaces?: ReadonlyMap<string, string>;
  /** Documents that are only observed: what would be removed of them is told, and stays. */
  readonly observed?: ObservedDocuments;
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

/** The tenant that an object belongs to and who owns it; undefined for what belongs to no tenant. */
export function belonging(
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

function isOurs(belongs: Belonging | undefined, options: PruneOptions): belongs is Belonging {
  if (!belongs || !(options.only?.has(belongs.tenant) ?? true)) return false;
  if (isOfAnotherNamespace(belongs.claim, options.namespaces?.get(belongs.tenant))) return false;
  const claimant = belongs.claim?.mark?.owner;
  // What is only observed is compared in the name of whoever owns it.
  if (options.observed?.tenants.has(belongs.tenant)) return belongs.owner === (claimant ?? options.owner);
  // While a tenant is being moved its objects still carry our mark, and are not ours any more.
  return belongs.owner === options.owner && (claimant === undefined || claimant === options.owner);
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
  const step: Step = {
    // A resource that is in the graph under another key is being replaced; its old object needs an id of its own.
    id: graph.get(id) ? `${id} (old)` : id,
    kind: kind.type,
    name: key,
    tenant,
    integration: undefined,
    action,
    changes: [],
  };
  if (isObserved(kind, key, tenant, options)) {
    // Whoever only observes is not asked to confirm anything.
    return { ...found, step: observedStep(action === 'wait' ? { ...step, action: 'delete' } : step) };
  }
  return { ...found, step: waiting ? { ...step, waiting } : step };
}

/** Is the tenant only observed, or the integration that the object belongs to? */
function isObserved(kind: Kind, key: string, tenant: string, { observed, tenants }: PruneOptions): boolean {
  if (!observed) return false;
  if (observed.tenants.has(tenant)) return true;
  // A tenant that goes takes its integrations along, whatever they say.
  if (!tenants.has(tenant)) return false;
  if (kind.type === 'vault:credential') return observed.credentials.has(key);
  // In Airbyte both are named after the document.
  if (kind.type !== 'airbyte:source' && kind.type !== 'airbyte:connection') return false;
  return observed.integrations.has(baseOfKey(key));
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
