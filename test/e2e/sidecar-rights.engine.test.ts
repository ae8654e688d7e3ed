/** Whoever has taken the sidecar over has its two logins. What they do not open, on the real Vault and Postgres. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealVault, startVault } from '../support/engines/vault.ts';
import { prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { sql, sqlState } from '../support/sql.ts';

let world: SidecarWorld<RealVault>;
let token: string;

beforeAll(async () => {
  world = await startSidecarWorld(() => startVault());
  await prepare(world);
  token = await logIn();
  await sql(world.systems, "create table tenant_acme.pages as select 'of acme' as title");
  await sql(
    world.systems,
    `insert into tenantry.installations (tenant, integration, status) values ('acme', 'notion', 'active');
     insert into tenantry.token_access_log (tenant, integration, action, actor, outcome)
       values ('acme', 'notion', 'token.read', 'api-key:x', 'ok')`,
  );
});
afterAll(() => world?.close());

async function logIn(): Promise<string> {
  const response = await fetch(`${world.systems.vault.address}/v1/auth/approle/login`, {
    method: 'POST',
    body: JSON.stringify({
      role_id: world.gateway['VAULT_ROLE_ID'],
      secret_id: world.gateway['VAULT_SECRET_ID'],
    }),
  });
  return ((await response.json()) as { auth: { client_token: string } }).auth.client_token;
}

async function vaultStatus(method: string, path: string, body?: object): Promise<number> {
  const response = await fetch(`${world.systems.vault.address}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': token, 'Content-Type': 'application/merge-patch+json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  await response.text();
  return response.status;
}

const PLAIN = Buffer.from('x').toString('base64');

describe('the login to Vault', () => {
  it.each([
    ['its own secrets', 'GET', 'secret/data/_platform/apps', undefined],
    ['a claim, to read', 'GET', 'secret/data/acme/_tenantry', undefined],
    ['a tenant’s key, to encrypt', 'POST', 'transit/encrypt/acme', { plaintext: PLAIN }],
    ['its own token', 'GET', 'auth/token/lookup-self', undefined],
  ])('opens %s', async (_what, method, path, body) => {
    expect(await vaultStatus(method, path, body)).toBe(200);
  });

  it.each([
    ['GET', 'secret/data/_platform/postgres/acme'],
    ['GET', 'secret/metadata/_platform/postgres/acme'],
    ['GET', 'secret/metadata/_platform/?list=true'],
    ['GET', 'secret/subkeys/_platform/postgres/acme'],
    ['GET', 'secret/subkeys/acme/notion'],
    ['PATCH', 'secret/data/_platform/apps'],
    ['DELETE', 'secret/data/_platform/apps'],
    ['POST', 'secret/destroy/_platform/apps'],
    ['POST', 'secret/data/acme/_tenantry'],
    ['PATCH', 'secret/data/acme/_tenantry'],
    ['DELETE', 'secret/data/acme/_tenantry'],
    ['PATCH', 'secret/metadata/acme/_tenantry'],
    ['POST', 'secret/metadata/acme/_tenantry'],
    ['POST', 'secret/delete/acme/_tenantry'],
    ['DELETE', 'secret/metadata/acme/notion'],
    ['POST', 'secret/undelete/acme/notion'],
    ['POST', 'secret/data/acme/notion/below'],
    ['GET', 'secret/config'],
    ['POST', 'secret/config'],
    ['GET', 'transit/keys?list=true'],
    ['GET', 'transit/keys/acme'],
    ['POST', 'transit/keys/acme/config'],
    ['POST', 'transit/keys/acme/rotate'],
    ['POST', 'transit/keys/made-up'],
    ['DELETE', 'transit/keys/acme'],
    ['POST', 'transit/encrypt/made-up'],
    ['POST', 'transit/rewrap/acme'],
    ['POST', 'transit/datakey/plaintext/acme'],
    ['GET', 'transit/export/encryption-key/acme'],
    ['GET', 'transit/backup/acme'],
    ['GET', 'sys/policies/acl?list=true'],
    ['GET', 'sys/policies/acl/gateway-service'],
    ['POST', 'sys/policies/acl/gateway-service'],
    ['POST', 'sys/policies/acl/tenant-acme'],
    ['POST', 'auth/approle/role/sidecar'],
    ['POST', 'auth/approle/role/sidecar/secret-id'],
    ['POST', 'auth/approle/role/engineer/secret-id'],
    ['POST', 'auth/approle/role/tenant-acme/secret-id'],
    ['POST', 'auth/token/create'],
    ['GET', 'auth/token/accessors?list=true'],
    ['GET', 'sys/mounts'],
    ['POST', 'sys/mounts/mine'],
    ['GET', 'sys/auth'],
    ['GET', 'sys/audit'],
    ['PUT', 'sys/seal'],
    ['GET', 'sys/raw/core?list=true'],
  ])('does not open %s %s', async (method, path) => {
    const body =
      method === 'GET' || method === 'DELETE'
        ? undefined
        : { data: { note: 'x' }, versions: [1], plaintext: PLAIN, policy: '', policies: ['root'] };
    expect(await vaultStatus(method, path, body)).toBe(403);
  });
});

/** Roles that the login may take on; `none` is the login itself. */
const ROLES = ['none', 'tenantry_sidecar', 'tenantry_platform', 'tenantry_queue'];

