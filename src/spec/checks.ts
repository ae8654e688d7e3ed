/** Checks of documents against each other and the catalog; pure. */
import { checkConfig as checkCatalogConfig } from '../catalog/check-config.ts';
import type { Catalog } from '../catalog/entry.ts';
import { needsApp } from '../catalog/source-configuration.ts';
import type { Problem } from '../errors.ts';
import { collisions, type Precedence } from './collisions.ts';
import type { Documents, Loaded, PartialIntegration } from './documents.ts';
import type { IntegrationDocument } from './integration.ts';
import { loaderRole, POSTGRES_NAME_BYTES, readerRole, schemaOf } from './names.ts';
import { type Finding, finding, placeOf } from './positions.ts';
import { didYouMean } from './suggest.ts';
import type { TenantDocument } from './tenant.ts';
import { sortProblems } from './validate.ts';
import type { FieldPath } from './yaml.ts';

/** A mistake in spec.config, its path counted from there. */
export interface ConfigProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export interface CheckOptions {
  /** The catalog of the stack; without it (it is not valid itself) nothing that needs it is checked. */
  readonly catalog: Catalog | undefined;
  /** Checks a spec.config. Default: against the settings of the catalog entry. */
  readonly checkConfig?: (entryId: string, config: Record<string, unknown>) => readonly ConfigProblem[];
  /** True for a tenant whose document could not be read or is not valid. Default: there are none. */
  readonly mayHaveTenant?: (name: string) => boolean;
  /** Integrations with mistakes of their own; only what they refer to is checked. Default: none. */
  readonly partial?: readonly PartialIntegration[];
  /** Which of several documents that want one schema keeps it. Default: see collisions.ts. */
  readonly precedence?: Precedence;
  /**
   * False for who makes no sources in Airbyte: OAuth apps may then come from the environment alone. Default true.
   */
  readonly makesSources?: boolean;
}

/** The documents to check; a stack whose Platform is not valid is checked without it. */
export type CheckedDocuments = Pick<Documents, 'tenants' | 'integrations'> & {
  readonly platform?: Documents['platform'] | undefined;
};

/** Every mistake that shows only when the documents are seen together, sorted by file and line. */
export function checkDocuments(documents: CheckedDocuments, options: CheckOptions): Problem[] {
  return sortProblems(findMistakes(documents, options).map(({ problem }) => problem));
}

/**
 * The same, each with its document. Of documents that want the same the first is the keeper, and the others are told of
 * that one only: when it goes, look again.
 */
export function findMistakes(documents: CheckedDocuments, options: CheckOptions): Finding[] {
  const tenants = unique('Tenant', documents.tenants);
  const integrations = unique('TenantIntegration', documents.integrations);
  const referring = [...integrations.first, ...(options.partial ?? [])];
  return [
    ...tenants.findings,
    ...integrations.findings,
    ...ofPlatform(documents.platform, options.catalog),
    ...tenants.first.flatMap(longRoleNames),
    ...wrongReferences(referring, tenants.first, options),
    ...repeatedPairs(integrations.first),
    ...(options.makesSources === false
      ? []
      : missingApps(integrations.first, documents.platform, options.catalog)),
    ...wrongConfigs(referring, options),
    ...collisions(tenants.first, integrations.first, options),
  ];
}

/** The first document of each name; a later one of the same name is a mistake and is not checked further. */
function unique<D extends Loaded<TenantDocument> | Loaded<IntegrationDocument>>(
  kind: string,
  documents: readonly D[],
): { first: D[]; findings: Finding[] } {
  const byName = new Map<string, D>();
  const findings: Finding[] = [];
  for (const document of documents) {
    const { name } = document.metadata;
    const first = byName.get(name);
    if (first === undefined) byName.set(name, document);
    else {
      const message = `the ${kind} "${name}" is given already ${placeOf(first, ['metadata', 'name'])}`;
      findings.push(finding(document, ['metadata', 'name'], message, { keeper: first }));
    }
  }
  return { first: [...byName.values()], findings };
}

function ofPlatform(platform: Documents['platform'] | undefined, catalog: Catalog | undefined): Finding[] {
  if (platform === undefined) return [];
  const findings = Object.keys(platform.spec.apps)
    .filter((id) => catalog !== undefined && !catalog.has(id))
    .map((id) => finding(platform, ['spec', 'apps', id], unknownIntegration(id, catalog), { at: 'key' }));
  const { workspace, workspaceId } = platform.spec.airbyte;
  if (workspace === 'PerTenant' && workspaceId !== undefined) {
    const message = 'is used with workspace: Shared only; remove it, or set workspace: Shared';
    findings.push(finding(platform, ['spec', 'airbyte', 'workspaceId'], message, { at: 'key' }));
  }
  return findings;
}

