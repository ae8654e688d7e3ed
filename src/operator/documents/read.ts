/** Turns the custom resources of a cluster into documents, with every check that files get. */
import type { Catalog } from '../../catalog/entry.ts';
import { type Problem, TenantryError } from '../../errors.ts';
import type { Documents, Loaded } from '../../spec/documents.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import type { AnyObject, IntegrationObject, TenantObject } from '../objects.ts';
import type { StatusReason } from '../status/reasons.ts';
import type { ParseCache } from './parse.ts';
import { Reading } from './reading.ts';

export interface ReadInput {
  readonly tenants: readonly TenantObject[];
  readonly integrations: readonly IntegrationObject[];
  readonly platform: Loaded<PlatformDocument>;
  readonly catalog: Catalog;
  /** Mount of KV v2 with the tenants' folders: references may name the tenant's own. */
  readonly kvMount: string;
  /** False for the sidecar, whose OAuth apps may come from the environment. Default true. */
  readonly makesSources?: boolean;
  /** What was read the last time, kept by the caller; objects that are gone are taken out of it. Default: none. */
  readonly cache?: ParseCache;
}

/** The documents of one tenant with its integrations. */
export interface UnitDocuments {
  /** Undefined where it is not valid or not there; also while it is being deleted, for its integrations need it. */
  readonly tenant: Loaded<TenantDocument> | undefined;
  /** The valid ones that stay. Empty without a valid Tenant. */
  readonly integrations: readonly Loaded<IntegrationDocument>[];
  /** Those that are being deleted, as far as they can be read. */
  readonly leaving: readonly Loaded<IntegrationDocument>[];
  /** The Tenant is being deleted and is not valid: nothing may be made for it any more. */
  readonly refused?: boolean;
  /** A document that stays is not valid: nothing may be pruned but what belongs to `leaving`. */
  readonly held: boolean;
}

export interface ReadResult {
  /** All that is valid, each by itself and together, and is not being deleted. By name. */
  readonly documents: Documents;
  /** By key of the work queue, `namespace/tenant`; also where there is nothing but a TenantIntegration. */
  readonly units: ReadonlyMap<string, UnitDocuments>;
  /** What is wrong with an object, by objectKeyOf. An object that is being deleted has no problems. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
  /** Objects that nothing is wrong with, but that cannot be reconciled now, by objectKeyOf. */
  readonly states: ReadonlyMap<string, { readonly reason: StatusReason; readonly message: string }>;
  /** Tenants of which some document is not valid, by name, with those objects: nothing of them may be pruned. */
  readonly held: ReadonlyMap<string, readonly AnyObject[]>;
  /** Objects that are being deleted. */
  readonly deleting: readonly AnyObject[];
  /** The custom resource of a document of this result. */
  readonly objectOf: (document: object) => AnyObject | undefined;
}

/** Pure but for the cache. The order of the objects does not matter. */
export function readDocuments(input: ReadInput): ReadResult {
  const reading = new Reading(input);
  reading.choose();
  reading.settle();
  forgetGone(input);
  return reading.result();
}

/** A document can have a hundred thousand. */
const MOST_TOLD = 20;

/** The mistakes of one object as an error, as its status tells them. */
export function invalidObject(object: AnyObject, problems: readonly Problem[]): TenantryError {
  const each = problems
    .slice(0, MOST_TOLD)
    .map(({ path, message }) => (path ? `${path}: ${message}` : message));
  if (problems.length > MOST_TOLD) each.push(`and ${problems.length - MOST_TOLD} more`);
  const count = problems.length === 1 ? '' : `${problems.length} mistakes: `;
  return new TenantryError('InvalidDocument', `${count}${each.join('; ')}`, {
    hint: `correct the ${object.kind} and apply it again`,
  });
}

function forgetGone({ tenants, integrations, cache }: ReadInput): void {
  if (cache === undefined || cache.size <= tenants.length + integrations.length) return;
  const there = new Set([...tenants, ...integrations].map(({ metadata }) => metadata.uid));
  for (const uid of cache.keys()) if (!there.has(uid)) cache.delete(uid);
}
