/** The configuration of a tenant's source: the catalog's template with references in the place of secrets. Pure. */
import type { CatalogEntry } from '../catalog/entry.ts';
import { parsePlaceholder, templateStrings } from '../catalog/placeholder.ts';
import {
  isSecretSlot,
  renderSourceConfiguration,
  type SecretSlot,
  type Templated,
} from '../catalog/source-configuration.ts';
import { TenantryError } from '../errors.ts';
import type { Configuration } from '../resources/airbyte/configuration.ts';
import { formatSecretRef, parseSecretRef, type SecretRef } from '../spec/secret-ref.ts';

/** An OAuth app as documents hold it. */
export interface App {
  /** Plain, or a reference. */
  readonly clientId: string;
  /** A reference. */
  readonly clientSecret: string;
}

export interface Sources {
  readonly app: App | undefined;
  /** Where a field of the tenant's credential is kept. */
  credential(field: string): SecretRef;
}

export interface SourceConfiguration {
  readonly configuration: Configuration;
  /** Secrets other than the credential, each once: the app's and those of spec.config. */
  readonly secrets: readonly SecretRef[];
  /** Optional settings that the document does not give, as paths. */
  readonly absent: readonly (readonly string[])[];
}

export function sourceConfiguration(
  entry: CatalogEntry,
  config: Record<string, unknown>,
  sources: Sources,
): SourceConfiguration {
  const secrets = new Map<string, SecretRef>();
  const rendered = renderSourceConfiguration(entry, config);
  const bind = (node: Templated): Configuration => {
    if (isSecretSlot(node)) return bindSlot(entry, node, sources, secrets);
    if (Array.isArray(node)) return node.map(bind);
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, bind(value as Templated)]));
  };
  const configuration = bind(rendered);
  return { configuration, secrets: [...secrets.values()], absent: absentPaths(entry, rendered) };
}

function bindSlot(
  entry: CatalogEntry,
  { $secret }: SecretSlot,
  sources: Sources,
  secrets: Map<string, SecretRef>,
): Configuration {
  if ($secret.from === 'credential') {
    return {
      $secret: sources.credential($secret.field),
      ...($secret.prefix ? { prefix: $secret.prefix } : {}),
    };
  }
  const remember = (secret: SecretRef): Configuration => {
    secrets.set(formatSecretRef(secret), secret);
    return { $secret: secret };
  };
  if ($secret.from === 'ref') return remember($secret.ref);
  if (!sources.app) {
    throw new TenantryError('InvalidDocument', `${entry.id} needs an OAuth app, and none is set`, {
      hint: `add spec.apps.${entry.id} to the Platform document, or spec.app to the TenantIntegration`,
    });
  }
  const text = $secret.field === 'client_id' ? sources.app.clientId : sources.app.clientSecret;
  const secret = parseSecretRef(text);
  return secret ? remember(secret) : text;
}

/** Places of the template that an absent optional setting left empty. */
function absentPaths(entry: CatalogEntry, rendered: unknown): string[][] {
  const paths: string[][] = [];
  for (const { path, text } of templateStrings(entry.airbyte?.configuration)) {
    const placeholder = parsePlaceholder(text);
    if (typeof placeholder !== 'object' || placeholder.from !== 'config') continue;
    const value = path.reduce<unknown>(
      (node, key) => (node as Record<string, unknown> | undefined)?.[key],
      rendered,
    );
    // Inside an array an absent item shifts the others; the comparison of the whole array notices that.
    if (value === undefined && !path.some((part) => typeof part === 'number')) paths.push(path.map(String));
  }
  return paths;
}
