/** Is the world as the last documents say? Told by the API server, a plan, and what is in Airbyte. */
import { isDeepStrictEqual } from 'node:util';
import { connect } from '../../src/clients/connect.ts';
import { resolveSettings } from '../../src/clients/settings.ts';
import { parseIntegration, parseTenant } from '../../src/operator/documents/parse.ts';
import type { AnyObject } from '../../src/operator/objects.ts';
import { allSteps } from '../../src/reconcile/plan.ts';
import { createWorld, prepare } from '../../src/reconcile/run.ts';
import { countActions, isChange } from '../../src/reconcile/step.ts';
import type { Documents } from '../../src/spec/documents.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';
import { countAirbyte } from './duplicates.ts';
import type { FaultWorld } from './fault-world.ts';
import { allObjects } from './small-world.ts';

/** Against the API server, a plan of the whole world, and what is in Airbyte. */
export async function compare(world: FaultWorld, wanted: ReadonlyMap<string, AnyObject>): Promise<object> {
  const found = new Map((await allObjects(world.client)).map((object) => [nameOf(object), object]));
  const notAsWanted = [...wanted].filter(([key, object]) => !contains(found.get(key)?.spec, object.spec));
  const extra = [...found.keys()].filter((key) => !wanted.has(key));
  const { documents: stack, catalog } = await loadAndCheck(world.stackDir);
  const documents = { ...stack, ...documentsOf([...found.values()]) };
  // By the network that the operators use: addresses in it are part of what they write.
  const env = { ...world.variables };
  const backends = await connect(resolveSettings(documents.platform, env), { env, readOnly: true });
  try {
    const prepared = await prepare({
      documents,
      catalog,
      backends,
      world: createWorld(backends, 'operator:bench'),
    });
    const steps = allSteps(prepared.plan);
    const changes = steps.filter(isChange);
    const airbyte = await countAirbyte(world.stackDir, world.variables);
    return {
      objectsAtEnd: found.size,
      objectsNotAsWanted: notAsWanted.map(([key]) => key),
      objectsTooMany: extra,
      planActions: countActions(steps),
      planChanges: changes.slice(0, 10).map(({ action, id, changes: fields }) => ({
        action,
        id,
        fields: fields.map(({ path }) => path),
      })),
      airbyteObjects: airbyte.objects,
      airbyteDuplicates: airbyte.duplicates,
      met:
        notAsWanted.length === 0 &&
        extra.length === 0 &&
        changes.length === 0 &&
        steps.every(({ action }) => action === 'none' || action === 'keep') &&
        airbyte.duplicates.length === 0,
    };
  } finally {
    await backends.close();
  }
}

/** As the operator reads them. */
function documentsOf(objects: readonly AnyObject[]): Pick<Documents, 'tenants' | 'integrations'> {
  return {
    tenants: objects.flatMap((object) =>
      object.kind === 'Tenant' ? (parseTenant(object).document ?? []) : [],
    ),
    integrations: objects.flatMap((object) =>
      object.kind === 'TenantIntegration' ? (parseIntegration(object).document ?? []) : [],
    ),
  };
}

function nameOf({ kind, metadata }: AnyObject): string {
  return `${kind} ${metadata.name}`;
}

/** The API server adds defaults; what was applied must be there as it was. */
function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) {
    return isDeepStrictEqual(found, wanted);
  }
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(wanted).every(([key, value]) =>
    contains((found as Readonly<Record<string, unknown>>)[key], value),
  );
}
