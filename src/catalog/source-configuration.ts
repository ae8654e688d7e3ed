/** Renders the configuration of an Airbyte source from its catalog entry; secrets stay slots, never values. */
import { TenantryError } from '../errors.ts';
import { parseSecretRef, type SecretRef } from '../spec/secret-ref.ts';
import type { CatalogEntry, CatalogSetting } from './entry.ts';
import { ALLOWED_PLACEHOLDERS, type Placeholder, parsePlaceholder, templateStrings } from './placeholder.ts';

/** A place where a driver puts a secret just before it calls Airbyte. */
export interface SecretSlot {
  readonly $secret:
    | {
        readonly from: 'credential';
        readonly field: string;
        /** Text before the value, e.g. `Bearer ` (the resource puts it there). */
        readonly prefix?: string;
      }
    | { readonly from: 'app'; readonly field: 'client_id' | 'client_secret' }
    | { readonly from: 'ref'; readonly ref: SecretRef };
}

/** JSON with slots in the place of secrets. */
export type Templated =
  | string
  | number
  | boolean
  | null
  | readonly Templated[]
  | { readonly [key: string]: Templated }
  | SecretSlot;

/** The configuration of a source, ready but for its secrets. */
export interface Rendered {
  readonly sourceType: string;
  readonly [key: string]: Templated;
}

export function isSecretSlot(value: unknown): value is SecretSlot {
  return typeof value === 'object' && value !== null && '$secret' in value;
}

/**
 * Fills the template of an entry with a document's spec.config, which checkConfig has found right.
 *
 * @throws TenantryError InvalidDocument when the entry has no Airbyte source, a required setting is missing or a
 *   secret setting is not a reference; CatalogInvalid when a placeholder is malformed. No message holds a value.
 */
export function renderSourceConfiguration(entry: CatalogEntry, config: Record<string, unknown>): Rendered {
  const airbyte = entry.airbyte;
  if (airbyte === undefined) {
    throw new TenantryError('InvalidDocument', `${entry.id} has no Airbyte source in the catalog`);
  }
  const rendered = render(airbyte.configuration, (placeholder) => fill(entry, placeholder, config));
  return { ...(rendered as { [key: string]: Templated }), sourceType: airbyte.sourceType };
}

/** Fields of the stored credential that the source's configuration uses, sorted; empty when it uses none. */
export function credentialFields(entry: CatalogEntry): string[] {
  const fields = new Set<string>();
  for (const { text } of templateStrings(entry.airbyte?.configuration)) {
    const placeholder = parsePlaceholder(text);
    if (typeof placeholder === 'object' && placeholder.from === 'credential') fields.add(placeholder.field);
  }
  return [...fields].sort();
}

/** Does the source's configuration hold the OAuth app's client id or secret? */
export function needsApp(entry: CatalogEntry): boolean {
  return templateStrings(entry.airbyte?.configuration).some(({ text }) => {
    const placeholder = parsePlaceholder(text);
    return typeof placeholder === 'object' && placeholder.from === 'app';
  });
}

/** Must a tenant have connected before the source can be made? */
export function needsCredential(entry: CatalogEntry): boolean {
  return credentialFields(entry).length > 0;
}

function render(
  template: unknown,
  replace: (placeholder: Placeholder) => Templated | undefined,
): Templated | undefined {
  if (typeof template === 'string') {
    const placeholder = parsePlaceholder(template);
    if (placeholder === undefined) return template;
    if (placeholder === 'malformed') {
      throw new TenantryError('CatalogInvalid', `"${template}" is none of ${ALLOWED_PLACEHOLDERS}`);
    }
    return replace(placeholder);
  }
  if (Array.isArray(template)) {
    return template.map((item) => render(item, replace)).filter((item) => item !== undefined);
  }
  if (typeof template !== 'object' || template === null) return template as number | boolean | null;
  const out: { [key: string]: Templated } = {};
  for (const [key, item] of Object.entries(template)) {
    const value = render(item, replace);
    if (value !== undefined) out[key] = value;
  }
  return out;
}

function fill(
  entry: CatalogEntry,
  placeholder: Placeholder,
  config: Record<string, unknown>,
): Templated | undefined {
  if (placeholder.from === 'credential') {
    const { from, field, prefix } = placeholder;
    return { $secret: prefix === '' ? { from, field } : { from, field, prefix } };
  }
  if (placeholder.from === 'app') return { $secret: { from: 'app', field: placeholder.field } };
  return configValue(entry, placeholder.field, config);
}

function configValue(
  entry: CatalogEntry,
  field: string,
  config: Record<string, unknown>,
): Templated | undefined {
  const setting: CatalogSetting | undefined = entry.airbyte?.config[field];
  const value = (Object.hasOwn(config, field) ? config[field] : undefined) ?? setting?.default;
  if (value === undefined || value === null) {
    if (setting?.required !== true) return undefined;
    throw new TenantryError('InvalidDocument', `spec.config.${field} is required by ${entry.id}`);
  }
  if (setting?.secret !== true) return value as Templated;
  const ref = typeof value === 'string' ? parseSecretRef(value) : undefined;
  if (ref === undefined) {
    throw new TenantryError(
      'InvalidDocument',
      `spec.config.${field} of ${entry.id} must be a reference to a secret`,
    );
  }
  return { $secret: { from: 'ref', ref } };
}
