/** Policies, Transit keys and secrets of a Terraform state. */
import { isSecretField } from '../credentials/store.ts';
import { tenantPolicyName } from '../resources/vault/paths.ts';
import { formatDuration } from '../spec/fields.ts';
import { storeCommand } from './configuration.ts';
import { integrationName } from './draft.ts';
import { isObject, type JsonObject, memberOf, textAt } from './json.ts';
import { documentNameOf } from './names.ts';
import type { ImportContext, Item, Sorted } from './terraform.ts';

export function mapVault({ vault }: Sorted, context: ImportContext): void {
  for (const item of vault) {
    item.scope.ignored(['id'], 'it says how Terraform works');
    item.scope.ignored(['namespace'], 'it comes from platform.yaml: spec.vault.namespace');
    if (item.instance.type === 'vault_policy') mapPolicy(item, context);
    else if (item.instance.type === 'vault_kv_secret_v2') mapSecret(item, context);
    else mapKey(item, context);
  }
}

function mapPolicy({ scope, values }: Item, { draft }: ImportContext): void {
  const name = textAt(values, 'name');
  const tenant = [...draft.tenants.keys()].find((each) => tenantPolicyName(each) === name);
  if (tenant === undefined) {
    scope.left(
      [],
      'tenants’ policies are called tenant-{name}; this one stays as it is',
      'let applications use tenant-{name}, then remove it with Terraform',
    );
    return;
  }
  draft.tenant(tenant).adopt = true;
  scope.mapped(['name'], `${tenant}: taken over`);
  scope.left(
    ['policy'],
    'Tenantry writes its own rules',
    `compare them before the apply: \`tenantry plan --tenant ${tenant}\``,
  );
}

function mapKey(item: Item, { draft, transitMount }: ImportContext): void {
  const { scope, values } = item;
  const name = textAt(values, 'name');
  const tenant = name !== undefined && draft.tenants.has(name) ? name : undefined;
  const isElsewhere = textAt(values, 'backend') !== transitMount;
  if (tenant === undefined || isElsewhere) {
    scope.left(
      [],
      isElsewhere
        ? `it is not in the mount ${transitMount}`
        : 'a tenant’s key is called like the tenant; values under this one are not read',
      'store the credentials again: `tenantry credentials set`',
    );
    return;
  }
  scope.mapped(['name'], `${tenant}: taken over`);
  scope.ignored(['backend'], 'it is the mount of the Platform');
  draft.tenant(tenant).adopt = true;
  const type = textAt(values, 'type') ?? 'aes256-gcm96';
  if (type === 'aes256-gcm96') scope.ignored(['type'], 'every tenant’s key is of this type');
  else
    scope.left(
      ['type'],
      'a tenant’s key is aes256-gcm96',
      'move the key away, and store the credentials again',
    );
  mapRotation(item, tenant, draft);
  for (const key of [
    'keys',
    'latest_version',
    'min_available_version',
    'supports_encryption',
    'supports_decryption',
    'supports_derivation',
    'supports_signing',
  ]) {
    scope.ignored([key], 'Vault sets it');
  }
  for (const key of [
    'exportable',
    'allow_plaintext_backup',
    'derived',
    'convergent_encryption',
    'deletion_allowed',
  ]) {
    if (values[key] === false) scope.ignored([key], 'so it is with Tenantry');
  }
}

function mapRotation({ scope, values }: Item, tenant: string, draft: ImportContext['draft']): void {
  for (const key of ['auto_rotate_period', 'auto_rotate_interval']) {
    const count = memberOf(values, key);
    if (typeof count !== 'number' || count === 0) continue;
    const seconds = key === 'auto_rotate_interval' ? count * 3600 : count;
    if (seconds < 3600) scope.left([key], 'a key is rotated after an hour at the earliest');
    else {
      draft.tenant(tenant).rotationPeriod = formatDuration(seconds);
      scope.mapped([key], `${tenant} spec.encryption.rotationPeriod`);
    }
  }
}

/** Values that Terraform wrote in plain text are encrypted where they are, when they are in the right place. */
function mapSecret({ scope, values, instance }: Item, context: ImportContext): void {
  const { kvMount } = context;
  const [mount, name] = [textAt(values, 'mount'), textAt(values, 'name') ?? ''];
  const [first = '', second = '', ...more] = name.split('/');
  const place = placeOf(first, second, instance.keys, context);
  if (!place) {
    scope.left([], 'it belongs to no integration of the import', 'what refers to it goes on working');
    return;
  }
  const { tenant, integration } = place;
  const isThere = mount === kvMount && first === tenant && second === integration && more.length === 0;
  const fields = Object.keys(dataOf(values));
  for (const key of ['data_json', 'data', 'data_json_wo', 'custom_metadata', 'metadata', 'path']) {
    scope.secret([key], {
      to: isThere ? `custody ${tenant}/${integration}` : undefined,
      reason: isThere
        ? 'it is where Tenantry keeps it, and is encrypted there by the first apply'
        : `Tenantry keeps it in ${kvMount}/${tenant}/${integration}`,
      next: isThere
        ? undefined
        : storeCommand(tenant, integration, fields.find(isSecretField) ?? 'access_token'),
    });
  }
  scope.mapped(['mount'], `custody ${tenant}/${integration}`);
  scope.mapped(['name'], `custody ${tenant}/${integration}`);
  for (const key of ['cas', 'delete_all_versions', 'disable_read', 'options', 'data_json_wo_version']) {
    scope.ignored([key], 'it says how Terraform works');
  }
  if (isThere) return;
  context.draft.stays.add(instance.address);
  addCredentials(values, { ...place, path: `${scope.name} data_json` }, context);
}

function placeOf(
  first: string,
  second: string,
  keys: readonly string[],
  { draft }: ImportContext,
): { readonly tenant: string; readonly integration: string } | undefined {
  for (const { tenant, integration } of draft.integrations.values()) {
    const names = [first, second];
    const isNamed = names.includes(tenant) && names.includes(integration);
    const isKeyed = keys.some((key) => documentNameOf(key) === integrationName({ tenant, integration }));
    if (isNamed || isKeyed) return { tenant, integration };
  }
  return undefined;
}

function dataOf(values: JsonObject): JsonObject {
  const text = textAt(values, 'data_json');
  if (text !== undefined) {
    try {
      const data: unknown = JSON.parse(text);
      if (isObject(data)) return data;
    } catch {
      // What is no JSON has no fields.
    }
  }
  const data = memberOf(values, 'data');
  return isObject(data) ? data : {};
}

function addCredentials(
  values: JsonObject,
  place: { readonly tenant: string; readonly integration: string; readonly path: string },
  { draft }: ImportContext,
): void {
  for (const [field, value] of Object.entries(dataOf(values))) {
    if (isSecretField(field) && typeof value === 'string' && value !== '')
      draft.credentials.push({ ...place, field, value });
  }
}
