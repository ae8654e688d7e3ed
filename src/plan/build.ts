/** Documents and catalog become the graph of desired resources. Pure: the same input gives the same graph. */
import type { Catalog } from '../catalog/entry.ts';
import type { AuthMountInputs } from '../resources/vault/auth-mount.ts';
import type { MountInputs } from '../resources/vault/mount.ts';
import type { PolicyInputs } from '../resources/vault/policy.ts';
import type { Documents } from '../spec/documents.ts';
import type { IntegrationDocument } from '../spec/integration.ts';
import { Graph } from './graph.ts';
import { addIntegration } from './integration.ts';
import { type ObservedDocuments, observedDocuments } from './observed.ts';
import { gatewayPolicyRules } from './policies.ts';
import type { PlanSettings } from './settings.ts';
import { addTenant } from './tenant.ts';

/** Builds the graph of a stack, or of some of its tenants. */
export function buildGraph(
  documents: Documents,
  catalog: Catalog,
  settings: PlanSettings,
  only?: ReadonlySet<string>,
): Graph {
  const graph = new Graph();
  const observed = observedDocuments(documents);
  const tenants = sorted(documents.tenants).filter(({ metadata }) => only?.has(metadata.name) ?? true);
  // Who only observes makes nothing, not even what all tenants share.
  const observesAll =
    tenants.length > 0 && tenants.every(({ metadata }) => observed.tenants.has(metadata.name));
  const platform = addPlatform(graph, settings, observesAll);
  const byTenant = new Map<string, IntegrationDocument[]>();
  for (const document of sorted(documents.integrations)) {
    const list = byTenant.get(document.spec.tenant) ?? [];
    byTenant.set(document.spec.tenant, [...list, document]);
  }
  for (const document of tenants) {
    const integrations = byTenant.get(document.metadata.name) ?? [];
    const namespaces = namespacesOf(integrations, observed);
    const ids = addTenant(graph, document, namespaces, { settings, platform });
    for (const integration of integrations) {
      const entry = catalog.get(integration.spec.integration);
      // Checked when the documents were loaded; a missing entry here is a bug, not a user's mistake.
      if (!entry) throw new Error(`no catalog entry ${integration.spec.integration}`);
      addIntegration(graph, integration, entry, {
        settings,
        ids,
        observeOnly: observed.integrations.has(integration.metadata.name),
        suspended: document.spec.suspend || integration.spec.suspend,
        sharedApp: documents.platform.spec.apps[integration.spec.integration],
      });
    }
  }
  return graph;
}

/** The order in which documents arrive means nothing. */
function sorted<D extends { readonly metadata: { readonly name: string } }>(documents: readonly D[]): D[] {
  return documents.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Schemas that integrations name, each with whether only integrations that are observed do so. */
function namespacesOf(
  integrations: readonly IntegrationDocument[],
  observed: ObservedDocuments,
): Map<string, boolean> {
  const namespaces = new Map<string, boolean>();
  for (const { metadata, spec } of integrations) {
    const { namespace } = spec.sync;
    if (namespace === undefined) continue;
    const isObserved = observed.integrations.has(metadata.name);
    namespaces.set(namespace, isObserved && (namespaces.get(namespace) ?? true));
  }
  return namespaces;
}

/** What all tenants share: the mounts and the sidecar's policy. Returns what every claim depends on. */
function addPlatform(graph: Graph, settings: PlanSettings, observeOnly: boolean): string[] {
  const add = (kind: string, name: string, inputs: unknown, dependsOn: readonly string[]): string =>
    graph.add({
      id: `${kind}/${name}`,
      kind,
      name,
      tenant: undefined,
      integration: undefined,
      inputs,
      dependsOn,
      gates: [],
      adopt: false,
      deletion: 'Retain',
      observeOnly,
    });
  const kv: MountInputs = { path: settings.kvMount, type: 'kv' };
  const transit: MountInputs = { path: settings.transitMount, type: 'transit' };
  const mounts = [add('vault:mount', kv.path, kv, []), add('vault:mount', transit.path, transit, [])];
  const gateway: PolicyInputs = { name: 'gateway-service', rules: gatewayPolicyRules(settings) };
  add('vault:policy', gateway.name, gateway, mounts);
  for (const device of settings.audit) add('vault:audit', device.path, device, []);
  if (!settings.tenantAuth) return mounts;
  const auth: AuthMountInputs = { path: settings.tenantAuth.mount, type: settings.tenantAuth.method };
  return [...mounts, add('vault:auth-mount', auth.path, auth, [])];
}
