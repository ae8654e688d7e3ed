/** Keeps in Postgres what a source's schema was when it was last looked at, and what has changed since. */
import type { CallOptions } from '../../../clients/http.ts';
import type { CredentialPlace } from '../../../credentials/store.ts';
import type { Database, Query } from '../../database/database.ts';
import type { SchemaChange } from '../runner.ts';
import type { Snapshot } from './snapshot.ts';

export interface Seen {
  readonly sourceId: string;
  readonly streams: Snapshot;
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly lookedAt: number;
  /** Schema before a breaking change that nobody has accepted yet; undefined: there is none. */
  readonly before: Snapshot | undefined;
  /** When that change was noticed; milliseconds since 1970. */
  readonly brokenAt: number | undefined;
}

export interface NoticedChange extends SchemaChange {
  readonly id: string;
  /** RFC 3339. */
  readonly noticedAt: string;
}

export interface SchemaStore {
  /** Without the schemas, which may be large: before every run. */
  glance(
    place: CredentialPlace,
    options?: CallOptions,
  ): Promise<Pick<Seen, 'lookedAt' | 'brokenAt'> | undefined>;
  seen(place: CredentialPlace, options?: CallOptions): Promise<Seen | undefined>;
  /**
   * Writes what was seen over what was there before, with the changes. False: somebody else has looked in the meantime,
   * and nothing was written.
   */
  keep(
    place: CredentialPlace,
    what: { readonly from: Seen | undefined; readonly to: Seen; readonly changes: readonly SchemaChange[] },
    options?: CallOptions,
  ): Promise<boolean>;
  /** Newest first. */
  changes(place: CredentialPlace, limit: number, options?: CallOptions): Promise<readonly NoticedChange[]>;
}

/** Newest changes that are kept of each integration. */
const MOST_CHANGES = 1_000;

interface SeenRow extends Record<string, unknown> {
  readonly source_id: string;
  readonly streams: Snapshot;
  readonly fingerprint: string;
  readonly looked_at: Date;
  readonly before_break: Snapshot | null;
  readonly broken_at: Date | null;
}

export function createSchemaStore(database: Pick<Database, 'asTenant'>): SchemaStore {
  return {
    async glance({ tenant, integration }, options) {
      const [row] = await database.asTenant(
        tenant,
        (query) =>
          query<Pick<SeenRow, 'looked_at' | 'broken_at'>>(
            `select looked_at, broken_at from tenantry.source_schemas where tenant = $1 and integration = $2`,
            [tenant, integration],
          ),
        options,
      );
      return row && { lookedAt: row.looked_at.getTime(), brokenAt: row.broken_at?.getTime() };
    },

    async seen({ tenant, integration }, options) {
      const [row] = await database.asTenant(
        tenant,
        (query) =>
          query<SeenRow>(
            `select source_id, streams, fingerprint, looked_at, before_break, broken_at
               from tenantry.source_schemas where tenant = $1 and integration = $2`,
            [tenant, integration],
          ),
        options,
      );
      return row && seenOf(row);
    },

    async keep(place, { from, to, changes }, options) {
      return await database.asTenant(
        place.tenant,
        async (query) => {
          if (!(await keepSeen(query, place, { from, to }))) return false;
          if (changes.length > 0) await keepChanges(query, place, { changes, noticedAt: to.lookedAt });
          return true;
        },
        options,
      );
    },

    async changes({ tenant, integration }, limit, options) {
      const rows = await database.asTenant(
        tenant,
        (query) =>
          query<{
            id: string;
            stream: string;
            kind: SchemaChange['kind'];
            field: string | null;
            is_breaking: boolean;
            noticed_at: Date;
          }>(
            `select id, stream, kind, field, is_breaking, noticed_at from tenantry.schema_changes
              where tenant = $1 and integration = $2 order by noticed_at desc, stream, field limit $3`,
            [tenant, integration, limit],
          ),
        options,
      );
      return rows.map(({ field, is_breaking, noticed_at, ...row }) => ({
        ...row,
        ...(field !== null && { field }),
        isBreaking: is_breaking,
        noticedAt: noticed_at.toISOString(),
      }));
    },
  };
}

/** False: the row is another than that of before. */
async function keepSeen(
  query: Query,
  { tenant, integration }: CredentialPlace,
  { from, to }: { readonly from: Seen | undefined; readonly to: Seen },
): Promise<boolean> {
  const kept = await query(
    `insert into tenantry.source_schemas as old
       (tenant, integration, source_id, streams, fingerprint, looked_at, before_break, broken_at)
     values ($1, $2, $3, $4, $5, to_timestamp($6), $7, to_timestamp($8))
     on conflict (tenant, integration) do update set
       source_id = excluded.source_id, streams = excluded.streams, fingerprint = excluded.fingerprint,
       looked_at = excluded.looked_at, before_break = excluded.before_break, broken_at = excluded.broken_at
     where old.fingerprint = $9 and old.looked_at = to_timestamp($10)
     returning tenant`,
    [
      ...[tenant, integration, to.sourceId, JSON.stringify(to.streams), to.fingerprint],
      to.lookedAt / 1000,
      to.before === undefined ? null : JSON.stringify(to.before),
      seconds(to.brokenAt),
      from?.fingerprint ?? null,
      seconds(from?.lookedAt),
    ],
  );
  return kept.length > 0;
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}

async function keepChanges(
  query: Query,
  { tenant, integration }: CredentialPlace,
  { changes, noticedAt }: { readonly changes: readonly SchemaChange[]; readonly noticedAt: number },
): Promise<void> {
  await query(
    `insert into tenantry.schema_changes (tenant, integration, stream, kind, field, is_breaking, noticed_at)
     select $1, $2, c.stream, c.kind, c.field, c.is_breaking, to_timestamp($3)
       from jsonb_to_recordset($4) as c (stream text, kind text, field text, is_breaking boolean)`,
    [tenant, integration, noticedAt / 1000, JSON.stringify(changes.slice(0, MOST_CHANGES).map(rowOf))],
  );
  await query(
    `delete from tenantry.schema_changes where tenant = $1 and integration = $2 and id not in
       (select id from tenantry.schema_changes where tenant = $1 and integration = $2
         order by noticed_at desc, stream, field limit $3)`,
    [tenant, integration, MOST_CHANGES],
  );
}

function rowOf({ stream, kind, field, isBreaking }: SchemaChange): Record<string, unknown> {
  return { stream, kind, field: field ?? null, is_breaking: isBreaking };
}

function seenOf(row: SeenRow): Seen {
  return {
    sourceId: row.source_id,
    streams: row.streams,
    fingerprint: row.fingerprint,
    lookedAt: row.looked_at.getTime(),
    before: row.before_break ?? undefined,
    brokenAt: row.broken_at?.getTime(),
  };
}
