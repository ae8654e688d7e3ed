/**
 * Which secrets a document from Kubernetes may name. Who may write such documents is not always who may read every
 * secret, and references are read with Tenantry's own rights: without a limit it would be a confused deputy.
 */
import { credentialFieldsOf } from '../../catalog/auth.ts';
import type { Catalog } from '../../catalog/entry.ts';
import { SECRET_FIELDS } from '../../credentials/fields.ts';
import type { Problem } from '../../errors.ts';
import type { OperatorSpec } from '../../spec/operator.ts';
import { formatSecretRef, parseSecretRef, type SecretRef } from '../../spec/secret-ref.ts';
import { formatPath } from '../../spec/validate.ts';

/** A reference with the field in which it stands. */
export interface FoundReference {
  readonly path: readonly PropertyKey[];
  readonly ref: SecretRef;
}

export interface ReferenceRules {
  /** Mount of KV v2 with the tenants' folders. */
  readonly kvMount: string;
  readonly allowed: OperatorSpec['references'];
  readonly catalog: Catalog;
}

/** Every reference of a spec, wherever it stands: no field that takes one can be forgotten. */
export function findReferences(value: unknown, path: readonly PropertyKey[] = ['spec']): FoundReference[] {
  if (typeof value === 'string') {
    const ref = parseSecretRef(value);
    return ref === undefined ? [] : [{ path, ref }];
  }
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, item]) =>
    findReferences(item, [...path, isList ? Number(key) : key]),
  );
}

/** The references that a document of this tenant may not have, each with what it may have instead. */
export function forbiddenReferences(
  found: readonly FoundReference[],
  tenant: string,
  rules: ReferenceRules,
): Problem[] {
  return found.flatMap(({ path, ref }) => {
    const why = ref.from === 'env' ? ofEnvironment(ref.name, rules) : ofVault(ref, tenant, rules);
    return why === undefined ? [] : [{ path: formatPath([...path]), message: why }];
  });
}

function ofEnvironment(name: string, rules: ReferenceRules): string | undefined {
  const { env } = rules.allowed;
  if (env.includes(name)) return undefined;
  const others = env.length === 0 ? 'none' : `only ${listed(env)}`;
  return `\${ENV:${name}} may not be named in a document from Kubernetes; of the environment it may name ${others} (spec.operator.references.env of the Platform)`;
}

/** Segments of letters, digits, "_", "-" and ".", none of which begins with a dot: such a path means what it says. */
const PLAIN_PATH = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*\/)+[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

function ofVault(
  ref: Extract<SecretRef, { from: 'vault' }>,
  tenant: string,
  { kvMount, allowed, catalog }: ReferenceRules,
): string | undefined {
  const own = `${kvMount}/data/${tenant}/`;
  const places = allowed.vault.map((place) => place.replaceAll('{tenant}', tenant));
  if (PLAIN_PATH.test(ref.path)) {
    if (places.some((place) => isWithin(ref.path, place))) return undefined;
    if (ref.path.startsWith(own)) return ofOwnFolder(ref, ref.path.slice(own.length).split('/'), catalog);
  }
  const may = listed([`${own}*`, ...places]);
  return `${formatSecretRef(ref)} may not be named in a document from Kubernetes; of Vault it may name ${may} (spec.operator.references.vault of the Platform)`;
}

function isWithin(path: string, place: string): boolean {
  return place.endsWith('/*') ? path.startsWith(place.slice(0, -1)) : path === place;
}

/** Fields that hold a grant, whatever the catalog says of the place. */
const GRANT_FIELDS: ReadonlySet<string> = new Set(['access_token', 'refresh_token', 'id_token']);

/**
 * The tenant's own folder, but not the credential that Tenantry keeps there: it would leave custody for wherever the
 * document's author wants it, unseen by the access log. Sources are given it by the catalog's template.
 */
function ofOwnFolder(
  ref: Extract<SecretRef, { from: 'vault' }>,
  [name = '', ...deeper]: readonly string[],
  catalog: Catalog,
): string | undefined {
  if (name.startsWith('_')) return `${formatSecretRef(ref)} is Tenantry’s own record`;
  if (deeper.length > 0) return undefined;
  const entry = catalog.get(name);
  const kept = entry === undefined ? [] : credentialFieldsOf(entry.auth);
  if (!GRANT_FIELDS.has(ref.key) && !(SECRET_FIELDS.has(ref.key) && kept.includes(ref.key))) return undefined;
  return `${formatSecretRef(ref)} is the credential that Tenantry keeps for the tenant; a document from Kubernetes may not name it`;
}

const MOST_LISTED = 10;

function listed(items: readonly string[]): string {
  const more = items.length - MOST_LISTED;
  return `${items.slice(0, MOST_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
