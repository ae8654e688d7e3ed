/** Connections of a Terraform state become the sync settings of the integrations whose sources they read. */
import { mapConnection } from './connection.ts';
import { textAt } from './json.ts';
import { tenantOf } from './names.ts';
import {
  type DestinationItem,
  documentOf,
  type ImportContext,
  type Item,
  ignoreOwn,
  type Sorted,
  type SourceItem,
  schemaOfDraft,
} from './terraform.ts';

export function mapConnections(sorted: Sorted, planned: boolean, context: ImportContext): void {
  const taken = new Set<string>();
  for (const item of sorted.connections) {
    const source = sourceOf(item, sorted);
    if (!source) {
      item.scope.left([], 'its source is not among what is imported', 'write its documents by hand');
      continue;
    }
    const document = documentOf(source);
    if (taken.has(document)) {
      item.scope.left([], `${document} has a connection already: documents have one for each source`);
      continue;
    }
    taken.add(document);
    map(item, source, { sorted, planned, context });
  }
}

/** By the id of the source; in a plan, where ids are not known yet, by the keys of for_each. */
function sourceOf({ values, instance }: Item, { sources }: Sorted): SourceItem | undefined {
  const id = textAt(values, 'source_id');
  if (id !== undefined) return sources.find((source) => textAt(source.values, 'source_id') === id);
  const mine = sources.filter(({ tenant, entry }) => tenantOf(instance, new Set([tenant]), entry) === tenant);
  return (
    mine.find((source) => source.instance.keys.join() === instance.keys.join()) ??
    (mine.length === 1 ? mine[0] : undefined)
  );
}

interface Mapped {
  readonly sorted: Sorted;
  readonly planned: boolean;
  readonly context: ImportContext;
}

function map(item: Item, source: SourceItem, { sorted, planned, context }: Mapped): void {
  const { scope, values } = item;
  const { draft } = context;
  const { tenant, entry } = source;
  const document = documentOf(source);
  const integration = draft.integration(tenant, entry.id);
  const id = textAt(values, 'destination_id');
  const destination = sorted.destinations.find(
    (one) => id !== undefined && textAt(one.values, 'destination_id') === id,
  );
  ignoreOwn(scope);
  mapConnection(values, {
    scope,
    document,
    entry,
    sync: integration.sync,
    schema: schemaOfDraft(draft, tenant),
    destinationSchema: destination?.schema,
    advise: (text) => draft.next.add(text),
  });
  scope.mapped(['source_id'], document);
  scope.ignored(['workspace_id'], 'it is the one of its source');
  mapStatus(item, integration, document);
  mapIds(item, { destination, planned, context, source });
}

function mapStatus({ scope, values }: Item, integration: { suspend?: boolean }, document: string): void {
  const status = textAt(values, 'status');
  if (status === undefined) return;
  if (status === 'inactive') integration.suspend = true;
  if (status === 'active' || status === 'inactive') scope.mapped(['status'], `${document} spec.suspend`);
  else scope.left(['status'], 'the connection was deleted in Airbyte');
}

/**
 * A connection can be taken over when its destination becomes the tenant's: Airbyte moves no connection, and one that is
 * made anew reads everything again.
 */
function mapIds(
  { scope, values }: Item,
  {
    destination,
    planned,
    context,
    source,
  }: Omit<Mapped, 'sorted'> & {
    readonly destination: DestinationItem | undefined;
    readonly source: SourceItem;
  },
): void {
  const { draft } = context;
  const document = documentOf(source);
  const [connectionId, destinationId] = [textAt(values, 'connection_id'), textAt(values, 'destination_id')];
  const own = draft.tenants.get(source.tenant)?.destinationId;
  if (planned || connectionId === undefined) {
    scope.ignored(['destination_id'], 'each tenant gets a destination of its own');
    return;
  }
  if (own !== undefined && own === destinationId && textAt(values, 'status') !== 'deprecated') {
    const integration = draft.integration(source.tenant, source.entry.id);
    integration.connectionId = connectionId;
    scope.mapped(['connection_id'], `${document} spec.airbyte.connectionId`);
    scope.mapped(['destination_id'], `${source.tenant} spec.airbyte.destinationId`);
    return;
  }
  const why = destination
    ? 'its destination is not the tenant’s own, and Airbyte moves no connection to another one'
    : 'its destination is not among what is imported';
  const next = `disable ${scope.name} in Airbyte before \`tenantry apply\`; a new connection of ${document} reads everything again`;
  scope.left(['connection_id'], why, next);
  scope.left(['destination_id'], why, next);
  draft.next.add(next);
}