function unknownIntegration(id: string, catalog: Catalog | undefined): string {
  return `the catalog has no integration "${id}"${oneOfThese(id, [...(catalog?.keys() ?? [])])}`;
}

/** What is meant, or what there is when that is short enough to read. */
function oneOfThese(word: string, allowed: readonly string[]): string {
  const meant = didYouMean(word, allowed);
  if (meant !== '' || allowed.length === 0) return meant;
  const shown = [...allowed].sort().slice(0, 20);
  const more = allowed.length - shown.length;
  return `; there are ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function longRoleNames(tenant: Loaded<TenantDocument>): Finding[] {
  const schema = schemaOf(tenant);
  const role = [loaderRole(schema), readerRole(schema)].sort((a, b) => b.length - a.length)[0] ?? '';
  const excess = Buffer.byteLength(role) - POSTGRES_NAME_BYTES;
  if (excess <= 0) return [];
  const given = tenant.spec.database.schema !== undefined;
  const path: FieldPath = given ? ['spec', 'database', 'schema'] : ['metadata', 'name'];
  const how = given
    ? `shorten it by ${excess}`
    : `shorten the name by ${excess}, or set spec.database.schema`;
  const message = `the role "${role}" would have ${Buffer.byteLength(role)} bytes; Postgres allows ${POSTGRES_NAME_BYTES}: ${how}`;
  return [finding(tenant, path, message)];
}

function wrongReferences(
  integrations: readonly PartialIntegration[],
  tenants: readonly Loaded<TenantDocument>[],
  options: CheckOptions,
): Finding[] {
  const names = new Set(tenants.map((tenant) => tenant.metadata.name));
  const findings: Finding[] = [];
  for (const document of integrations) {
    const { tenant, integration } = document.spec;
    if (!names.has(tenant) && options.mayHaveTenant?.(tenant) !== true) {
      const message = `there is no Tenant "${tenant}"${oneOfThese(tenant, [...names])}`;
      findings.push(finding(document, ['spec', 'tenant'], message));
    }
    if (options.catalog !== undefined && !options.catalog.has(integration)) {
      const message = unknownIntegration(integration, options.catalog);
      findings.push(finding(document, ['spec', 'integration'], message));
    }
  }
  return findings;
}

/** A credential is kept by tenant and integration, so that each pair has one document. */
function repeatedPairs(integrations: readonly Loaded<IntegrationDocument>[]): Finding[] {
  const seen = new Map<string, Loaded<IntegrationDocument>>();
  const findings: Finding[] = [];
  for (const document of integrations) {
    const { tenant, integration } = document.spec;
    const pair = `${tenant}/${integration}`;
    const first = seen.get(pair);
    if (first === undefined) seen.set(pair, document);
    else {
      const place = placeOf(first, ['spec', 'integration']);
      const message = `the Tenant "${tenant}" has the integration "${integration}" already, by "${first.metadata.name}" ${place}`;
      findings.push(finding(document, ['spec', 'integration'], message, { keeper: first }));
    }
  }
  return findings;
}

/** Without an app, a source whose configuration holds the app's secret cannot be made. */
function missingApps(
  integrations: readonly Loaded<IntegrationDocument>[],
  platform: Documents['platform'] | undefined,
  catalog: Catalog | undefined,
): Finding[] {
  return integrations.flatMap((document) => {
    const { integration, app } = document.spec;
    const entry = catalog?.get(integration);
    if (platform === undefined || entry === undefined || app !== undefined) return [];
    if (platform.spec.apps[integration] !== undefined || !needsApp(entry)) return [];
    const message = `${integration} needs an OAuth app: set spec.apps.${integration} in the Platform document, or spec.app here`;
    return [finding(document, ['spec', 'integration'], message)];
  });
}

function wrongConfigs(integrations: readonly PartialIntegration[], options: CheckOptions): Finding[] {
  const check = options.checkConfig ?? ((id, config) => byCatalog(options.catalog, id, config));
  return integrations.flatMap((document) => {
    const { integration, config } = document.spec;
    const settings = options.catalog?.get(integration)?.airbyte?.config ?? {};
    return check(integration, config).map(({ path, message }) => {
      const known = path.length !== 1 || Object.hasOwn(settings, String(path[0]));
      return finding(document, ['spec', 'config', ...path], message, { at: known ? 'value' : 'key' });
    });
  });
}

function byCatalog(
  catalog: Catalog | undefined,
  id: string,
  config: Record<string, unknown>,
): readonly ConfigProblem[] {
  const entry = catalog?.get(id);
  return entry === undefined ? [] : checkCatalogConfig(entry, config);
}
