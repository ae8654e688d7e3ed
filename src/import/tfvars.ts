/** The variables of a Terraform set-up become documents: a map of integrations, with or without definition ids beside it. */
import { documentName, postgresIdentifier } from '../spec/names.ts';
import { mapConfiguration } from './configuration.ts';
import { type ConnectionContext, mapConnection, mapStreamList } from './connection.ts';
import { entryOfConnector } from './connectors.ts';
import { integrationName, nameTenant } from './draft.ts';
import { isObject, type JsonObject, memberOf, objectAt, textAt } from './json.ts';
import { childrenOf, type Path, type Scope } from './ledger.ts';
import { documentNameOf } from './names.ts';
import { fromAny } from './schedule.ts';
import { type ImportContext, schemaOfDraft } from './terraform.ts';

/** Names under which modules keep the same thing; the first one that is there counts. */
const TENANT = ['tenant_id', 'tenant', 'tenantId', 'customer', 'customer_id'];
const PROVIDER = ['provider', 'integration', 'connector', 'source_type', 'source', 'type'];
const CONFIGURATION = ['configuration', 'config', 'settings', 'source_configuration'];
const SCHEDULE = ['schedule', 'cron', 'cron_expression', 'sync_schedule'];
const SCHEMA = ['schema', 'schema_name', 'database_schema', 'namespace'];

export function importTfvars(variables: JsonObject, context: ImportContext): void {
  for (const name of ['tenants', 'tenant_integrations'].filter((each) => Object.hasOwn(variables, each))) {
    const value = variables[name];
    const scope = context.ledger.open(name, value);
    for (const [key, item] of childrenOf(value)) {
      if (name === 'tenants') importTenant(item, { scope, key, context });
      else importIntegration(item, { scope, key, context, definitions: definitionsOf(variables) });
    }
  }
  for (const [name, value] of Object.entries(variables)) {
    if (name === 'tenants' || name === 'tenant_integrations') continue;
    const scope = context.ledger.open(name, value);
    if (name === 'source_definitions')
      scope.ignored([], 'the catalog knows the connectors; it served to find them');
    else
      scope.left(
        [],
        'it is neither tenants nor tenant_integrations nor source_definitions',
        'look at what uses it',
      );
  }
}

interface At {
  readonly scope: Scope;
  readonly key: string | number;
  readonly context: ImportContext;
}

/** `tenants = {acme = {name = "Acme"}}`, or a list of names or objects. */
function importTenant(item: unknown, { scope, key, context }: At): void {
  const object = isObject(item) ? item : {};
  const idKey = typeof key === 'string' ? undefined : pick(object, ['id', ...TENANT]);
  const given = typeof item === 'string' ? item : idKey === undefined ? key : object[idKey];
  const tenant = typeof given === 'string' ? documentNameOf(given) : undefined;
  if (tenant === undefined) {
    scope.left([key], 'it has no name that a tenant could have', 'write its document by hand');
    return;
  }
  context.draft.tenant(tenant);
  if (!isObject(item)) {
    scope.mapped([key], `Tenant ${tenant}`);
    return;
  }
  if (idKey !== undefined) scope.mapped([key, idKey], `Tenant ${tenant}`);
  mapTenant(object, tenant, { scope, key, context });
}

function mapTenant(object: JsonObject, tenant: string, { scope, key, context }: At): void {
  const found = context.draft.tenant(tenant);
  const label = pick(object, ['display_name', 'name', 'displayName']);
  const name = label && textAt(object, label);
  if (label !== undefined && name !== undefined) nameTenant(found, name, [key, label], scope);
  const schemaKey = pick(object, SCHEMA);
  const schema = schemaKey && textAt(object, schemaKey);
  if (schemaKey !== undefined && schema !== undefined && postgresIdentifier.safeParse(schema).success) {
    found.schema = schema;
    scope.mapped([key, schemaKey], `${tenant} spec.database.schema`);
  }
  // An empty object says that there is such a tenant.
  if (Object.keys(object).length === 0) scope.mapped([key], `Tenant ${tenant}`);
}

/** Definition ids by provider, given as texts or as objects that hold one. */
function definitionsOf(variables: JsonObject): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [provider, value] of Object.entries(objectAt(variables, 'source_definitions') ?? {})) {
    const id = isObject(value)
      ? (textAt(value, 'definition_id') ?? textAt(value, 'source_definition_id') ?? textAt(value, 'id'))
      : value;
    if (typeof id === 'string') found.set(provider, id);
  }
  return found;
}

