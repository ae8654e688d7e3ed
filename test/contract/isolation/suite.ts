/** One tenant attacks another with everything that it is given (V3, P3). Each attack has a control that works. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createVaultClient, type VaultClient } from '../../../src/clients/vault.ts';
import { type Login, sql, sqlState } from '../../support/sql.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  type Systems,
  tenantYaml,
  withWorld,
} from '../../support/world.ts';

/** @param start the parts to attack; everything in them is made by an apply */
export function describeIsolation(name: string, start: () => Promise<Systems>): void {
  describe(`isolation of tenants on ${name}`, () => {
    let systems: Systems;
    /** Tokens of tenant a's application and of the sidecar. */
    let tokenOfA: string;
    let gatewayToken: string;
    let cipherOfB: string;
    let loaderOfA: Login;
    const readerOfA: Login = { user: 'app_of_a', password: 'app-of-a' };

    const STREAMS = { sync: { streams: [{ name: 'pages' }] } };
    const yaml =
      tenantYaml('a') +
      integrationYaml('a', 'notion', STREAMS) +
      tenantYaml('b') +
      integrationYaml('b', 'notion', STREAMS);

    async function login(root: VaultClient, role: string): Promise<string> {
      const id = await root.read<{ role_id: string }>(`auth/approle/role/${role}/role-id`);
      const secret = await root.write<{ secret_id: string }>(`auth/approle/role/${role}/secret-id`);
      const answer = await root.write<{ client_token: string }>('auth/approle/login', {
        role_id: id?.role_id,
        secret_id: secret?.secret_id,
      });
      return answer?.client_token ?? '';
    }

    beforeAll(async () => {
      systems = await start();
      const stack = await documentsOf(yaml);
      await mustApply(systems, stack);
      await withWorld(systems, stack, {}, async (world) => {
        for (const tenant of ['a', 'b'])
          await connectTenant(
            world,
            { tenant, integration: 'notion' },
            { access_token: `token-of-${tenant}-canary` },
          );
        tokenOfA = await login(world.vault, 'tenant-a');
        await world.vault.write('auth/approle/role/gateway', { token_policies: ['gateway-service'] });
        gatewayToken = await login(world.vault, 'gateway');
        const stored = await world.vault.read<{ data: { access_token: string } }>('secret/data/b/notion');
        cipherOfB = stored?.data.access_token ?? '';
        const password = await world.vault.read<{ data: { password: string } }>(
          'secret/data/_platform/postgres/a',
        );
        loaderOfA = { user: 'tenant_a_loader', password: password?.data.password ?? '' };
        const loaderOfB = await world.vault.read<{ data: { password: string } }>(
          'secret/data/_platform/postgres/b',
        );
        await sql(systems, "CREATE TABLE tenant_b.secrets AS SELECT 'of b' AS value", [], {
          user: 'tenant_b_loader',
          password: loaderOfB?.data.password ?? '',
        });
      });
      await sql(systems, "CREATE TABLE tenant_a.rows AS SELECT 'of a' AS value", [], loaderOfA);
      // How a product reads: its own login, with the reader role as its right.
      await sql(
        systems,
        `CREATE ROLE app_of_a LOGIN PASSWORD '${readerOfA.password}'; GRANT tenant_a_reader TO app_of_a`,
      );
    });
    afterAll(() => systems.close());

    /** Sends exactly this path, dots and all, and returns the status. LIST goes as the GET that Vault takes for it. */
    function vaultStatus(token: string, method: string, path: string, body?: unknown): Promise<number> {
      const { hostname, port } = new URL(systems.vault.address);
      const headers = { 'X-Vault-Token': token, 'Content-Type': 'application/merge-patch+json' };
      const wire =
        method === 'LIST'
          ? { method: 'GET', path: `/v1/${path}?list=true` }
          : { method, path: `/v1/${path}` };
      return new Promise((resolve, reject) => {
        const outgoing = request({ hostname, port, headers, ...wire }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        outgoing.on('error', reject);
        outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      });
    }

    const PLAINTEXT = Buffer.from('x').toString('base64');

    describe("with a tenant's Vault token", () => {
      test('its own credentials and key can be used', async () => {
        const vault = createVaultClient({
          address: systems.vault.address,
          auth: { method: 'token', token: tokenOfA },
          kvMount: 'secret',
          transitMount: 'transit',
          concurrency: 2,
        });
        const stored = await vault.read<{ data: { access_token: string } }>('secret/data/a/notion');
        expect(await vault.list('secret/metadata/a/')).toEqual(['_tenantry', 'notion']);
        const opened = await vault.write<{ plaintext: string }>('transit/decrypt/a', {
          ciphertext: stored?.data.access_token,
        });
        expect(Buffer.from(opened?.plaintext ?? '', 'base64').toString()).toBe('token-of-a-canary');
        expect(await vaultStatus(tokenOfA, 'POST', 'transit/encrypt/a', { plaintext: PLAINTEXT })).toBe(200);
        expect(await vaultStatus(tokenOfA, 'GET', 'auth/token/lookup-self')).toBe(200);
        await vault.close();
      });

      test.each([
        ['GET', 'secret/data/b/notion'],
        ['GET', 'secret/metadata/b/notion'],
        ['GET', 'secret/metadata/b/?list=true'],
        ['LIST', 'secret/metadata/b'],
        ['LIST', 'secret/metadata/'],
        ['GET', 'secret/subkeys/b/notion'],
        ['POST', 'secret/data/b/notion'],
        ['PATCH', 'secret/data/b/notion'],
        ['DELETE', 'secret/data/b/notion'],
        ['DELETE', 'secret/metadata/b/notion'],
        ['POST', 'secret/delete/b/notion'],
        ['POST', 'secret/undelete/b/notion'],
        ['POST', 'secret/destroy/b/notion'],
        ['POST', 'transit/encrypt/b'],
        ['POST', 'transit/decrypt/b'],
        ['POST', 'transit/rewrap/b'],
        ['GET', 'transit/keys/b'],
        ['GET', 'transit/keys/a'],
        ['LIST', 'transit/keys'],
        ['GET', 'transit/export/encryption-key/a'],
        ['POST', 'transit/keys/a/config'],
        ['POST', 'transit/keys/a/rotate'],
        ['DELETE', 'transit/keys/a'],
        ['POST', 'transit/encrypt/of-nobody-yet'],
        ['GET', 'secret/data/_platform/postgres/a'],
        ['GET', 'secret/data/_platform/postgres/b'],
        ['GET', 'secret/data/_platform/fingerprint-key'],
        ['LIST', 'secret/metadata/_platform'],
        ['POST', 'secret/data/a/notion'],
        ['POST', 'secret/data/a/_tenantry'],
        ['DELETE', 'secret/metadata/a/_tenantry'],
        ['GET', 'sys/policies/acl/tenant-b'],
        ['POST', 'sys/policies/acl/tenant-a'],
        ['POST', 'auth/approle/role/tenant-a'],
        ['POST', 'auth/approle/role/tenant-b/secret-id'],
        ['GET', 'auth/approle/role/tenant-b/role-id'],
        ['POST', 'auth/token/create'],
        ['POST', 'auth/token/create-orphan'],
        ['LIST', 'auth/token/accessors'],
        ['GET', 'sys/mounts'],
        ['POST', 'sys/mounts/mine'],
        ['POST', 'sys/seal'],
        ['GET', 'sys/audit'],
        ['GET', 'secret/data/a/..%2Fb%2Fnotion'],
        ['GET', 'secret/data/a/%2e%2e/b/notion'],
        ['GET', 'secret/data/a/../b/notion'],
        ['GET', 'secret/data/a%2F..%2Fb%2Fnotion'],
        ['GET', 'secret/data/a/notion/../../b/notion'],
        ['GET', 'secret/data/a/..%252Fb%252Fnotion'],
        ['GET', 'secret/data//b/notion'],
        ['GET', 'secret/data/./b/notion'],
        ['POST', 'transit/decrypt/a/../b'],
        ['POST', 'transit/decrypt/a%2F..%2Fb'],
        ['GET', 'secret/metadata/a/..%2Fb/?list=true'],
      ])('%s %s is refused', async (method, path) => {
        const body =
          method === 'POST' || method === 'PATCH'
            ? {
                plaintext: PLAINTEXT,
                ciphertext: cipherOfB,
                data: { access_token: 'x' },
                policy: '',
                policies: ['root'],
              }
            : undefined;
        const status = await vaultStatus(tokenOfA, method, path, body);
        // What Vault cleans away before it looks at policies is no path at all: it redirects, refuses or finds nothing.
        const climbs = /\.\.|%2e|\/\.\/|\/\//i.test(path);
        expect(climbs ? [301, 307, 400, 403, 404, 405] : [403], `${method} ${path}`).toContain(status);
      });

      test("b's cipher text does not open with a's key, and a's token cannot be used for anything of b's afterwards", async () => {
        expect(await vaultStatus(tokenOfA, 'POST', 'transit/decrypt/a', { ciphertext: cipherOfB })).toBe(400);
        expect(cipherOfB).toMatch(/^vault:v1:/);
      });
    });

    describe("with the sidecar's Vault token", () => {
      test.each([
        ['GET', 'secret/data/a/notion', 200],
        ['GET', 'secret/data/b/notion', 200],
        ['POST', 'secret/data/a/slack', 200],
        ['LIST', 'secret/metadata/a', 200],
        ['LIST', 'secret/metadata', 200],
        ['GET', 'secret/data/a/_tenantry', 200],
        ['POST', 'transit/encrypt/b', 200],
        ['POST', 'transit/decrypt/b', 200],
        ['POST', 'secret/data/a/_tenantry', 403],
        ['DELETE', 'secret/data/a/_tenantry', 403],
        ['PATCH', 'secret/data/a/_tenantry', 403],
        ['PATCH', 'secret/metadata/a/_tenantry', 403],
        ['POST', 'secret/delete/a/_tenantry', 403],
        ['POST', 'secret/undelete/a/notion', 403],
        ['GET', 'secret/subkeys/a/notion', 403],
        ['GET', 'secret/config', 403],
        ['PATCH', 'secret/data/_platform/apps', 403],
        ['GET', 'transit/export/encryption-key/a', 403],
        ['POST', 'transit/rewrap/a', 403],
        ['LIST', 'transit/keys', 403],
        ['LIST', 'sys/policies/acl', 403],
        ['DELETE', 'secret/metadata/a/_tenantry', 403],
        ['POST', 'secret/metadata/a/_tenantry', 403],
        ['GET', 'secret/data/_platform/postgres/a', 403],
        ['GET', 'secret/data/_platform/anything', 403],
        ['GET', 'secret/data/_platform/apps', 404],
        ['GET', 'secret/data/_platform/apps/notion', 404],
        ['POST', 'secret/data/_platform/apps', 403],
        ['POST', 'secret/data/_platform/apps/notion', 403],
        ['GET', 'secret/data/_platform/fingerprint-key', 404],
        ['POST', 'secret/data/_platform/fingerprint-key', 403],
        ['POST', 'secret/data/_platform/anything', 403],
        ['POST', 'secret/destroy/a/_tenantry', 403],
        ['POST', 'secret/destroy/_platform/fingerprint-key', 403],
        ['LIST', 'secret/metadata/_platform', 403],
        ['DELETE', 'secret/metadata/a/notion', 403],
        ['POST', 'transit/encrypt/no-such-key', 403],
        ['POST', 'transit/keys/a/rotate', 403],
        ['DELETE', 'transit/keys/a', 403],
        ['GET', 'transit/keys/a', 403],
        ['POST', 'sys/policies/acl/gateway-service', 403],
        ['GET', 'sys/policies/acl/tenant-a', 403],
        ['POST', 'auth/token/create', 403],
        ['POST', 'auth/approle/role/tenant-a/secret-id', 403],
        ['GET', 'secret/data/_platform%2Fpostgres%2Fa', 403],
      ])('%s %s answers %i', async (method, path, expected) => {
        const body =
          method === 'POST'
            ? { plaintext: PLAINTEXT, ciphertext: cipherOfB, data: { note: 'x' } }
            : undefined;
        expect(await vaultStatus(gatewayToken, method, path, body)).toBe(expected);
      });

      // The development Vault calls such a path wrong, the real one forbids it.
      test.each([
        ['GET', 'secret/data/a/..%2F_platform%2Fpostgres%2Fa'],
        ['GET', 'secret/data/a%2F..%2F_platform%2Fpostgres%2Fa'],
        ['GET', 'secret/data/_platform/apps/..%2Fpostgres%2Fa'],
        ['GET', 'secret/data/_platform/apps%2F..%2Fpostgres%2Fa'],
        ['POST', 'secret/data/b/x%2F..%2F_tenantry'],
        ['POST', 'secret/destroy/b/x%2F..%2F_tenantry'],
      ])('%s %s is refused', async (method, path) => {
        const body = method === 'POST' ? { data: { note: 'x' } } : undefined;
        expect([400, 403]).toContain(await vaultStatus(gatewayToken, method, path, body));
      });
    });

    describe.each([
      ['loader', () => loaderOfA],
      ['reader', () => readerOfA],
    ] as const)("with tenant a's %s role", (name, as) => {
      test('its own schema can be used', async () => {
        expect(await sql(systems, 'SELECT value FROM tenant_a.rows', [], as())).toEqual([{ value: 'of a' }]);
        const made = await sqlState(systems, `CREATE TABLE tenant_a.made_by_${name} (id int)`, as());
        expect(made).toBe(name === 'loader' ? 'none' : '42501');
      });

      test.each([
        ['42501', 'SELECT * FROM tenant_b.secrets'],
        ['42501', "INSERT INTO tenant_b.secrets VALUES ('x')"],
        ['42501', 'UPDATE tenant_b.secrets SET value = NULL'],
        ['42501', 'DELETE FROM tenant_b.secrets'],
        ['42501', 'TRUNCATE tenant_b.secrets'],
        ['42501', 'DROP TABLE tenant_b.secrets'],
        ['42501', 'CREATE TABLE tenant_b.mine (id int)'],
        ['42501', 'CREATE TABLE public.mine (id int)'],
        ['42501', 'CREATE SCHEMA mine'],
        ['42501', 'DROP SCHEMA tenant_b CASCADE'],
        ['42501', 'ALTER SCHEMA tenant_b RENAME TO taken'],
        ['42501', 'BEGIN; LOCK TABLE tenant_b.secrets'],
        ['42501', 'SET ROLE tenant_b_loader'],
        ['42501', 'SET ROLE tenant_b_reader'],
        ['42501', 'SET ROLE postgres'],
        ['42501', "ALTER ROLE tenant_b_loader PASSWORD 'x'"],
        ['42501', 'ALTER ROLE tenant_b_loader NOLOGIN'],
        ['42501', 'DROP ROLE tenant_b_reader'],
        ['42501', 'GRANT tenant_b_reader TO tenant_a_reader'],
        ['42501', 'CREATE ROLE mine'],
        ['42501', 'SELECT rolpassword FROM pg_authid'],
        ['42501', 'SELECT * FROM pg_shadow'],
        ['42501', 'SELECT * FROM pg_user_mapping'],
        ['42501', "COPY (SELECT 1) TO PROGRAM 'cat'"],
        ['42501', "COPY tenant_a.rows FROM '/etc/passwd'"],
        ['42501', "SELECT pg_read_file('postgresql.conf')"],
        ['42501', "SELECT lo_import('/etc/passwd')"],
        [
          '42501',
          'ALTER DEFAULT PRIVILEGES FOR ROLE tenant_b_loader IN SCHEMA tenant_b GRANT SELECT ON TABLES TO tenant_a_reader',
        ],
        ['42501', "COMMENT ON SCHEMA tenant_b IS 'mine'"],
        ['42501', "COMMENT ON ROLE tenant_b_loader IS 'mine'"],
        ['42501', 'ALTER SYSTEM SET log_statement = none'],
        ['42501', 'CREATE EXTENSION dblink'],
        ['42501', "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
        ['42501', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'"],
        ['42501', 'CREATE DATABASE mine'],
      ])('%s: %s', async (state, attack) => {
        expect(await sqlState(systems, attack, as())).toBe(state);
      });

      test("lists nothing of b's, and guesses nothing from statistics or other sessions", async () => {
        await sql(systems, 'ANALYZE tenant_b.secrets');
        const counts = async (login?: Login): Promise<unknown> =>
          (
            await sql(
              systems,
              `SELECT (SELECT count(*)::int FROM information_schema.tables WHERE table_schema = 'tenant_b') AS tables,
             (SELECT count(*)::int FROM information_schema.columns WHERE table_schema = 'tenant_b') AS columns,
             (SELECT count(*)::int FROM information_schema.schemata WHERE schema_name = 'tenant_b') AS schemas,
             (SELECT count(*)::int FROM pg_stats WHERE schemaname = 'tenant_b') AS statistics`,
              [],
              login,
            )
          )[0];
        expect(await counts()).toEqual({ tables: 1, columns: 1, schemas: 1, statistics: 1 });
        expect(await counts(as())).toEqual({ tables: 0, columns: 0, schemas: 0, statistics: 0 });
      });

      test("grants on b's objects have no effect", async () => {
        const acl = (): Promise<unknown> =>
          sql(systems, "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'tenant_b'");
        const before = await acl();
        expect(await sqlState(systems, 'GRANT ALL ON SCHEMA tenant_b TO PUBLIC', as())).toBe('42501');
        expect(await acl()).toEqual(before);
      });
    });

    test("a's reader cannot become a's loader", async () => {
      expect(await sqlState(systems, 'SET ROLE tenant_a_reader', readerOfA)).toBe('none');
      expect(await sqlState(systems, 'SET ROLE tenant_a_loader', readerOfA)).toBe('42501');
    });

    test("a's loader cannot use b's schema as a destination would, by its search path", async () => {
      expect(
        await sqlState(systems, 'SET search_path = tenant_b; CREATE TABLE mine (id int)', loaderOfA),
      ).toBe('3F000');
      expect(await sqlState(systems, 'SET search_path = tenant_b; SELECT * FROM secrets', loaderOfA)).toBe(
        '42P01',
      );
    });
  });
}
