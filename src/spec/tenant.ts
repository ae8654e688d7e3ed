/** The Tenant document: one customer of the product. */
import { z } from 'zod';
import {
  apiVersion,
  deletionPolicy,
  duration,
  managementPolicy,
  metadata,
  objectId,
  suspend,
  text,
} from './fields.ts';
import { postgresIdentifier } from './names.ts';

const database = z
  .strictObject({
    schema: postgresIdentifier
      .describe(
        'Postgres schema of the tenant. Default: tenant_{name} with "-" as "_". Cannot be changed later.',
      )
      .optional(),
    connectionLimit: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .describe('Most connections that the loader role may hold at once. Default 10.'),
  })
  .describe('Where the tenant’s data live.');

const encryption = z
  .strictObject({
    rotationPeriod: duration('1h')
      .default('90d')
      .describe(
        'How often Vault rotates the tenant’s Transit key, e.g. 90d or 720h; at least 1h. Default 90d.',
      ),
  })
  .describe('The tenant’s own encryption key.');

const quotas = z
  .strictObject({
    syncsPerDay: z.int().min(0).optional().describe('Most syncs a day (UTC). Default: no limit.'),
    callsPerMinute: z
      .int()
      .min(0)
      .optional()
      .describe('Most calls a minute through the proxy. Default: no limit.'),
    rowsPerMonth: z.int().min(0).optional().describe('Most rows synced a month (UTC). Default: no limit.'),
  })
  .describe('Limits of what the tenant may use; reaching one stops the work with a clear reason.');

const airbyte = z
  .strictObject({
    workspaceId: objectId
      .optional()
      .describe('Workspace that becomes the tenant’s; not with one workspace for all tenants.'),
    destinationId: objectId.optional().describe('Destination that becomes the tenant’s.'),
  })
  .describe(
    'Ids of objects in Airbyte to take over whatever they are called; with adopt: true. Once they are taken over the ids may go.',
  );

export const tenantSpec = z
  .strictObject({
    displayName: text(200).describe('Name that people see. Default: metadata.name.').optional(),
    database: database.prefault({}),
    encryption: encryption.prefault({}),
    quotas: quotas.prefault({}),
    deletionPolicy: deletionPolicy('Retain', 'the tenant’s schema, Transit key and credentials'),
    adopt: z
      .boolean()
      .default(false)
      .describe(
        'Take over objects of this tenant that exist already without an ownership mark. Default false.',
      ),
    airbyte: airbyte.prefault({}),
    managementPolicy: managementPolicy('the tenant with all its integrations'),
    suspend: suspend('every sync of the tenant'),
  })
  .describe('A customer of the product, with its own key, schema and policies.');

export const tenantDocument = z.strictObject({
  apiVersion,
  kind: z.literal('Tenant').describe('Kind of the document.'),
  metadata,
  spec: tenantSpec,
});

export type TenantDocument = z.output<typeof tenantDocument>;
