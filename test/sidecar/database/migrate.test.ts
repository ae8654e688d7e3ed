/** Migrations: once, by one process, in transactions, and with an admin who is no superuser. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createPostgresClient,
  type PostgresClient,
  type PostgresOptions,
} from '../../../src/clients/postgres.ts';
import type { DevPostgres } from '../../../src/dev/postgres.ts';
import { rowSecurityBypass } from '../../../src/sidecar/database/bypass.ts';
import { migrate, migrationNames, migrationsDone } from '../../../src/sidecar/database/migrate.ts';
import { createDatabase } from '../../../src/sidecar/database/pooled-database.ts';
import { loginSql } from '../../../src/sidecar/database/roles.ts';
import { adminOf } from '../../support/sidecar-database.ts';
import { startTestPostgres } from '../../support/system-postgres.ts';

let postgres: DevPostgres;
let server: PostgresClient & { close(): Promise<void> };
let databases = 0;

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = createPostgresClient(adminOf(postgres));
});
afterAll(async () => {
  await server.close();
  await postgres.close();
});

/** A database of its own in the cluster, and a client of its superuser. */
async function newDatabase(): Promise<{ admin: PostgresOptions; sql: PostgresClient['query'] }> {
  databases += 1;
  const database = `d${databases}`;
  await server.script(`create database ${database}`);
  const admin = { ...adminOf(postgres), database };
  const sql: PostgresClient['query'] = async (text, params) => {
    const client = createPostgresClient({ ...admin, concurrency: 1 });
    try {
      return await client.query(text, params);
    } finally {
      await client.close();
    }
  };
  return { admin, sql };
}

test('the first run carries out every migration, the second none', async () => {
  const { admin } = await newDatabase();
  expect((await migrate({ admin })).applied).toEqual(await migrationNames());
  expect((await migrate({ admin })).applied).toEqual([]);
});

test('of several at once one migrates and the others wait for it', async () => {
  const { admin } = await newDatabase();
  let waited = 0;
  const onWait = (): void => {
    waited += 1;
  };
  const runs = await Promise.all([1, 2, 3, 4].map(() => migrate({ admin, onWait })));
  const names = await migrationNames();
  expect(runs.map((run) => run.applied.length).sort()).toEqual([0, 0, 0, names.length]);
  expect(waited).toBe(3);
});

test('two databases of one cluster, which share the roles, may be migrated at once', async () => {
  const both = await Promise.all([newDatabase(), newDatabase()]);
  await server.script('drop role if exists nobody_of_ours');
  const runs = await Promise.all(both.map(({ admin }) => migrate({ admin })));
  expect(runs.every((run) => run.applied.length > 0)).toBe(true);
});

test('a migration that fails leaves nothing behind and names no secret, and the next run goes on', async () => {
  const { admin, sql } = await newDatabase();
  await migrate({ admin });
  await sql('drop schema tenantry cascade');
  await sql('create schema tenantry');
  await sql(
    'create table tenantry.migrations (id serial primary key, name text not null, run_on timestamp not null)',
  );
  // The last table of the first migration.
  await sql('create table tenantry.notice_key ()');
  await expect(migrate({ admin })).rejects.toMatchObject({
    code: 'PostgresError',
    message: expect.stringContaining('"notice_key" already exists'),
  });
  expect(await sql("select relname from pg_class where relname = 'installations'")).toEqual([]);
  await sql('drop table tenantry.notice_key');
  expect((await migrate({ admin })).applied).toEqual(await migrationNames());
});

test('tables of a newer program are refused before anything is changed', async () => {
  const { admin, sql } = await newDatabase();
  await migrate({ admin });
  await sql("insert into tenantry.migrations (name, run_on) values ('9999_from-the-future', now())");
  await expect(migrate({ admin })).rejects.toMatchObject({
    code: 'Blocked',
    message: expect.stringContaining('9999_from-the-future'),
  });
});

test('a schema of the same name that is not ours is left alone', async () => {
  const { admin, sql } = await newDatabase();
  await sql('create schema tenantry');
  await sql('create table tenantry.rooms (id int)');
  await expect(migrate({ admin })).rejects.toMatchObject({ code: 'NotOwned' });
  expect(await migrationsDone({ query: sql })).toEqual([]);
});

test('roles that were given more than they may have lose it', async () => {
  const { admin, sql } = await newDatabase();
  await migrate({ admin });
  await sql('alter role tenantry_sidecar login bypassrls createdb');
  await migrate({ admin });
  expect(
    await sql(
      "select rolcanlogin, rolbypassrls, rolcreatedb from pg_roles where rolname = 'tenantry_sidecar'",
    ),
  ).toEqual([{ rolcanlogin: false, rolbypassrls: false, rolcreatedb: false }]);
});

const LOGIN = { user: 'app', password: 'password-of-the-app-login' };

