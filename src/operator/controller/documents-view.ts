/** The documents of all objects as they are now, checked together once for each change. */
import type { Catalog } from '../../catalog/entry.ts';
import type { Loaded } from '../../spec/documents.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { ParseCache } from '../documents/parse.ts';
import { invalidObject, type ReadResult, readDocuments, type UnitDocuments } from '../documents/read.ts';
import {
  type AnyObject,
  type IntegrationObject,
  objectKeyOf,
  type TenantObject,
  tenantKeyOf,
} from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import type { Informer } from '../watch/informer.ts';
import { failedOutcome, stateOutcome } from './outcomes.ts';
import { concernsReconcile, type Unit } from './units.ts';

export interface DocumentsView {
  of(unit: Unit): UnitDocuments;
  /** Why an object cannot be reconciled as it is; undefined where it can. */
  refusal(object: AnyObject): DocumentOutcome | undefined;
}

export interface DocumentsViewOptions {
  readonly platform: Loaded<PlatformDocument>;
  readonly catalog: Catalog;
  readonly kvMount: string;
  readonly tenants: Informer<TenantObject>;
  readonly integrations: Informer<IntegrationObject>;
  /** Ends the following. */
  readonly signal: AbortSignal;
  /** Keys of tenants with an object of which, by whatever change, something else is wrong than before. */
  readonly onAffected: (keys: ReadonlySet<string>) => void;
}

const NOTHING: UnitDocuments = { tenant: undefined, integrations: [], leaving: [], held: false };

export function createDocumentsView(options: DocumentsViewOptions): DocumentsView {
  const { platform, catalog, kvMount, tenants, integrations, signal, onAffected } = options;
  const cache: ParseCache = new Map();
  let result: ReadResult | undefined;
  let refused: Refusals = new Map();
  const changed = (change: Parameters<typeof concernsReconcile>[0]): void => {
    if (concernsReconcile(change)) result = undefined;
  };
  tenants.onChange(changed, signal);
  integrations.onChange(changed, signal);

  function current(): ReadResult {
    if (result !== undefined) return result;
    const objects = {
      tenants: [...tenants.objects.values()],
      integrations: [...integrations.objects.values()],
    };
    const read = readDocuments({ platform, catalog, kvMount, cache, ...objects });
    result = read;
    const before = refused;
    refused = refusals([...objects.tenants, ...objects.integrations], read);
    const affected = new Set([...difference(before, refused), ...difference(refused, before)]);
    if (affected.size > 0) onAffected(affected);
    return read;
  }

  return {
    of: (unit) => current().units.get(unit.key) ?? NOTHING,
    refusal(object) {
      const { problems, states } = current();
      const key = objectKeyOf(object);
      const own = problems.get(key);
      if (own !== undefined) return failedOutcome(invalidObject(object, own));
      const state = states.get(key);
      return state && stateOutcome(state.reason, state.message);
    },
  };
}

/** Objects that are refused, by objectKeyOf: why, and the key of the tenant. */
type Refusals = ReadonlyMap<string, { readonly why: string; readonly tenant: string }>;

function refusals(objects: readonly AnyObject[], { problems, states }: ReadResult): Refusals {
  const refused = new Map<string, { readonly why: string; readonly tenant: string }>();
  if (problems.size === 0 && states.size === 0) return refused;
  for (const object of objects) {
    const key = objectKeyOf(object);
    const found = problems.get(key) ?? states.get(key);
    if (found !== undefined) refused.set(key, { why: JSON.stringify(found), tenant: tenantKeyOf(object) });
  }
  return refused;
}

/** Keys of the tenants with an object that is not refused in `b` as it is in `a`. */
function difference(a: Refusals, b: Refusals): string[] {
  return [...a].flatMap(([object, { why, tenant }]) => (b.get(object)?.why === why ? [] : [tenant]));
}