function importIntegration(
  item: unknown,
  { scope, key, context, definitions }: At & { readonly definitions: ReadonlyMap<string, string> },
): void {
  const { draft, catalog } = context;
  if (!isObject(item)) {
    scope.left([key], 'it is no object with tenant_id and provider');
    return;
  }
  const [tenantKey, providerKey] = [pick(item, TENANT), pick(item, PROVIDER)];
  const provider = providerKey && textAt(item, providerKey);
  const tenant = tenantKey && documentNameOf(textAt(item, tenantKey) ?? '');
  const entry = entryOfConnector(catalog, {
    definitionId: textAt(item, 'definition_id') ?? definitions.get(provider ?? ''),
    names: [provider],
  });
  if (!tenantKey || !tenant || !documentName.safeParse(tenant).success) {
    scope.left([key], 'it names no tenant (tenant_id)', 'write its documents by hand');
    return;
  }
  if (!providerKey || !entry) {
    const next = 'add a private entry (docs/catalog.md) and import again';
    scope.left(
      [key],
      `the catalog has no entry for ${provider === undefined ? 'it: it names no provider' : provider}`,
      next,
    );
    return;
  }
  if (draft.has(tenant, entry.id)) {
    scope.left([key], `${tenant} has ${entry.id} already: documents have one source for each pair`);
    return;
  }
  const document = integrationName({ tenant, integration: entry.id });
  const integration = draft.integration(tenant, entry.id);
  scope.mapped([key, tenantKey], `${document} spec.tenant`);
  scope.mapped([key, providerKey], `${document} spec.integration`);
  scope.mapped([key, 'definition_id'], `${document} spec.integration`);
  scope.ignored([key, 'name'], 'objects are named after their documents');
  mapSettings(item, { scope, key, context }, { tenant, document, entry });
  if (memberOf(item, 'enabled') === false) integration.suspend = true;
  if (typeof memberOf(item, 'enabled') === 'boolean')
    scope.mapped([key, 'enabled'], `${document} spec.suspend`);
}

type Target = Pick<Parameters<typeof mapConfiguration>[1], 'tenant' | 'document' | 'entry'>;

function mapSettings(item: JsonObject, { scope, key, context }: At, target: Target): void {
  const { draft, kvMount } = context;
  const { tenant, document, entry } = target;
  const integration = draft.integration(tenant, entry.id);
  const configurationKey = pick(item, CONFIGURATION);
  // Some modules write the settings beside the tenant and the provider.
  const base: Path = configurationKey === undefined ? [key] : [key, configurationKey];
  const { config, credentials } = mapConfiguration(
    configurationKey === undefined ? item : item[configurationKey],
    {
      ...target,
      scope,
      kvMount,
      base,
      isSensitive: () => false,
    },
  );
  integration.config = config;
  draft.credentials.push(...credentials);
  const connection: ConnectionContext = {
    scope: below(scope, key),
    document,
    entry,
    sync: integration.sync,
    schema: schemaOfDraft(draft, tenant),
    destinationSchema: undefined,
    onlyGiven: true,
    advise: (text) => draft.next.add(text),
  };
  mapConnection(item, connection);
  mapStreamList(memberOf(item, 'streams'), ['streams'], connection);
  const scheduleKey = SCHEDULE.find((name) => textAt(item, name) !== undefined);
  if (scheduleKey === undefined) return;
  const read = fromAny(textAt(item, scheduleKey) ?? '');
  if ('schedule' in read) {
    integration.sync.schedule = read.schedule;
    scope.mapped([key, scheduleKey], `${document} spec.sync.schedule`);
  } else scope.left([key, scheduleKey], read.problem, `write spec.sync.schedule of ${document} by hand`);
}

/** The same account, one step deeper. */
function below(scope: Scope, key: string | number): Pick<Scope, 'mapped' | 'ignored' | 'left'> {
  return {
    mapped: (path, to) => scope.mapped([key, ...path], to),
    ignored: (path, reason) => scope.ignored([key, ...path], reason),
    left: (path, reason, next) => scope.left([key, ...path], reason, next),
  };
}

function pick(object: JsonObject, names: readonly string[]): string | undefined {
  return names.find((name) => memberOf(object, name) !== undefined);
}