test('the login is made with no rights but the roles, and takes a new password', async () => {
  const { admin, sql } = await newDatabase();
  await migrate({ admin, login: LOGIN });
  await migrate({ admin, login: { ...LOGIN, password: 'another-password-of-the-app' } });
  const roles = await sql(
    `select r.rolinherit, r.rolsuper, r.rolcreaterole, r.rolbypassrls,
       array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid order by 1) as member_of
     from pg_roles r where rolname = 'app'`,
  );
  expect(roles).toEqual([
    {
      rolinherit: false,
      rolsuper: false,
      rolcreaterole: false,
      rolbypassrls: false,
      member_of: ['tenantry_platform', 'tenantry_queue', 'tenantry_sidecar'],
    },
  ]);
  const bare = new pg.Client({
    ...adminOf(postgres),
    database: admin.database,
    user: 'app',
    password: 'another-password-of-the-app',
  });
  await bare.connect();
  await expect(bare.query('select * from tenantry.installations')).rejects.toMatchObject({ code: '42501' });
  await bare.end();
});

test('a login that somebody else has made keeps its password', async () => {
  const { admin, sql } = await newDatabase();
  await sql("create role theirs login noinherit password 'a-password-that-they-chose'");
  await expect(
    migrate({ admin, login: { user: 'theirs', password: 'what-we-would-have-set' } }),
  ).rejects.toMatchObject({
    code: 'PostgresUnauthorized',
    hint: expect.stringContaining('TENANTRY_PGPASSWORD'),
  });
  await migrate({ admin, login: { user: 'theirs', password: 'a-password-that-they-chose' } });
  const database = createDatabase({ ...admin, user: 'theirs', password: 'a-password-that-they-chose' });
  expect(await database.isReachable()).toBe(true);
  await database.close();
});

test('the printed grants are all that an own login needs', async () => {
  const { admin, sql } = await newDatabase();
  await migrate({ admin });
  await sql(loginSql('by hand'));
  await sql(`alter role "by hand" password 'password-set-by-hand'`);
  const database = createDatabase({ ...admin, user: 'by hand', password: 'password-set-by-hand' });
  expect(await database.asTenant('acme', (query) => query('select * from tenantry.installations'))).toEqual(
    [],
  );
  await database.close();
});

test('an admin with CREATEROLE and CREATE on the database suffices, and is told of as no login for the sidecar', async () => {
  const { sql, admin } = await newDatabase();
  await sql("create role limited login createrole password 'password-of-the-limited'");
  await sql(`grant create on database ${admin.database} to limited`);
  // Roles of another admin cannot be given away; here they are the limited one's own.
  for (const database of await server.query<{ name: string }>(
    "select datname as name from pg_database where datname ~ '^d'",
  )) {
    const client = createPostgresClient({ ...admin, database: database.name });
    await client.script(
      'drop owned by tenantry_sidecar, tenantry_platform, tenantry_queue, tenantry_retention cascade',
    );
    await client.close();
  }
  await server.script('drop role tenantry_sidecar, tenantry_platform, tenantry_queue, tenantry_retention');
  const limited = { ...admin, user: 'limited', password: 'password-of-the-limited' };
  const login = { user: 'of_the_limited', password: 'password-of-the-second-app' };
  expect((await migrate({ admin: limited, login })).applied).toEqual(await migrationNames());
  expect((await migrate({ admin: limited, login })).applied).toEqual([]);
  const own = createDatabase({ ...admin, ...login });
  await own.asTenant('acme', (query) =>
    query("insert into tenantry.usage_minutes (tenant, minute, calls) values ('acme', now(), 1)"),
  );
  expect(await own.asTenant('globex', (query) => query('select * from tenantry.usage_minutes'))).toEqual([]);
  expect(await rowSecurityBypass(own)).toBeUndefined();
  const asAdmin = createDatabase(limited);
  expect(await rowSecurityBypass(asAdmin)).toContain('limited has CREATEROLE');
  const asSuperuser = createDatabase(admin);
  expect(await rowSecurityBypass(asSuperuser)).toContain('is a superuser');
  await Promise.all([own.close(), asAdmin.close(), asSuperuser.close()]);
});

test('who may not make roles is told so', async () => {
  const { sql, admin } = await newDatabase();
  await sql("create role powerless login password 'password-of-the-powerless'");
  await sql(`grant create on database ${admin.database} to powerless`);
  const powerless = { ...admin, user: 'powerless', password: 'password-of-the-powerless' };
  await expect(migrate({ admin: powerless })).rejects.toMatchObject({ code: 'PostgresForbidden' });
});

test('a stopped run ends before the next step', async () => {
  const { admin, sql } = await newDatabase();
  await expect(migrate({ admin, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Cancelled' });
  expect(await sql("select 1 as one from pg_namespace where nspname = 'tenantry'")).toEqual([]);
});
