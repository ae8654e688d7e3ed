/**
 * Reads a `tenants.json` as older set-ups have it, and makes the documents of it:
 * `{tenants: [{id, name, integrations: [{name, credentials: {accessToken: "${VAULT:…}"}}]}]}`.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import { InvalidDocumentsError, TenantryError } from '../errors.ts';
import { API_VERSION } from './fields.ts';
import { documentName } from './names.ts';
import { secretRef } from './secret-ref.ts';
import { parseDocuments, validate, type YamlDocument } from './yaml.ts';

/** Fields of the file, the same for who takes references only and for who imports it. */
function credentialFields<S extends z.ZodType<string>>(secret: S) {
  return {
    accessToken: secret.optional().describe('Access token or API key, as a reference.'),
    refreshToken: secret.optional().describe('Refresh token, as a reference.'),
  };
}

function integrationFields<C extends z.ZodType>(credentials: C) {
  return {
    name: documentName.describe('Id of the catalog entry, e.g. notion.'),
    credentials: credentials.optional(),
  };
}

function tenantFields<I extends z.ZodType>(integration: I) {
  return {
    id: documentName.describe('Name of the tenant.'),
    name: z.string().min(1).optional().describe('Name that people see.'),
    integrations: z.array(integration).default([]),
  };
}

const credentials = z.strictObject(credentialFields(secretRef)).describe('Where the credential is.');

export const tenantConfig = z.strictObject({
  tenants: z.array(z.strictObject(tenantFields(z.strictObject(integrationFields(credentials))))),
});

/** Whoever imports the file names what is not known, and takes plain text to custody. */
const tenantConfigDraft = z.looseObject({
  tenants: z.array(
    z.looseObject(
      tenantFields(z.looseObject(integrationFields(z.looseObject(credentialFields(z.string()))))),
    ),
  ),
});

export type TenantConfigDraft = z.output<typeof tenantConfigDraft>;

/** A credential that the file refers to. */
export interface ReferredCredential {
  readonly tenant: string;
  readonly integration: string;
  readonly accessToken?: string;
  readonly refreshToken?: string;
}

export interface TenantConfig {
  /** Tenant and TenantIntegration documents, as YAML. */
  readonly yaml: string;
  readonly credentials: readonly ReferredCredential[];
}

/** @throws InvalidDocumentsError with file, line and column of every mistake */
export function readTenantConfig(file: string, text: string): TenantConfig {
  const read = validate(tenantConfig, onlyDocument(file, text));
  if (!read.ok) throw new InvalidDocumentsError(read.problems);
  const made = read.value.tenants.flatMap((tenant) => [
    {
      apiVersion: API_VERSION,
      kind: 'Tenant',
      metadata: { name: tenant.id },
      spec: tenant.name === undefined ? {} : { displayName: tenant.name },
    },
    ...tenant.integrations.map(({ name }) => ({
      apiVersion: API_VERSION,
      kind: 'TenantIntegration',
      metadata: { name: `${tenant.id}-${name}` },
      spec: { tenant: tenant.id, integration: name },
    })),
  ]);
  const referred = read.value.tenants.flatMap((tenant) =>
    tenant.integrations.flatMap(({ name, credentials: given }) =>
      given?.accessToken === undefined
        ? []
        : [
            {
              tenant: tenant.id,
              integration: name,
              accessToken: given.accessToken,
              ...(given.refreshToken !== undefined && { refreshToken: given.refreshToken }),
            },
          ],
    ),
  );
  return { yaml: made.map((each) => stringify(each)).join('---\n'), credentials: referred };
}

/**
 * The same file for an import: fields that are not known may stand in it, and plain text where a reference should.
 * @throws InvalidDocumentsError with file, line and column of every other mistake; no message holds a credential
 */
export function readTenantConfigDraft(file: string, text: string): TenantConfigDraft {
  const read = validate(tenantConfigDraft, onlyDocument(file, text), { tokens: 'allow' });
  if (!read.ok) throw new InvalidDocumentsError(read.problems);
  return read.value;
}

function onlyDocument(file: string, text: string): YamlDocument {
  // JSON is YAML, and so has places too.
  const { documents, problems } = parseDocuments(file, text);
  if (problems.length > 0) throw new InvalidDocumentsError(problems);
  const [document, ...more] = documents;
  if (!document || more.length > 0) {
    throw new TenantryError('InvalidDocument', `${file}: must hold one JSON object with a list "tenants"`);
  }
  return document;
}
