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
  readonly tenants: Informer<TenantObject>;
  readonly integrations: Informer<IntegrationObject>;
  /** Keys of tenants with an object that became valid or invalid by a change of another one. */
  readonly onAffected: (keys: ReadonlySet<string>) => void;
}

const NOTHING: UnitDocuments = { tenant: undefined, integrations: [], leaving: [], held: false };

export function createDocumentsView(options: DocumentsViewOptions): DocumentsView {
  const { platform, catalog, tenants, integrations, onAffected } = options;
  const cache: ParseCache = new Map();
  let result: ReadResult | undefined;
  let refused = new Map<string, string>();
  const changed = (change: Parameters<typeof concernsReconcile>[0]): void => {
    if (concernsReconcile(change)) result = undefined;
  };
  tenants.onChange(changed);
  integrations.onChange(changed);

  function current(): ReadResult {
    if (result !== undefined) return result;
    const objects = {
      tenants: [...tenants.objects.values()],
      integrations: [...integrations.objects.values()],
    };
    const read = readDocuments({ platform, catalog, cache, ...objects });
    result = read;
    const before = refused;
    refused = refusedKeys([...objects.tenants, ...objects.integrations], read);
    const affected = difference(before, refused);
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

/** Objects that are refused, each with the key of its tenant. */
function refusedKeys(objects: readonly AnyObject[], { problems, states }: ReadResult): Map<string, string> {
  const refused = new Map<string, string>();
  for (const object of objects) {
    const key = objectKeyOf(object);
    if (problems.has(key) || states.has(key)) refused.set(key, tenantKeyOf(object));
  }
  return refused;
}

function difference(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Set<string> {
  const keys = new Set<string>();
  for (const [object, tenant] of a) if (!b.has(object)) keys.add(tenant);
  for (const [object, tenant] of b) if (!a.has(object)) keys.add(tenant);
  return keys;
}
