/** What may be removed of a tenant now, and which objects are done with. */
import type { Catalog } from '../../catalog/entry.ts';
import { buildGraph } from '../../plan/build.ts';
import { resolveInputs } from '../../plan/graph.ts';
import type { PlanSettings } from '../../plan/settings.ts';
import type { ResourceResult } from '../../reconcile/events.ts';
import type { PruneTarget } from '../../reconcile/prune.ts';
import type { Prepared } from '../../reconcile/run.ts';
import { baseOfKey } from '../../resources/airbyte/index-by-key.ts';
import { kindOf } from '../../resources/index.ts';
import type { Documents } from '../../spec/documents.ts';

const NOTHING_KNOWN = { output: () => undefined, version: () => undefined };

/** Keys of the objects of each integration, as `kind key`, by name of its document. */
export function objectsOf(
  documents: Documents,
  catalog: Catalog,
  settings: PlanSettings,
): Map<string, Set<string>> {
  const byDocument = new Map<string, Set<string>>();
  for (const { integration, kind, inputs } of buildGraph(documents, catalog, settings).resources()) {
    if (integration === undefined) continue;
    const key = keyOfObject(kind, kindOf(kind).key(resolveInputs(inputs, NOTHING_KNOWN)));
    byDocument.set(integration, (byDocument.get(integration) ?? new Set()).add(key));
  }
  return byDocument;
}

export function objectKeyOf(target: PruneTarget): string {
  return keyOfObject(target.kind.type, target.key);
}

/** In which workspace of Airbyte an object is, is not known before a look: inside of a tenant its name is enough. */
function keyOfObject(kind: string, key: string): string {
  return `${kind} ${kind.startsWith('airbyte:') ? baseOfKey(key) : key}`;
}

/**
 * Leaves out of a plan whatever might belong to a document that is not valid at the moment: a mistake in a document
 * must not cost what it stands for.
 * @param allowed objects of documents that are being deleted
 */
export function holdPrunes(part: Prepared, allowed: ReadonlySet<string>): Prepared {
  const prunes = part.plan.prunes.filter((target) => allowed.has(objectKeyOf(target)));
  return { ...part, plan: { ...part.plan, prunes } };
}

const DONE: ReadonlySet<ResourceResult['outcome']> = new Set([
  'deleted',
  'retired',
  'kept',
  'unchanged',
  'observed',
]);

/** The first removal that is not done, of those that `concerns` names. */
export function unfinished(
  prunes: readonly PruneTarget[],
  results: readonly ResourceResult[],
  concerns: (target: PruneTarget) => boolean,
): ResourceResult | undefined {
  const byId = new Map(results.map((result) => [result.id, result]));
  for (const target of prunes) {
    if (!concerns(target)) continue;
    const result = byId.get(target.step.id);
    if (result && !DONE.has(result.outcome)) return result;
  }
  return undefined;
}