function asRole(role: string, text: string): Promise<string> {
  return sqlState(world.systems, `set role ${role}; ${text}`, world.login);
}

describe.each(ROLES)('the login to Postgres with role %s', (role) => {
  it.each([
    'alter table tenantry.installations disable row level security',
    'alter table tenantry.installations no force row level security',
    'drop policy own_tenant on tenantry.installations',
    'create policy mine on tenantry.installations using (true)',
    'alter table tenantry.installations add column mine text',
    'alter table tenantry.installations owner to tenantry_app',
    'drop table tenantry.installations',
    'truncate tenantry.installations',
    'create table tenantry.mine (id int)',
    'create trigger mine after insert on tenantry.installations execute function suppress_redundant_updates_trigger()',
    'delete from tenantry.token_access_log',
    "update tenantry.token_access_log set actor = 'nobody'",
    "update tenantry.api_keys set role = 'admin'",
    "insert into tenantry.migrations (name, run_on) values ('x', now())",
    'drop schema tenantry cascade',
    'create schema mine',
    'create table public.mine (id int)',
    'select * from tenant_acme.pages',
    'drop table tenant_acme.pages',
    'set role tenant_acme_loader',
    'set role tenant_acme_reader',
    'set role tenantry_retention',
    'set role postgres',
    'set session authorization postgres',
    'alter role tenantry_app superuser',
    'alter role tenantry_app bypassrls',
    'alter role tenantry_app createrole',
    'create role mine',
    'grant postgres to tenantry_app',
    'grant tenantry_platform to tenant_acme_reader',
    'select rolpassword from pg_authid',
    "copy (select 1) to program 'cat'",
    "select pg_read_file('postgresql.conf')",
    'reassign owned by postgres to tenantry_app',
    'create extension dblink',
    'set session_replication_role = replica',
  ])('does not open: %s', async (text) => {
    expect(await asRole(role, text)).toBe('42501');
  });

  it('sees no row of a tenant while none is named, unless it is the role for all of them', async () => {
    const text = `set role ${role}; select count(*)::int as n from tenantry.installations`;
    const seen = await sql(world.systems, text, [], world.login).catch(
      (error: { code: string }) => error.code,
    );
    const expected = { tenantry_sidecar: [{ n: 0 }], tenantry_platform: [{ n: 1 }] }[role] ?? '42501';
    expect(seen).toEqual(expected);
  });
});

describe('the login to Postgres', () => {
  it('sees and writes the rows of the tenant that it names only', async () => {
    const as = (tenant: string, text: string): Promise<string> =>
      asRole('tenantry_sidecar', `set tenantry.tenant = '${tenant}'; ${text}`);
    const insert = (tenant: string): string =>
      `insert into tenantry.installations (tenant, integration, status) values ('${tenant}', 'slack', 'revoked')`;
    expect(await as('globex', insert('globex'))).toBe('none');
    expect(await as('globex', insert('acme'))).toBe('42501');
    expect(await as('globex', 'set row_security = off; select * from tenantry.installations')).toBe('42501');
    const text = `set role tenantry_sidecar; set tenantry.tenant = 'globex'; select distinct tenant from tenantry.installations`;
    expect(await sql(world.systems, text, [], world.login)).toEqual([{ tenant: 'globex' }]);
  });

  it('leaves no code that the next migration runs with the rights of the admin', async () => {
    await sql(
      world.systems,
      `set role tenantry_queue;
       alter table tenantry_queue.migrations rename to kept;
       create function tenantry_queue.rise() returns int language plpgsql as $$ begin
         execute 'set role none';
         execute 'alter role tenantry_app superuser';
         return 1;
       exception when others then return 1; end $$;
       create view tenantry_queue.migrations as
         select id, ts, breaking from tenantry_queue.kept where tenantry_queue.rise() = 1`,
      [],
      world.login,
    );
    await world.run(['migrate']);
    const found = await sql(world.systems, "select rolsuper from pg_roles where rolname = 'tenantry_app'");
    expect(found).toEqual([{ rolsuper: false }]);
  });
});
