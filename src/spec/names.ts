/** Names of documents and the names that other systems get from them. */
import { z } from 'zod';

/** Postgres cuts identifiers at 63 bytes (NAMEDATALEN - 1); we refuse instead. */
export const POSTGRES_NAME_BYTES = 63;

/** An RFC 1123 label. */
export const DOCUMENT_NAME_PATTERN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/**
 * A name of a document: a DNS label (RFC 1123), because it is also the name of a custom resource, part of a Vault
 * path and of Postgres identifiers. At most 63 characters.
 */
export const documentName = z
  .string()
  .max(63, { error: 'must have at most 63 characters' })
  .regex(DOCUMENT_NAME_PATTERN, {
    error:
      'must be lower-case letters, digits and "-", beginning and ending with a letter or digit (RFC 1123 label)',
  });

/** Schemas that Postgres or Tenantry itself uses; `pg_` begins the names that Postgres keeps for itself. */
const RESERVED_SCHEMA = /^(?:pg_.*|public|information_schema|tenantry(?:_.*)?)$/;
const RESERVED =
  'must not begin with "pg_" or "tenantry_" nor be "public", "information_schema" or "tenantry" (reserved)';

/** A Postgres identifier that needs no quoting and is not taken by Postgres or by Tenantry. */
export const postgresIdentifier = z
  .string()
  .max(POSTGRES_NAME_BYTES, {
    error: `must have at most ${POSTGRES_NAME_BYTES} bytes (Postgres cuts longer names)`,
  })
  .regex(/^[a-z_][a-z0-9_]*$/, {
    error: 'must be lower-case letters, digits and "_", not beginning with a digit',
  })
  .refine((name) => !RESERVED_SCHEMA.test(name), { error: RESERVED })
  .meta({
    not: { pattern: RESERVED_SCHEMA.source },
    cel: [{ rule: `!self.matches(r'${RESERVED_SCHEMA.source}')`, message: RESERVED }],
  });

/** The name as part of a Postgres identifier: `a-b` becomes `a_b`. Two tenants must not meet here. */
export function normalisedName(name: string): string {
  return name.replaceAll('-', '_');
}

/** The schema of a tenant that names none: `tenant_{id}`. */
export function defaultSchema(tenant: string): string {
  return `tenant_${normalisedName(tenant)}`;
}

/** Role that Airbyte's destination logs in with. */
export function loaderRole(schema: string): string {
  return `${schema}_loader`;
}

/** Role that the product's read paths are granted. */
export function readerRole(schema: string): string {
  return `${schema}_reader`;
}

/** The schema of a tenant: the one that its document names, else the default. */
export function schemaOf(tenant: {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly database: { readonly schema?: string | undefined } };
}): string {
  return tenant.spec.database.schema ?? defaultSchema(tenant.metadata.name);
}
