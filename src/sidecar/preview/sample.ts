/** Sample rows of one stream, asked for at the provider with the tenant's credential; nothing of them is kept. */
import { isRequest, type PreviewRequest } from '../../catalog/preview.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { valuesFor } from '../proxy/values.ts';
import type { IntegrationView } from '../stack/view.ts';
import { idText, valueAt } from '../webhooks/content.ts';
import { callForRows, type PreviewCall, type PreviewParts } from './call.ts';
import { rowsRequest } from './request.ts';
import { type Sample, sampleOf } from './rows.ts';

export const MOST_ROWS = 20;

/** Values of a list, or rows of another stream, that rows are asked for until there are enough. */
const MOST_EACH = 5;

type Row = Readonly<Record<string, unknown>>;

/** @throws NotSupported with the reason where the catalog has no request for the stream; else as callForRows does */
export async function sampleRows(parts: PreviewParts, call: PreviewCall, limit: number): Promise<Sample> {
  const { view, stream } = call;
  const preview = requestFor(view, stream);
  const items = await itemsOf({ parts, call, limit: Math.min(limit, MOST_ROWS) }, preview);
  const known = catalogStream(view, stream)?.columns ?? {};
  return sampleOf(items, { limit: Math.min(limit, MOST_ROWS), known });
}

/** Why there are no rows of this stream to see; undefined where there are. */
export function noRowsReason(view: Pick<IntegrationView, 'entry'>, stream: string): string | undefined {
  const { entry } = view;
  if (entry.proxy === undefined) return `the API of ${entry.name} cannot be called with a token alone`;
  const found = catalogStream(view, stream);
  if (isRequest(found?.preview)) return undefined;
  return found?.preview?.none ?? `the catalog entry of ${entry.name} has no request for rows of this stream`;
}

function catalogStream(
  { entry }: Pick<IntegrationView, 'entry'>,
  stream: string,
): NonNullable<IntegrationView['entry']['airbyte']>['streams'][number] | undefined {
  return entry.airbyte?.streams.find(({ name }) => name === stream);
}

function requestFor(view: IntegrationView, stream: string): PreviewRequest {
  const preview = catalogStream(view, stream)?.preview;
  const reason = noRowsReason(view, stream);
  if (reason === undefined && isRequest(preview)) return preview;
  const known = (view.entry.airbyte?.streams ?? []).map(({ name }) => name);
  throw new TenantryError('NotSupported', `no rows of ${stream} to show: ${reason ?? 'nothing gives them'}`, {
    hint: known.includes(stream)
      ? 'the sync itself is not concerned; another stream may have a preview'
      : `the catalog names ${known.join(', ') || 'no streams of it'}${didYouMean(stream, known)}`,
  });
}

interface Asking {
  readonly parts: PreviewParts;
  readonly call: PreviewCall;
  readonly limit: number;
}

async function itemsOf(asking: Asking, preview: PreviewRequest): Promise<readonly Row[]> {
  const { call, limit } = asking;
  if (preview.each === undefined) return await page(asking, preview, undefined);
  const values = await valuesOf(asking, preview.each);
  const rows: Row[] = [];
  let failure: TenantryError | undefined;
  let answers = 0;
  for (const each of values) {
    if (rows.length >= limit) break;
    try {
      rows.push(...(await page({ ...asking, limit: limit - rows.length }, preview, each)));
      answers++;
    } catch (thrown) {
      const error = asTenantryError(thrown);
      // One channel that may not be read says nothing about the others; all else would come again.
      if (error.code !== 'ProviderRejected' || call.signal.aborted) throw error;
      failure ??= error;
    }
  }
  if (answers === 0 && failure) throw failure;
  return rows;
}

async function valuesOf(
  asking: Asking,
  { stream, field, config }: NonNullable<PreviewRequest['each']>,
): Promise<readonly string[]> {
  const { view } = asking.call;
  if (stream !== undefined) {
    const rows = await itemsOf({ ...asking, limit: MOST_EACH }, requestFor(view, stream));
    const ids = rows.map((row) => idText(valueAt(row, field))).filter((id) => id !== undefined);
    return ids.slice(0, MOST_EACH);
  }
  const name = config ?? '';
  const listed: unknown = view.document.spec.config[name];
  const single = (Array.isArray(listed) ? listed : []).filter(
    (value): value is string => typeof value === 'string' && !value.includes('*'),
  );
  if (single.length > 0) return single.slice(0, MOST_EACH);
  throw new TenantryError('NotSupported', `a preview needs one value in spec.config.${name} without "*"`, {
    hint: `name one of them in spec.config.${name}; a sync understands "*" too`,
  });
}

async function page(
  { parts, call, limit }: Asking,
  preview: PreviewRequest,
  each: string | undefined,
): Promise<readonly Row[]> {
  const { document, entry } = call.view;
  const { answer, request } = await callForRows(parts, call, ({ facts }) =>
    rowsRequest(preview, { values: valuesFor(entry, document.spec.config, facts), limit, each }),
  );
  const found = preview.items === undefined ? answer : valueAt(answer, preview.items);
  if (typeof found !== 'object' || found === null)
    throw new TenantryError(
      'ProviderRejected',
      `the answer of ${entry.name} has no rows where they should be`,
      {
        hint: 'the catalog entry’s preview does not fit what the service answers now',
      },
    );
  const rows = (Array.isArray(found) ? (found as unknown[]) : [found]).flatMap((item) =>
    rowOf(item, preview.column),
  );
  return rows.slice(0, limit).map((row) => ({ ...row, ...request.add }));
}

function rowOf(item: unknown, column: string | undefined): Row[] {
  if (typeof item === 'object' && item !== null && !Array.isArray(item)) return [item as Row];
  return column === undefined ? [] : [{ [column]: item }];
}
