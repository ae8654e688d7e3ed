/** What a preview looks like over HTTP and in the command line’s JSON. */
import { z } from 'zod';
import { COLUMN_TYPES } from '../../catalog/preview.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { integrationName, tenantName } from '../oauth/schemas.ts';
import type { PreviewCall } from './call.ts';
import type { Sample } from './rows.ts';
import type { StreamsPreview } from './streams.ts';

const column = z.object({
  name: z.string(),
  type: z
    .enum(COLUMN_TYPES)
    .nullable()
    .describe('Null: not told by the catalog, and no value shows it. Airbyte tells names of columns only.'),
  isHidden: z.boolean().describe('Named like a secret: its values are not shown.'),
});

export const streamsAnswer = z
  .object({
    tenantId: tenantName,
    integration: integrationName,
    from: z
      .enum(['source', 'catalog'])
      .describe('source: discovered; catalog: there is no source yet, it may have more streams and columns.'),
    streams: z.array(
      z.object({
        name: z.string(),
        columns: z.array(column),
        syncModes: z.array(z.string()).describe('How rows can be written; empty: only the source knows.'),
        primaryKey: z.array(z.array(z.string())).describe('Paths of the key; empty: none is known.'),
        cursor: z.array(z.string()).describe('Path that incremental syncs go by; empty: none is known.'),
        isSynced: z.boolean().describe('Is it brought by the sync, as the document stands?'),
        noRows: z.string().nullable().describe('Why no rows of it can be seen; null: they can.'),
      }),
    ),
  })
  .meta({ id: 'StreamsPreview', description: 'The streams of an integration.' });

export const rowsAnswer = z
  .object({
    tenantId: tenantName,
    integration: integrationName,
    stream: z.string(),
    columns: z.array(column),
    rows: z
      .array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])))
      .describe('By column. Nested values are JSON; long ones are cut and end with an ellipsis.'),
    isCut: z.boolean().describe('Were rows, columns or parts of values left out for their size?'),
  })
  .meta({ id: 'RowsPreview', description: 'Sample rows of a stream. They are stored nowhere.' });

export type StreamsAnswer = z.output<typeof streamsAnswer>;
export type RowsAnswer = z.output<typeof rowsAnswer>;

export function streamsView({ tenant, integration }: CredentialPlace, found: StreamsPreview): StreamsAnswer {
  const streams = found.streams.map((stream) => ({
    ...stream,
    columns: [...stream.columns],
    syncModes: [...stream.syncModes],
    primaryKey: stream.primaryKey.map((path) => [...path]),
    cursor: [...stream.cursor],
  }));
  return { tenantId: tenant, integration, from: found.from, streams };
}

export function rowsView(
  { place, stream }: Pick<PreviewCall, 'place' | 'stream'>,
  { columns, rows, isCut }: Sample,
): RowsAnswer {
  return {
    tenantId: place.tenant,
    integration: place.integration,
    stream,
    columns: [...columns],
    rows: rows.map((row) => ({ ...row })),
    isCut,
  };
}
