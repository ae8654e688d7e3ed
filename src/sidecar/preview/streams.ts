/** The streams of a tenant's integration before its first sync: from the source, and without one from the catalog. */
import type { ColumnType } from '../../catalog/preview.ts';
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { DiscoveredStream } from '../syncs/schema/discovery.ts';
import { discoverSource, type SourceParts } from '../syncs/schema/source.ts';
import { noRowsReason } from './sample.ts';
import { isSecretName } from './secrets.ts';

export interface StreamPreview {
  readonly name: string;
  /** Top-level columns. Type null: neither source nor catalog tells it. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: ColumnType | null;
    readonly isHidden: boolean;
  }[];
  /** Empty: only the source knows. */
  readonly syncModes: readonly string[];
  readonly primaryKey: readonly (readonly string[])[];
  readonly cursor: readonly string[];
  /** Is it brought by the sync as the document stands? */
  readonly isSynced: boolean;
  /** Why no rows of it can be seen; null: they can. */
  readonly noRows: string | null;
}

export interface StreamsPreview {
  /** `catalog`: there is no source yet; it may have more streams and columns. */
  readonly from: 'source' | 'catalog';
  readonly streams: readonly StreamPreview[];
}

/** @throws NotSupported where the integration has no source in the catalog; else as discoverSource does */
export async function previewStreams(
  parts: SourceParts,
  view: IntegrationView,
  options: CallOptions = {},
): Promise<StreamsPreview> {
  const { entry, document } = view;
  if (!entry.airbyte)
    throw new TenantryError('NotSupported', `${entry.name} is not synced: it has no streams`);
  const place: CredentialPlace = { tenant: document.spec.tenant, integration: entry.id };
  const found = await discoverSource(parts, place, options);
  if (!found) return { from: 'catalog', streams: fromCatalog(view) };
  const streams = found.streams.map((stream) => fromSource(view, stream));
  // Those that the sync brings first: a source may have hundreds.
  return { from: 'source', streams: streams.sort((a, b) => Number(b.isSynced) - Number(a.isSynced)) };
}

type Streams = NonNullable<IntegrationView['entry']['airbyte']>['streams'];

function catalogStreams({ entry }: IntegrationView): Streams {
  return entry.airbyte?.streams ?? [];
}

/** None named means all of the source. */
function isSynced({ entry, document }: IntegrationView, stream: string): boolean {
  const named = document.spec.sync.streams ?? entry.airbyte?.streams ?? [];
  return named.length === 0 || named.some(({ name }) => name === stream);
}

function fromSource(view: IntegrationView, stream: DiscoveredStream): StreamPreview {
  const { name, syncModes, primaryKey, cursor, fields } = stream;
  const known = catalogStreams(view).find((each) => each.name === name)?.columns ?? {};
  const names = new Set(fields.map(([first = '']) => first));
  return {
    name,
    columns: [...names].map((column) => columnOf(column, known)),
    syncModes,
    primaryKey,
    cursor,
    isSynced: isSynced(view, name),
    noRows: noRowsReason(view, name) ?? null,
  };
}

function fromCatalog(view: IntegrationView): StreamPreview[] {
  const named = view.document.spec.sync.streams ?? [];
  const listed = catalogStreams(view);
  const unknown = named.filter(({ name }) => !listed.some((each) => each.name === name));
  return [...listed, ...unknown.map((stream) => ({ ...stream, columns: {} }))].map((stream) => {
    const own = named.find(({ name }) => name === stream.name);
    const mode = own?.syncMode ?? stream.syncMode;
    return {
      name: stream.name,
      columns: Object.keys(stream.columns).map((column) => columnOf(column, stream.columns)),
      syncModes: mode === undefined ? [] : [mode],
      primaryKey: own?.primaryKey ?? stream.primaryKey ?? [],
      cursor: own?.cursorField ?? stream.cursorField ?? [],
      isSynced: isSynced(view, stream.name),
      noRows: noRowsReason(view, stream.name) ?? null,
    };
  });
}

function columnOf(
  name: string,
  known: Readonly<Record<string, ColumnType>>,
): StreamPreview['columns'][number] {
  const type = (Object.hasOwn(known, name) ? known[name] : undefined) ?? null;
  return { name, type, isHidden: isSecretName(name) };
}
