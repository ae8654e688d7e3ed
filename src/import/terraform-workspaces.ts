/** Workspaces and destinations of a Terraform state: one of each per tenant, or a workspace that all share. */
import { quoteIdent } from '../clients/postgres.ts';
import { loaderRole } from '../spec/names.ts';
import { objectAt, textAt } from './json.ts';
import { tenantOf } from './names.ts';
import {
  type DestinationItem,
  type ImportContext,
  type Item,
  ignoreOwn,
  type Sorted,
  schemaOfDraft,
} from './terraform.ts';

export function mapWorkspaces(sorted: Sorted, planned: boolean, context: ImportContext): void {
  const byTenant = workspacesByTenant(sorted);
  const shared = sharedWorkspace(byTenant, sorted);
  if (shared !== undefined && !planned) context.draft.platform.sharedWorkspaceId = shared;
  for (const item of sorted.workspaces) mapWorkspace(item, shared, context);
  for (const item of [...sorted.sources, ...sorted.destinations]) {
    const tenant = item.tenant;
    const id = textAt(item.values, 'workspace_id');
    if (id === undefined || tenant === undefined) continue;
    if (shared !== undefined) {
      item.scope.mapped(['workspace_id'], 'platform.yaml spec.airbyte.workspaceId');
    } else if (!planned) placeInWorkspace(item, { tenant, id, ids: byTenant.get(tenant) ?? [] }, context);
  }
  mapDestinations(sorted, planned, context);
}

/** Workspaces of each tenant's sources and own destinations. */
function workspacesByTenant({ sources, destinations }: Sorted): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { tenant, values } of [...sources, ...destinations]) {
    const id = textAt(values, 'workspace_id');
    if (tenant === undefined || id === undefined) continue;
    const ids = found.get(tenant) ?? [];
    if (!ids.includes(id)) found.set(tenant, [...ids, id]);
  }
  return found;
}

/** The one workspace where all are in it; a single tenant in a workspace of its own has it for itself. */
function sharedWorkspace(
  byTenant: ReadonlyMap<string, readonly string[]>,
  { workspaces }: Sorted,
): string | undefined {
  const ids = new Set([...byTenant.values()].flat());
  const [only] = ids;
  if (only === undefined || ids.size > 1) return undefined;
  const own = workspaces.find(({ values }) => textAt(values, 'workspace_id') === only);
  return own && tenantOf(own.instance, byTenant) !== undefined ? undefined : only;
}

function mapWorkspace(
  { scope, values, instance }: Item,
  shared: string | undefined,
  { draft }: ImportContext,
): void {
  ignoreOwn(scope);
  const id = textAt(values, 'workspace_id');
  const organization = textAt(values, 'organization_id');
  if (organization !== undefined) {
    scope.left(
      ['organization_id'],
      'it stands in the Platform',
      'set spec.airbyte.organizationId in platform.yaml',
    );
  }
  if (id === undefined) return;
  const tenant = tenantOf(instance, draft.tenants);
  if (id === shared) {
    scope.mapped(['workspace_id'], 'platform.yaml spec.airbyte.workspaceId');
    draft.stays.add(instance.address);
  } else if (tenant !== undefined && draft.tenants.has(tenant)) {
    scope.mapped(['workspace_id'], `${tenant} spec.airbyte.workspaceId`);
    const found = draft.tenant(tenant);
    found.workspaceId ??= id;
    found.adopt = true;
  } else scope.left(['workspace_id'], 'no tenant of the import is in it');
}

function placeInWorkspace(
  { scope }: Item,
  { tenant, id, ids }: { readonly tenant: string; readonly id: string; readonly ids: readonly string[] },
  { draft }: ImportContext,
): void {
  const found = draft.tenant(tenant);
  found.workspaceId ??= ids[0] ?? id;
  if (found.workspaceId === id) {
    scope.mapped(['workspace_id'], `${tenant} spec.airbyte.workspaceId`);
    return;
  }
  const reason = `${tenant} has its objects in ${ids.length} workspaces, and documents have one for each tenant`;
  scope.left(
    ['workspace_id'],
    reason,
    `what is in ${id} cannot be taken over: take its id out of the documents of ${tenant}`,
  );
}

function mapDestinations(
  { destinations, connections }: Sorted,
  planned: boolean,
  context: ImportContext,
): void {
  for (const item of destinations) {
    ignoreOwn(item.scope);
    const { tenant } = item;
    const users = connections.filter(
      ({ values }) => textAt(values, 'destination_id') === textAt(item.values, 'destination_id'),
    );
    if (!isPostgres(item)) {
      item.scope.left([], 'Tenantry brings data into Postgres only; it stays with Terraform');
    } else if (tenant === undefined || !context.draft.tenants.has(tenant)) {
      const reason = `it is no tenant’s own (${users.length} connections): each tenant gets a destination of its own`;
      item.scope.left([], reason, 'remove it with Terraform when nothing uses it any more');
    } else mapDestination(item, tenant, { planned, context });
  }
}

function isPostgres({ instance, values }: DestinationItem): boolean {
  const configuration = objectAt(values, 'configuration') ?? {};
  const names = [
    instance.type.replace('airbyte_destination_', ''),
    textAt(values, 'destination_type'),
    textAt(configuration, 'destinationType'),
    textAt(values, 'definition_id') === POSTGRES ? 'postgres' : undefined,
  ];
  return names.includes('postgres');
}

/** Definition id of Airbyte's Postgres destination. */
const POSTGRES = '25c5221d-dce2-4163-ade9-739ef790f503';

function mapDestination(
  { scope, values }: DestinationItem,
  tenant: string,
  { planned, context }: { readonly planned: boolean; readonly context: ImportContext },
): void {
  const { draft } = context;
  const configuration = objectAt(values, 'configuration') ?? {};
  scope.mapped(['configuration', 'schema'], `${tenant} spec.database.schema`);
  scope.mapped(['definition_id'], 'every destination of Tenantry is Postgres');
  for (const key of ['host', 'port', 'database', 'ssl', 'ssl_mode', 'destinationType']) {
    scope.ignored(
      ['configuration', key],
      'it comes from platform.yaml: spec.postgres and spec.airbyte.destination',
    );
  }
  scope.ignored(['configuration', 'raw_data_schema'], 'raw tables are kept in the tenant’s schema');
  scope.secret(['configuration', 'password'], {
    reason: 'the tenant gets a login of its own, with a password that nobody sees',
  });
  const user = textAt(configuration, 'username');
  const loader = loaderRole(schemaOfDraft(draft, tenant));
  if (user !== undefined && user !== loader) {
    const schema = schemaOfDraft(draft, tenant);
    const statements = `ALTER SCHEMA ${schema} OWNER TO CURRENT_USER; REASSIGN OWNED BY ${quoteIdent(user)} TO ${loader};`;
    const next = `give the tables of ${tenant} to its new login after the first apply, as the user of spec.postgres: ${statements}`;
    scope.left(['configuration', 'username'], `the destination logs in as ${loader} from now on`, next);
    draft.next.add(next);
  } else scope.mapped(['configuration', 'username'], `${tenant}: its loader role`);
  const id = textAt(values, 'destination_id');
  if (id === undefined || planned) return;
  const found = draft.tenant(tenant);
  if (found.destinationId !== undefined) {
    scope.left(['destination_id'], `${tenant} has a destination already: documents have one for each tenant`);
    return;
  }
  found.destinationId = id;
  found.adopt = true;
  scope.mapped(['destination_id'], `${tenant} spec.airbyte.destinationId`);
}
