/** How sample rows of a stream are asked for at the provider's API: a part of a catalog entry. */
import { z } from 'zod';

export const COLUMN_TYPES = ['string', 'integer', 'number', 'boolean', 'timestamp', 'json'] as const;

export type ColumnType = (typeof COLUMN_TYPES)[number];

const each = z
  .strictObject({
    stream: z
      .string()
      .min(1)
      .optional()
      .describe('Stream whose rows are asked for first; the request is made for some of them.'),
    field: z.string().min(1).default('id').describe('With stream: path of the value in its rows.'),
    config: z
      .string()
      .min(1)
      .optional()
      .describe('Setting of spec.config with a list; values with "*" are left out.'),
  })
  .describe('What {each} stands for: the request is made once for each of a few values.');

/** Placeholders: `{limit}`, `{each}`, and what fills `proxy.baseUrl`: facts and settings. */
export const preview = z
  .strictObject({
    none: z
      .string()
      .min(1)
      .optional()
      .describe('Why there is no request, in words for people; then nothing else is given.'),
    method: z
      .enum(['GET', 'POST'])
      .default('GET')
      .describe('Default GET. POST only where it changes nothing.'),
    path: z
      .string()
      .regex(/^\/[^?#\s]*$/, { error: 'must begin with "/" and have no query' })
      .optional()
      .describe('Path below proxy.baseUrl.'),
    query: z.record(z.string(), z.string()).default({}).describe('Query parameters.'),
    headers: z.record(z.string(), z.string()).default({}).describe('Headers beside those of the proxy.'),
    body: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('JSON body. Only a string that is a placeholder and nothing else is replaced.'),
    items: z
      .string()
      .min(1)
      .optional()
      .describe('Path of the rows in the answer. Default: the whole answer, a list or one object.'),
    column: z.string().min(1).optional().describe('Column for rows that are plain values.'),
    add: z
      .record(z.string(), z.string())
      .default({})
      .describe('Columns that the connector adds to each row.'),
    each: each.optional(),
  })
  .describe('The request that gives sample rows of the stream. No second page is asked for.');

export const columns = z
  .record(z.string().min(1).max(200), z.enum(COLUMN_TYPES))
  .describe('Columns that are known without asking the source, and their types.');

export type Preview = z.output<typeof preview>;
export type PreviewRequest = Preview & { readonly path: string };

export function isRequest(given: Preview | undefined): given is PreviewRequest {
  return given?.path !== undefined;
}
