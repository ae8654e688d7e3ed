/** `tenantry:index:Connection`, on the kind airbyte:connection. */
import { z } from 'zod';
import {
  type ConnectionInputs,
  type ConnectionObserved,
  connection as kind,
} from '../../../resources/airbyte/connection.ts';
import { parseMarkedName } from '../../../resources/mark.ts';
import { resourceType } from '../resource-type.ts';
import { driftedConnection } from './connection-drift.ts';
import {
  adopt,
  adoptId,
  airbyteName,
  importParts,
  tenant,
  tenantOfWorkspace,
  workspaceId,
} from './fields.ts';

const stream = z.strictObject({
  name: z.string().min(1).describe('Name of the stream.'),
  syncMode: z.string().min(1).optional().describe('Airbyte’s sync mode, e.g. incremental_append.'),
  cursorField: z.array(z.string()).optional().describe('Path of the cursor field.'),
  primaryKey: z.array(z.array(z.string())).optional().describe('Paths of the fields of the primary key.'),
});

const inputs = z.strictObject({
  name: airbyteName,
  tenant,
  workspaceId,
  sourceId: z.string().min(1).describe('Source that is read. Cannot be changed (replacement).'),
  destinationId: z.string().min(1).describe('Destination that is written. Cannot be changed (replacement).'),
  namespace: z.string().min(1).describe('Schema that the tables are made in.'),
  prefix: z.string().default('').describe('Text before the name of each table. Default none.'),
  streams: z.array(stream).default([]).describe('Streams to sync. Default: every stream that is discovered.'),
  schedule: z
    .string()
    .min(1)
    .default('manual')
    .describe('Quartz cron expression in UTC, or manual. Default manual.'),
  schemaChanges: z
    .string()
    .min(1)
    .default('propagate_columns')
    .describe('What Airbyte does when the source’s schema changes. Default propagate_columns.'),
  status: z.enum(['active', 'inactive']).default('active').describe('Default active.'),
  adopt,
  adoptId,
});

export type ConnectionProperties = z.output<typeof inputs>;

const form = '<connection id>, or <tenant>/<connection id> where it has no mark';

export const connection = resourceType<ConnectionProperties, ConnectionInputs, ConnectionObserved>({
  token: 'tenantry:index:Connection',
  description: 'Brings a source’s streams into the tenant’s schema.',
  kind,
  inputs,
  outputs: { connectionId: { type: 'string', description: 'The same as the id.' } },
  replaces: ['tenant', 'workspaceId', 'sourceId', 'destinationId'],
  uncompared: ['adopt', 'adoptId'],
  keys: ['name', 'tenant', 'workspaceId'],
  assignsId: true,
  importId: form,
  name: (wanted) => wanted.name,
  tenant: (wanted) => wanted.tenant,
  resolve: async (wanted) => wanted,
  observe: (wanted, world) => kind.observe(wanted, world),

  describe: async (_wanted, observed) => ({
    id: observed?.connectionId ?? '',
    outputs: { connectionId: observed?.connectionId },
  }),

  refreshed: async (wanted, observed) => observed && driftedConnection(wanted, observed.connection),

  async imported(id, world) {
    const parts = importParts(id, form, [1, 2]);
    const connectionId = parts.at(-1) ?? '';
    const path = `/connections/${connectionId}`;
    const found = await world.airbyte.get<ConnectionObserved['connection']>(path, {}, world);
    if (!found) return undefined;
    const { mark } = parseMarkedName(found.name);
    const begin: ConnectionProperties = {
      ...EMPTY,
      tenant:
        (parts.length > 1 ? parts[0] : mark?.tenant) ?? (await tenantOfWorkspace(found.workspaceId, world)),
      workspaceId: found.workspaceId,
      streams: [...(found.configurations.streams ?? [])].map(importedStream),
      adopt: !mark,
      ...(mark ? {} : { adoptId: connectionId }),
    };
    return driftedConnection(begin, found);
  },
});

const EMPTY = {
  name: '',
  sourceId: '',
  destinationId: '',
  namespace: '',
  prefix: '',
  streams: [],
  schedule: 'manual',
  schemaChanges: '',
  status: 'active',
} as const;

/** Airbyte tells more of a stream than one may say. */
function importedStream({
  name,
  syncMode,
  cursorField,
  primaryKey,
}: ConnectionInputs['streams'][number]): ConnectionProperties['streams'][number] {
  return {
    name,
    ...(syncMode !== undefined && { syncMode }),
    ...(cursorField !== undefined && cursorField.length > 0 && { cursorField: [...cursorField] }),
    ...(primaryKey !== undefined &&
      primaryKey.length > 0 && { primaryKey: primaryKey.map((path) => [...path]) }),
  };
}
