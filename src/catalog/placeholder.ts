/** The placeholders of a source's configuration template: `{{credential.access_token}}`, `{{config.domain}}`. */

export type Placeholder =
  | { readonly from: 'credential'; readonly field: string; readonly prefix: string }
  | { readonly from: 'app'; readonly field: 'client_id' | 'client_secret' }
  | { readonly from: 'config'; readonly field: string };

const FORM = /^([^{}]*)\{\{\s*(credential|app|config)\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/;

export const ALLOWED_PLACEHOLDERS =
  '{{credential.FIELD}}, {{app.client_id}}, {{app.client_secret}}, {{config.FIELD}}';

/** Parses a string of a template: undefined when it is plain text, 'malformed' when it only looks like a placeholder. */
export function parsePlaceholder(text: string): Placeholder | 'malformed' | undefined {
  const [, prefix = '', from, field = ''] = FORM.exec(text) ?? [];
  if (from === 'credential') return { from, field, prefix };
  if (from !== undefined && prefix !== '') return 'malformed';
  if (from === 'config') return { from, field };
  if (from === 'app')
    return field === 'client_id' || field === 'client_secret' ? { from, field } : 'malformed';
  return text.includes('{{') || text.includes('}}') ? 'malformed' : undefined;
}

/** A string of a template with its place. */
export interface TemplateString {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Every string of a template, depth first. */
export function templateStrings(
  value: unknown,
  path: readonly (string | number)[] = [],
): readonly TemplateString[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((item, index) => templateStrings(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => templateStrings(item, [...path, key]));
}
