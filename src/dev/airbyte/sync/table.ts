/** Writes a stream's rows into a Postgres table, in one transaction, as Airbyte's Postgres destination does. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { ColumnType, Json, JsonObject } from '../connectors/definition.ts';

export interface Target {
  readonly namespace: string;
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Columns that tell rows apart; empty: every record is a row of its own. */
  readonly key: readonly string[];
  /** Replaces all rows instead of adding to them. */
  readonly overwrite: boolean;
  readonly generation: number;
  readonly jobId: number;
  readonly now: () => number;
}

const META: Readonly<Record<string, string>> = {
  _airbyte_raw_id: 'varchar',
  _airbyte_extracted_at: 'timestamptz',
  _airbyte_meta: 'jsonb',
  _airbyte_generation_id: 'bigint',
};

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'text',
  integer: 'numeric',
  number: 'numeric',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  json: 'jsonb',
};

const quoted = (name: string): string => pg.escapeIdentifier(name);
const tableName = (target: Pick<Target, 'namespace' | 'table'>): string =>
  `${quoted(target.namespace)}.${quoted(target.table)}`;

function sqlColumns(target: Target): Readonly<Record<string, string>> {
  const typed = Object.entries(target.columns).map(([name, type]) => [name, SQL_TYPES[type]]);
  return { ...META, ...Object.fromEntries(typed) };
}

/** Writes all batches or nothing; what was there before a failed overwrite stays. */
export async function writeRows(
  client: pg.Client,
  target: Target,
  batches: AsyncIterable<readonly JsonObject[]>,
): Promise<void> {
  await transaction(client, () => prepareTable(client, target));
  await transaction(client, async () => {
    if (target.overwrite) await client.query(`TRUNCATE ${tableName(target)}`);
    for await (const batch of batches) await insert(client, target, batch);
  });
}

async function transaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** Empties the table if it is there; for clear and reset. */
export async function clearRows(
  client: pg.Client,
  target: Pick<Target, 'namespace' | 'table'>,
): Promise<void> {
  const found = await client.query('SELECT to_regclass($1) AS name', [tableName(target)]);
  if (found.rows[0]?.name !== null) await client.query(`TRUNCATE ${tableName(target)}`);
}

async function prepareTable(client: pg.Client, target: Target): Promise<void> {
  // IF NOT EXISTS does not help two who create at the same moment: one of them would fail.
  await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [target.namespace]);
  // Asked first: CREATE SCHEMA IF NOT EXISTS needs CREATE on the database even where the schema exists.
  const schema = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [target.namespace]);
  if (schema.rowCount === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(target.namespace)}`);
  const columns = Object.entries(sqlColumns(target));
  const present = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [tableName(target)],
  );
  if (present.rowCount === 0) {
    const list = columns.map(([name, type]) => `${quoted(name)} ${type}`).join(', ');
    await client.query(`CREATE TABLE IF NOT EXISTS ${tableName(target)} (${list})`);
    return;
  }
  const names = new Set(present.rows.map((row) => row.name));
  for (const [name, type] of columns) {
    if (names.has(name)) continue;
    await client.query(`ALTER TABLE ${tableName(target)} ADD COLUMN IF NOT EXISTS ${quoted(name)} ${type}`);
  }
}

async function insert(client: pg.Client, target: Target, batch: readonly JsonObject[]): Promise<void> {
  const rows = lastOfEachKey(
    batch.map((record) => row(target, record)),
    target.key,
  );
  const columns = Object.entries(sqlColumns(target));
  const names = columns.map(([name]) => quoted(name)).join(', ');
  const shape = columns.map(([name, type]) => `${quoted(name)} ${type}`).join(', ');
  const json = JSON.stringify(rows, withoutNul);
  if (target.key.length > 0 && rows.length > 0) {
    const key = target.key.map(quoted).join(', ');
    await client.query(
      `DELETE FROM ${tableName(target)} WHERE (${key}) IN (SELECT ${key} FROM jsonb_to_recordset($1::jsonb) AS rows(${shape}))`,
      [json],
    );
  }
  await client.query(
    `INSERT INTO ${tableName(target)} (${names}) SELECT ${names} FROM jsonb_to_recordset($1::jsonb) AS rows(${shape})`,
    [json],
  );
}

/** Postgres text cannot hold U+0000. */
function withoutNul(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '') : value;
}

function lastOfEachKey(rows: readonly JsonObject[], key: readonly string[]): readonly JsonObject[] {
  if (key.length === 0) return rows;
  const last = new Map(rows.map((one) => [JSON.stringify(key.map((name) => one[name] ?? null)), one]));
  return [...last.values()];
}

function row(target: Target, record: JsonObject): JsonObject {
  const changes: JsonObject[] = [];
  const result: JsonObject = {};
  for (const [name, type] of Object.entries(target.columns)) {
    const value = Object.hasOwn(record, name) ? record[name] : null;
    const fitted = columnValue(value ?? null, type);
    if (fitted === undefined) {
      changes.push({ field: name, change: 'NULLED', reason: 'DESTINATION_TYPECAST_ERROR' });
    }
    result[name] = fitted ?? null;
  }
  return {
    ...result,
    _airbyte_raw_id: randomUUID(),
    _airbyte_extracted_at: new Date(target.now()).toISOString(),
    _airbyte_meta: { sync_id: target.jobId, changes },
    _airbyte_generation_id: target.generation,
  };
}

/** The value as the column takes it; undefined when it does not fit, which nulls it and is noted in the row. */
function columnValue(value: Json, type: ColumnType): Json | undefined {
  if (value === null) return null;
  switch (type) {
    case 'json':
      return value;
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'timestamp': {
      const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isNaN(time) ? undefined : new Date(time).toISOString();
    }
    case 'integer':
    case 'number':
      return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
        ? value
        : undefined;
  }
}
