/** Schemas, roles and grants of a Terraform state: what becomes the tenant's, and what Tenantry makes itself. */
import { defaultSchema, loaderRole, postgresIdentifier, readerRole } from '../spec/names.ts';
import { isObject, textAt } from './json.ts';
import { childrenOf, isNotSet } from './ledger.ts';
import { tenantOf } from './names.ts';
import { type ImportContext, type Item, type Sorted, schemaOfDraft } from './terraform.ts';

export function mapDatabase(sorted: Sorted, planned: boolean, context: ImportContext): void {
  const of = (type: string): Item[] => sorted.database.filter(({ instance }) => instance.type === type);
  for (const item of of('postgresql_schema')) mapSchema(item, planned, context);
  // Where Terraform does not manage the schema, the tenant's own destination names it.
  for (const { tenant, schema } of sorted.destinations) {
    if (tenant !== undefined && schema !== undefined) takeSchema(tenant, schema, planned, context);
  }
  for (const item of of('postgresql_role')) mapRole(item, context);
  const rest = sorted.database.filter(
    ({ instance }) => !['postgresql_schema', 'postgresql_role'].includes(instance.type),
  );
  for (const item of rest) mapGrant(item, context);
}

/** The first schema that is found of a tenant is its own. */
function takeSchema(tenant: string, schema: string, planned: boolean, { draft }: ImportContext): boolean {
  if (!postgresIdentifier.safeParse(schema).success) return false;
  const known = draft.tenants.get(tenant);
  if (known?.schema !== undefined) return known.schema === schema;
  const found = draft.tenant(tenant);
  found.schema = schema;
  found.adopt = !planned || found.adopt === true;
  return true;
}

function mapSchema(item: Item, planned: boolean, context: ImportContext): void {
  const { scope, values, instance } = item;
  const name = textAt(values, 'name');
  const tenant =
    tenantOf(instance, context.draft.tenants) ??
    (name === undefined ? undefined : tenantOfSchema(name, context));
  if (tenant === undefined || name === undefined) {
    scope.left(
      [],
      'no key of for_each says whose it is',
      'set spec.database.schema of the tenant that it belongs to',
    );
    return;
  }
  if (!takeSchema(tenant, name, planned, context)) {
    scope.left(
      [],
      `it cannot be the schema of ${tenant}`,
      `a second schema of a tenant is named by spec.sync.namespace`,
    );
    return;
  }
  scope.mapped(['name'], `${tenant} spec.database.schema`);
  ignoreTerraforms(item);
  scope.ignored(['owner'], 'the tenant’s schema belongs to the login of spec.postgres');
  if (!isNotSet(values['policy'])) scope.ignored(['policy'], GRANTS);
}

const GRANTS = 'Tenantry sets the rights on a tenant’s schema itself, and takes away others';

function tenantOfSchema(schema: string, { draft }: ImportContext): string | undefined {
  return [...draft.tenants.keys()].find((tenant) => defaultSchema(tenant) === schema);
}

function mapRole(item: Item, { draft }: ImportContext): void {
  const { scope, values } = item;
  const name = textAt(values, 'name');
  const tenant = [...draft.tenants.keys()].find((each) => {
    const schema = schemaOfDraft(draft, each);
    return name === loaderRole(schema) || name === readerRole(schema);
  });
  if (tenant === undefined) {
    scope.left(
      [],
      `each tenant gets roles of its own; ${name ?? 'this one'} is not one of them`,
      'remove it with Terraform when nothing logs in with it any more',
    );
    return;
  }
  scope.mapped(['name'], `${tenant}: taken over`);
  draft.tenant(tenant).adopt = true;
  ignoreTerraforms(item);
  scope.secret(['password'], { reason: 'the role gets a new password that nobody sees' });
  for (const [key, value] of childrenOf(values)) {
    if (!isNotSet(value)) scope.ignored([key], 'Tenantry sets the attributes of a tenant’s roles itself');
  }
}

function mapGrant({ scope, values }: Item, { draft }: ImportContext): void {
  const schema = textAt(values, 'schema');
  const own = [...draft.tenants.keys()].find((tenant) => schemaOfDraft(draft, tenant) === schema);
  if (own === undefined) scope.left([], 'it is about no schema of a tenant; it stays with Terraform');
  else scope.ignored([], GRANTS);
}

function ignoreTerraforms({ scope, values }: Item): void {
  for (const key of [
    'id',
    'database',
    'drop_cascade',
    'if_not_exists',
    'skip_drop_role',
    'skip_reassign_owned',
  ]) {
    if (!isObject(values[key])) scope.ignored([key], 'it says how Terraform works');
  }
}
