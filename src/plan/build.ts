/** Documents and catalog become the graph of desired resources. Pure: the same input gives the same graph. */
import type { Catalog } from '../catalog/entry.ts';
import type { AuthMountInputs } from '../resources/vault/auth-mount.ts';
import type { MountInputs } from '../resources/vault/mount.ts';
import type { PolicyInputs } from '../resources/vault/policy.ts';
import type { Documents } from '../spec/documents.ts';
import type { IntegrationDocument } from '../spec/integration.ts';
import { Graph } from './graph.ts';
import { addIntegration } from './integration.ts';
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
  const platform = addPlatform(graph, settings);
  const byTenant = new Map<string, IntegrationDocument[]>();
  for (const document of sorted(documents.integrations)) {
    const list = byTenant.get(document.spec.tenant) ?? [];
    byTenant.set(document.spec.tenant, [...list, document]);
  }
  for (const document of sorted(documents.tenants)) {
    const tenant = document.metadata.name;
    if (only && !only.has(tenant)) continue;
    const integrations = byTenant.get(tenant) ?? [];
    const namespaces = new Set(integrations.flatMap((item) => item.spec.sync.namespace ?? []));
    const ids = addTenant(graph, document, namespaces, { settings, platform });
    for (const integration of integrations) {
      const entry = catalog.get(integration.spec.integration);
      // Checked when the documents were loaded; a missing entry here is a bug, not a user's mistake.
      if (!entry) throw new Error(`no catalog entry ${integration.spec.integration}`);
      addIntegration(graph, integration, entry, {
        settings,
        ids,
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

/** What all tenants share: the mounts and the sidecar's policy. Returns what every claim depends on. */
function addPlatform(graph: Graph, settings: PlanSettings): string[] {
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
