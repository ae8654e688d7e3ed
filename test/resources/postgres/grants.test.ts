/** Kinds postgres:schema and postgres:grants against a real Postgres. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { World } from '../../../src/resources/kind.ts';
import { type GrantsInputs, grants } from '../../../src/resources/postgres/grants.ts';
import { type SchemaInputs, schema } from '../../../src/resources/postgres/schema.ts';
import { openSql, sql, sqlState } from '../../support/sql.ts';
import {
  documentsOf,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';
import { expectMade, expectQuiet, expectRemoved, expectRepaired } from '../life-cycle.ts';

let systems: Systems;
let open: OpenWorld;
let world: World;
let count = 0;
let own: SchemaInputs;
let wanted: GrantsInputs;

beforeAll(async () => {
  systems = await startSystems();
  open = await openWorld(systems, await documentsOf(tenantYaml('acme')));
  world = open.world;
});
afterAll(async () => {
  await open.close();
  await systems.close();
});

beforeEach(async () => {
  count += 1;
  const name = `tenant_g${count}`;
  own = { name, tenant: `g${count}`, deletion: 'Retain' };
  wanted = { schema: name, loader: `${name}_loader`, reader: `${name}_reader` };
  await sql(
    systems,
    `CREATE ROLE ${wanted.loader} LOGIN PASSWORD 'loader'; CREATE ROLE ${wanted.reader} LOGIN PASSWORD 'reader'`,
  );
});

const as = (role: 'loader' | 'reader'): { user: string; password: string } => ({
  user: wanted[role],
  password: role,
});

async function ready(): Promise<void> {
  await schema.sync(own, undefined, world);
  await grants.sync(wanted, await grants.observe(wanted, world), world);
}

describe('a schema', () => {
  test('is made, counted and removed with its tables', async () => {
    await expectMade(schema, own, world);
    await sql(systems, `CREATE TABLE ${own.name}.a (id int); CREATE VIEW ${own.name}.b AS SELECT 1`);
    expect(await expectQuiet(schema, own, world)).toMatchObject({ tables: 2 });
    await expectRepaired(schema, { ...own, deletion: 'Delete' }, world, {
      path: 'deletionPolicy',
      spoil: async () => undefined,
    });
    await expectRemoved(schema, own, world);
  });

  test('whose tables a session holds is not removed, and the error says why instead of hanging', async () => {
    const made = await schema.sync(own, undefined, world);
    await sql(systems, `CREATE TABLE ${own.name}.busy (id int)`);
    const session = await openSql(systems);
    try {
      await session.query(`BEGIN; SELECT * FROM ${own.name}.busy`);
      await expect(schema.remove(own.name, made, world)).rejects.toMatchObject({
        code: 'Conflict',
        retryable: true,
        message: expect.stringContaining('canceling statement due to lock timeout (SQLSTATE 55P03)'),
      });
    } finally {
      await session.end();
    }
    await schema.remove(own.name, made, world);
    expect(await schema.observe(own, world)).toBeUndefined();
    // The limit was for that one script: the pool's connections are as before.
    const [row] = await world.postgres.query<{ limit: string }>(
      "SELECT current_setting('lock_timeout') AS limit",
    );
    expect(row?.limit).toBe('0');
  });

  test('of another driver is seen with its mark, and one without a mark has none', async () => {
    await sql(systems, `CREATE SCHEMA ${own.name}`);
    expect((await schema.observe(own, world))?.mark).toBeUndefined();
    await sql(
      systems,
      `COMMENT ON SCHEMA ${own.name} IS 'tenantry: owner=pulumi:a/b tenant=x deletion=Delete'`,
    );
    expect((await schema.observe(own, world))?.mark).toMatchObject({ owner: 'pulumi:a/b', tenant: 'x' });
  });
});

describe('the rights in a schema', () => {
  test('let the loader make tables and the reader read them, also those that come later', async () => {
    await ready();
    await expectQuiet(grants, wanted, world);
    await sql(
      systems,
      `CREATE TABLE ${own.name}.later AS SELECT 1 AS id; CREATE MATERIALIZED VIEW ${own.name}.mv AS SELECT 2 AS id`,
      [],
      as('loader'),
    );
    await expectQuiet(grants, wanted, world);
    expect(
      await sql(
        systems,
        `SELECT id FROM ${own.name}.later UNION ALL SELECT id FROM ${own.name}.mv`,
        [],
        as('reader'),
      ),
    ).toEqual([{ id: 1 }, { id: 2 }]);
    for (const attempt of [
      `INSERT INTO ${own.name}.later VALUES (2)`,
      `UPDATE ${own.name}.later SET id = 2`,
      `DELETE FROM ${own.name}.later`,
      `TRUNCATE ${own.name}.later`,
      `DROP TABLE ${own.name}.later`,
      `CREATE TABLE ${own.name}.mine (id int)`,
    ]) {
      expect(await sqlState(systems, attempt, as('reader')), attempt).toBe('42501');
    }
    // Postgres answers a grant without the right to grant with a warning only.
    await sql(systems, `GRANT SELECT ON ${own.name}.later TO PUBLIC`, [], as('reader'));
    const [row] = await sql(
      systems,
      `SELECT count(*)::int AS entries FROM pg_class, aclexplode(relacl) a WHERE oid = '${own.name}.later'::regclass AND a.grantee = 0`,
    );
    expect(row).toEqual({ entries: 0 });
  });

  test.each([
    ['revoke', 'GRANT USAGE ON SCHEMA {s} TO PUBLIC'],
    ['revoke', 'GRANT USAGE, CREATE ON SCHEMA {s} TO "stranger"'],
    ['revoke', 'GRANT CREATE ON SCHEMA {s} TO {s}_reader'],
    ['grant', 'REVOKE CREATE ON SCHEMA {s} FROM {s}_loader'],
    ['grant', 'REVOKE USAGE ON SCHEMA {s} FROM {s}_reader'],
    ['owner', 'ALTER SCHEMA {s} OWNER TO {s}_loader'],
    [
      'default privileges',
      'ALTER DEFAULT PRIVILEGES FOR ROLE {s}_loader IN SCHEMA {s} REVOKE SELECT ON TABLES FROM {s}_reader',
    ],
    [
      'default privileges',
      'ALTER DEFAULT PRIVILEGES FOR ROLE {s}_loader IN SCHEMA {s} GRANT ALL ON TABLES TO {s}_reader',
    ],
    [
      'default privileges',
      'ALTER DEFAULT PRIVILEGES FOR ROLE {s}_loader IN SCHEMA {s} GRANT SELECT ON TABLES TO PUBLIC',
    ],
    ['select', 'CREATE TABLE {s}.hidden (id int); REVOKE ALL ON {s}.hidden FROM {s}_reader'],
    ['select', 'CREATE TABLE {s}.foreign (id int); ALTER TABLE {s}.foreign OWNER TO "stranger"'],
    ['write', 'CREATE TABLE {s}.open (id int); GRANT SELECT, INSERT ON {s}.open TO {s}_reader'],
  ])('drift of %s by %s is seen and repaired', async (path, change) => {
    await sql(
      systems,
      `DO $$ BEGIN CREATE ROLE "stranger"; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    await ready();
    await expectRepaired(grants, wanted, world, {
      path,
      spoil: () => sql(systems, change.replaceAll('{s}', own.name)),
    });
  });

  test('are not asked for what the reader owns itself', async () => {
    await ready();
    await sql(
      systems,
      `CREATE TABLE ${own.name}.its (id int); ALTER TABLE ${own.name}.its OWNER TO ${wanted.reader}`,
    );
    await expectQuiet(grants, wanted, world);
  });

  test('are all there after any mixture of drift', async () => {
    const drifts = [
      'GRANT USAGE ON SCHEMA {s} TO PUBLIC',
      'REVOKE ALL ON SCHEMA {s} FROM {s}_loader',
      'GRANT ALL ON SCHEMA {s} TO {s}_reader',
      'ALTER SCHEMA {s} OWNER TO {s}_loader',
      'ALTER SCHEMA {s} OWNER TO {s}_reader',
      'ALTER DEFAULT PRIVILEGES FOR ROLE {s}_loader IN SCHEMA {s} GRANT UPDATE ON TABLES TO PUBLIC',
      'CREATE TABLE IF NOT EXISTS {s}."T 1" (id int); REVOKE ALL ON {s}."T 1" FROM {s}_reader',
      'CREATE TABLE IF NOT EXISTS {s}.t2 (id int); GRANT DELETE ON {s}.t2 TO {s}_reader; ALTER TABLE {s}.t2 OWNER TO {s}_loader',
    ];
    await ready();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...drifts), { minLength: 1, maxLength: 6 }), async (some) => {
        await sql(systems, some.join(';').replaceAll('{s}', own.name));
        await grants.sync(wanted, await grants.observe(wanted, world), world);
        await expectQuiet(grants, wanted, world);
      }),
      { numRuns: 25 },
    );
  });
});
