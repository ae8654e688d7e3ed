/** The whole life of a tenant with an admin as Supabase and RDS give: CREATEROLE and CREATE on the database, no superuser. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql, sqlState } from '../../support/sql.ts';
import {
  applyOnce,
  documentsOf,
  mustApply,
  planOnce,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../../support/world.ts';

let systems: Systems;
const env = { PGUSER: 'limited', PGPASSWORD: 'limited-password-of-the-admin' };
const admin = { user: 'limited', password: env.PGPASSWORD };

beforeAll(async () => {
  systems = await startSystems();
  await sql(
    systems,
    `CREATE ROLE limited LOGIN CREATEROLE PASSWORD '${env.PGPASSWORD}'; GRANT CREATE ON DATABASE postgres TO limited`,
  );
});
afterAll(() => systems.close());

async function loaderOf(tenant: string): Promise<{ user: string; password: string }> {
  return withWorld(systems, await documentsOf(tenantYaml(tenant)), {}, async (world) => {
    const answer = await world.vault.read<{ data: { password: string } }>(
      `secret/data/_platform/postgres/${tenant}`,
    );
    return { user: `tenant_${tenant}_loader`, password: answer?.data.password ?? '' };
  });
}

test('an apply makes everything, repairs drift, and a destroy removes everything', async () => {
  const yaml = tenantYaml('acme', { deletionPolicy: 'Delete' });
  await mustApply(systems, yaml, { env });
  expect((await planOnce(systems, yaml, { env })).changes).toEqual([]);

  const loader = await loaderOf('acme');
  await sql(systems, 'CREATE TABLE tenant_acme.rows (id int)', [], loader);
  expect((await planOnce(systems, yaml, { env })).changes).toEqual([]);

  await sql(
    systems,
    `ALTER ROLE tenant_acme_loader NOLOGIN CONNECTION LIMIT 1; GRANT USAGE ON SCHEMA tenant_acme TO PUBLIC;
     REVOKE SELECT ON tenant_acme.rows FROM tenant_acme_reader; ALTER SCHEMA tenant_acme OWNER TO tenant_acme_loader`,
  );
  const repaired = await mustApply(systems, yaml, { env });
  expect(repaired.ids('updated')).toEqual([
    'postgres:role/tenant_acme_loader',
    'postgres:grants/tenant_acme',
  ]);
  expect((await planOnce(systems, yaml, { env })).changes).toEqual([]);

  await sql(
    systems,
    'CREATE SCHEMA elsewhere; GRANT ALL ON SCHEMA elsewhere TO tenant_acme_loader',
    [],
    admin,
  );
  await sql(systems, 'CREATE TABLE elsewhere.rows (id int)', [], loader);
  const one = new Set(['acme']);
  const gone = await mustApply(systems, yaml, { env, only: one, leaving: one, confirmed: one });
  expect(gone.ids('deleted')).toContain('postgres:role/tenant_acme_loader');
  expect(await sql(systems, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenant%'")).toEqual([]);
  expect(await sql(systems, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant%'")).toEqual([]);
  expect(
    await sql(systems, "SELECT relname FROM pg_class WHERE relnamespace = 'elsewhere'::regnamespace"),
  ).toEqual([]);
});

test('what a superuser granted keeps the role, the error says what and how to go on, and a second destroy ends it', async () => {
  const yaml = tenantYaml('bound', { deletionPolicy: 'Delete' });
  await mustApply(systems, yaml, { env });
  await sql(
    systems,
    'CREATE SCHEMA of_the_superuser; GRANT ALL ON SCHEMA of_the_superuser TO tenant_bound_loader',
  );
  const one = new Set(['bound']);
  const options = { env, only: one, leaving: one, confirmed: one };
  const stuck = await applyOnce(systems, yaml, options);
  expect(stuck.result('postgres:role/tenant_bound_loader')).toMatchObject({
    outcome: 'failed',
    problem: {
      message: expect.stringContaining('privileges for schema of_the_superuser'),
      hint: expect.stringContaining('drop or revoke what is named above'),
    },
  });
  expect(stuck.ids('blocked')).toContain('vault:transit-key/bound');
  await sql(systems, 'REVOKE ALL ON SCHEMA of_the_superuser FROM tenant_bound_loader');
  await mustApply(systems, yaml, options);
  expect((await planOnce(systems, yaml, options)).steps).toEqual([]);
});

test('a tenant is retired with its sessions and comes back', async () => {
  const yaml = tenantYaml('retained');
  await mustApply(systems, yaml, { env });
  const loader = await loaderOf('retained');
  expect(await sqlState(systems, 'SELECT 1', loader)).toBe('none');
  const retired = await mustApply(systems, tenantYaml('other'), { env });
  expect(retired.ids('retired')).toEqual(['postgres:role/tenant_retained_loader']);
  expect(await sqlState(systems, 'SELECT 1', loader)).toBe('28000');
  await mustApply(systems, yaml + tenantYaml('other'), { env });
  expect(await sqlState(systems, 'SELECT 1', loader)).toBe('none');
});

test("a table of somebody else's in the schema stops nothing", async () => {
  const yaml = tenantYaml('mixed');
  await mustApply(systems, yaml, { env });
  await sql(systems, 'CREATE TABLE tenant_mixed.of_the_superuser (id int)');
  await sql(systems, 'REVOKE USAGE ON SCHEMA tenant_mixed FROM tenant_mixed_reader');
  const applied = await mustApply(systems, yaml, { env });
  expect(applied.ids('updated')).toEqual(['postgres:grants/tenant_mixed']);
  expect((await planOnce(systems, yaml, { env })).changes).toEqual([]);
});

test('a role that somebody else made is adopted where Postgres lets it; from 16 on the error names the right that is missing', async () => {
  await sql(systems, 'CREATE ROLE tenant_foreign_loader');
  const [server] = await sql<{ version: number }>(
    systems,
    "SELECT current_setting('server_version_num')::int AS version",
  );
  const applied = await applyOnce(systems, tenantYaml('foreign', { adopt: true }), { env });
  // Before Postgres 16 CREATEROLE was a right over every role but superusers.
  const expected =
    (server?.version ?? 0) < 160_000
      ? { outcome: 'updated' }
      : {
          outcome: 'failed',
          problem: { code: 'PostgresForbidden', message: expect.stringContaining('42501') },
        };
  expect(applied.result('postgres:role/tenant_foreign_loader')).toMatchObject(expected);
  expect(await sqlState(systems, 'SELECT * FROM pg_authid', admin)).toBe('42501');
});
