/** The steps that every driver takes: build the graph, observe, plan. What it does with the plan is its own affair. */
import type { Catalog } from '../catalog/entry.ts';
import type { Backends } from '../clients/connect.ts';
import type { Settings } from '../clients/settings.ts';
import { buildGraph } from '../plan/build.ts';
import { Graph } from '../plan/graph.ts';
import { observedDocuments } from '../plan/observed.ts';
import type { PlanSettings } from '../plan/settings.ts';
import type { World } from '../resources/kind.ts';
import type { Owner } from '../resources/mark.ts';
import type { Documents } from '../spec/documents.ts';
import type { PlatformDocument } from '../spec/platform.ts';
import { type LookOptions, type Observation, observe } from './observe.ts';
import { makePlan, type Plan } from './plan.ts';
import type { Limits } from './walk.ts';

/** What was wanted, what was found, and what is to be done; by-tenant.ts takes it apart. */
export interface Prepared {
  /** Without the tenants of `observation.failures`. */
  readonly graph: Graph;
  readonly observation: Observation;
  readonly plan: Plan;
}

export interface PrepareInput extends LookOptions {
  readonly documents: Documents;
  readonly catalog: Catalog;
  readonly backends: Backends;
  readonly world: World;
  /** Only these tenants. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Tenants that are to go although documents name them. */
  readonly leaving?: ReadonlySet<string>;
  /** Tenants whose data may be deleted. */
  readonly confirmed?: ReadonlySet<string>;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * @throws what `observe` throws. With `perTenant` the tenants that could not be read are in `observation.failures`, and
 *   the plan holds nothing of them.
 */
export async function prepare(input: PrepareInput): Promise<Prepared> {
  const { documents, world } = input;
  const leaving = input.leaving ?? new Set<string>();
  const staying = documents.tenants.filter((tenant) => !leaving.has(tenant.metadata.name));
  const settings = planSettings(input.backends.settings, documents.platform);
  // Who only takes tenants away makes nothing, not even what all tenants share.
  const wanted = staying.some((tenant) => input.only?.has(tenant.metadata.name) ?? true)
    ? buildGraph({ ...documents, tenants: staying }, input.catalog, settings, input.only)
    : new Graph();
  const tenants = new Set(documents.tenants.map((tenant) => tenant.metadata.name));
  const observation = await observe(wanted, world, { ...input, tenants });
  const { failures } = observation;
  const graph = failures.size > 0 ? withoutTenants(wanted, failures) : wanted;
  const plan = makePlan(graph, observation, {
    owner: world.owner,
    tenants: new Set(staying.map((tenant) => tenant.metadata.name)),
    only: input.only,
    observed: observedDocuments(documents),
    ...(input.confirmed ? { confirmed: input.confirmed } : {}),
    namespaces: namespacesOf(documents),
    policies: new Map(documents.tenants.map((tenant) => [tenant.metadata.name, tenant.spec.deletionPolicy])),
  });
  // Of a tenant that is not in the graph, everything that was found would seem to be left over.
  const prunes = plan.prunes.filter(({ step }) => step.tenant === undefined || !failures.has(step.tenant));
  return { graph, observation, plan: { ...plan, prunes } };
}

function namespacesOf({ tenants }: Documents): Map<string, string> {
  return new Map(
    tenants.flatMap(({ metadata, source }): [string, string][] =>
      source.namespace === undefined ? [] : [[metadata.name, source.namespace]],
    ),
  );
}

function withoutTenants(graph: Graph, left: ReadonlyMap<string, unknown>): Graph {
  const rest = new Graph();
  for (const resource of graph.resources()) {
    if (resource.tenant === undefined || !left.has(resource.tenant)) rest.add(resource);
  }
  return rest;
}

export function createWorld(backends: Backends, owner: Owner, signal?: AbortSignal): World {
  const { vault, postgres, airbyte, secrets } = backends;
  return { vault, postgres, airbyte, secrets, owner, signal };
}

/** Work in flight per backend: as many calls as the settings allow, and a few that wait for their turn. */
export function limitsOf(settings: Settings): Limits {
  return {
    vault: settings.vault.concurrency * 2,
    postgres: settings.postgres.concurrency * 2,
    airbyte: settings.airbyte.concurrency * 2,
  };
}

export function planSettings(settings: Settings, platform: PlatformDocument): PlanSettings {
  const auth = platform.spec.vault.tenantAuth;
  return {
    kvMount: settings.vault.kvMount,
    transitMount: settings.vault.transitMount,
    tenantAuth: auth && { ...auth, mount: auth.mount ?? auth.method },
    audit: platform.spec.vault.audit.map((device) =>
      device.type === 'file'
        ? { path: device.path, type: device.type, options: { file_path: device.filePath } }
        : { path: device.path, type: device.type, options: { facility: device.facility, tag: device.tag } },
    ),
    database: settings.postgres.database,
    destination: settings.destination,
    sharedWorkspaceId: settings.airbyte.workspace === 'Shared' ? settings.airbyte.workspaceId : undefined,
    organizationId: settings.airbyte.organizationId,
    sidecarUrl: settings.sidecarUrl,
    connectPage: settings.connectPage,
    syncRunner: platform.spec.syncs.runner,
  };
}
