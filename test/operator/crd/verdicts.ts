/** Documents with the verdict that the API server and `tenantry validate` have to agree on, field by field. */
import type { CustomKind, Sent } from './api.ts';
import { DOCUMENT_FIELDS, UNLIKE } from './document-fields.ts';
import type { Field } from './field.ts';
import { INTEGRATION_FIELDS } from './integration-fields.ts';
import { TENANT_FIELDS } from './tenant-fields.ts';

export interface Case {
  /** Kind, field and value, for the name of the test. */
  readonly about: string;
  readonly kind: CustomKind;
  readonly document: Sent;
  /** Words of the API server's refusal. Absent: it takes the document. */
  readonly refused?: RegExp;
  /** Field that both must name. */
  readonly path: string;
  /** Why `tenantry validate`, and with it the operator, says the opposite. Default: it says the same. */
  readonly unlike?: string;
}

const apiVersion = 'tenantry.dev/v1alpha1';
export const SAMPLES = {
  Tenant: { apiVersion, kind: 'Tenant', metadata: { name: 'acme' }, spec: {} },
  TenantIntegration: {
    apiVersion,
    kind: 'TenantIntegration',
    metadata: { name: 'acme-notion' },
    spec: { tenant: 'acme', integration: 'notion' },
  },
} as const satisfies Record<CustomKind, Sent>;

const FIELDS = [...TENANT_FIELDS, ...INTEGRATION_FIELDS, ...DOCUMENT_FIELDS, ...UNLIKE];

export const CASES: readonly Case[] = FIELDS.flatMap((field) => [
  ...(field.good ?? []).map((value) => caseOf(field, value)),
  ...(field.bad ?? []).map(([value, words]) => ({ ...caseOf(field, value), refused: words })),
]);

function caseOf({ kind, path, beside, unlike }: Field, value: unknown): Case {
  const document = structuredClone(merged(SAMPLES[kind], beside ?? {})) as Record<string, unknown>;
  const parts = path.split('.');
  const last = parts.pop() as string;
  let parent = document;
  for (const part of parts) {
    parent[part] ??= {};
    parent = parent[part] as Record<string, unknown>;
  }
  parent[last] = value;
  const shown = JSON.stringify(value) ?? 'nothing';
  const about = `${kind} ${path}: ${shown.length > 60 ? `${shown.slice(0, 57)}...` : shown}`;
  return { about, kind, document, path, ...(unlike !== undefined && { unlike }) };
}

function merged(a: Sent, b: Sent): Sent {
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const both = typeof result[key] === 'object' && typeof value === 'object';
    result[key] = both ? merged(result[key] as Sent, value as Sent) : value;
  }
  return result;
}
