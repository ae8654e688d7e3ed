/** Kind postgres:role against a real Postgres. */

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { World } from '../../../src/resources/kind.ts';
import { type RoleInputs, role } from '../../../src/resources/postgres/role.ts';
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
let inputs: RoleInputs;
const PASSWORD = 'canary-first-password-of-the-loader';

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
  await setPassword(PASSWORD);
  inputs = loader();
});

async function setPassword(password: string): Promise<void> {
  await world.vault.write(`secret/data/_platform/postgres/t${count}`, { data: { password } });
}

function loader(more: Partial<NonNullable<RoleInputs['login']>> = {}): RoleInputs {
  return {
    name: `tenant_t${count}_loader`,
    tenant: `t${count}`,
    deletion: 'Retain',
    searchPath: `tenant_t${count}`,
    login: {
      password: { from: 'vault', path: `secret/data/_platform/postgres/t${count}`, key: 'password' },
      passwordVersion: '1@then',
      connectionLimit: 3,
      ...more,
    },
  };
}

const login = (password = PASSWORD): { user: string; password: string } => ({ user: inputs.name, password });

describe('a loader role', () => {
  test('is made, logs in with the password in Vault, and is removed', async () => {
    await expectMade(role, inputs, world);
    const [row] = await sql(
      systems,
      'SELECT current_user AS me, current_setting($1) AS path',
      ['search_path'],
      login(),
    );
    expect(row).toEqual({ me: inputs.name, path: inputs.searchPath });
    expect(await sqlState(systems, 'SELECT 1', login('another-password'))).toBe('28P01');
    await expectRemoved(role, inputs, world);
    expect(await sqlState(systems, 'SELECT 1', login())).toBe('28P01');
  });

  test('has its password as a SCRAM verifier, whatever the server would choose', async () => {
    await role.sync(inputs, undefined, world);
    const [row] = await sql<{ rolpassword: string }>(
      systems,
      'SELECT rolpassword FROM pg_authid WHERE rolname = $1',
      [inputs.name],
    );
    expect(row?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  test.each([
    ['login', 'NOLOGIN'],
    ['connectionLimit', 'CONNECTION LIMIT 99'],
    ['searchPath', 'SET search_path = public'],
    ['attribute', 'SUPERUSER'],
    ['attribute', 'CREATEROLE CREATEDB REPLICATION BYPASSRLS'],
    ['password', "VALID UNTIL '2000-01-01'"],
  ])('drift of %s by ALTER ROLE … %s is seen and repaired', async (path, change) => {
    await role.sync(inputs, undefined, world);
    await expectRepaired(role, inputs, world, {
      path,
      spoil: () => sql(systems, `ALTER ROLE ${inputs.name} ${change}`),
    });
    expect(await sqlState(systems, 'SELECT 1', login())).toBe('none');
  });

  test('loses memberships that somebody gave it, whoever granted them', async () => {
    await role.sync(inputs, undefined, world);
    const helper = `helper_${count}`;
    await expectRepaired(role, inputs, world, {
      path: 'member of',
      spoil: () =>
        sql(
          systems,
          `CREATE ROLE ${helper}; CREATE ROLE "Other ${helper}"; GRANT "Other ${helper}" TO ${helper} WITH ADMIN OPTION;
           GRANT pg_read_all_data TO ${inputs.name};
           SET ROLE ${helper}; GRANT "Other ${helper}" TO ${inputs.name}; RESET ROLE;`,
        ),
    });
  });

  test('keeps its members: reading rights are handed on by membership', async () => {
    await role.sync(inputs, undefined, world);
    await sql(systems, `CREATE ROLE app_${count}; GRANT ${inputs.name} TO app_${count}`);
    await expectQuiet(role, inputs, world);
  });

  test('gets a password anew when the one in Vault changes, and only then', async () => {
    const first = await role.sync(inputs, undefined, world);
    expect(role.diff(inputs, first)).toEqual([]);
    const next = loader({ passwordVersion: '2@later' });
    await setPassword('canary-second-password-of-the-loader');
    const fresh = await openWorld(systems, open.stack);
    expect(role.diff(next, await role.observe(next, fresh.world))).toEqual([
      { path: 'password', after: '(set anew)' },
    ]);
    await role.sync(next, await role.observe(next, fresh.world), fresh.world);
    await fresh.close();
    expect(await sqlState(systems, 'SELECT 1', login())).toBe('28P01');
    expect(await sqlState(systems, 'SELECT 1', login('canary-second-password-of-the-loader'))).toBe('none');
  });

  test('cannot hold more connections than its limit', async () => {
    await role.sync(loader({ connectionLimit: 1 }), undefined, world);
    const held = await openSql(systems, login());
    try {
      expect(await sqlState(systems, 'SELECT 1', login())).toBe('53300');
    } finally {
      await held.end();
    }
  });

  test('is retired to NOLOGIN, its sessions end, and it comes back with the same password', async () => {
    const made = await role.sync(inputs, undefined, world);
    const session = await openSql(systems, login());
    const ended = new Promise<void>((resolve) => session.on('end', () => resolve()));
    await role.retire?.(inputs.name, made, world);
    await ended;
    expect(await sqlState(systems, 'SELECT 1', login())).toBe('28000');
    const retired = await role.observe(inputs, world);
    expect(retired).toMatchObject({ retired: true, login: false });
    await role.retire?.(inputs.name, retired as NonNullable<typeof retired>, world);
    expect(role.diff(inputs, retired).map((change) => change.path)).toEqual(['login']);
    await role.sync(inputs, retired, world);
    expect(await sqlState(systems, 'SELECT 1', login())).toBe('none');
  });

  test('is removed with what it owns anywhere in the database, and with its open sessions', async () => {
    const made = await role.sync(inputs, undefined, world);
    await sql(
      systems,
      `CREATE SCHEMA other_${count}; GRANT ALL ON SCHEMA other_${count} TO ${inputs.name};
       CREATE TABLE other_${count}.owned (id int); ALTER TABLE other_${count}.owned OWNER TO ${inputs.name};
       CREATE FUNCTION other_${count}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION other_${count}.f() OWNER TO ${inputs.name};
       CREATE VIEW other_${count}.view AS SELECT * FROM other_${count}.owned;`,
    );
    const session = await openSql(systems, login());
    await session.query(`BEGIN; LOCK TABLE other_${count}.owned`);
    await role.remove(inputs.name, made, world);
    expect(await role.observe(inputs, world)).toBeUndefined();
    expect(
      await sql(systems, `SELECT relname FROM pg_class WHERE relnamespace = 'other_${count}'::regnamespace`),
    ).toEqual([]);
    await session.end().catch(() => undefined);
  });

  test('that owns something in another database stays, with an error that says so', async () => {
    const made = await role.sync(inputs, undefined, world);
    await sql(systems, `CREATE DATABASE other_db_${count} OWNER ${inputs.name}`);
    await expect(role.remove(inputs.name, made, world)).rejects.toMatchObject({
      code: 'PostgresError',
      message: expect.stringMatching(
        new RegExp(
          `cannot be dropped because some objects depend on it \\(owner of database other_db_${count}\\)`,
        ),
      ),
    });
    await sql(systems, `DROP DATABASE other_db_${count}`);
    await role.remove(inputs.name, made, world);
    expect(await role.observe(inputs, world)).toBeUndefined();
  });
});

test('a reader role cannot log in, and drift to LOGIN is repaired', async () => {
  const { login: _login, ...rest } = inputs;
  const reader = { ...rest, name: `tenant_t${count}_reader` };
  await expectMade(role, reader, world);
  await expectRepaired(role, reader, world, {
    path: 'login',
    spoil: () => sql(systems, `ALTER ROLE ${reader.name} LOGIN PASSWORD 'x'`),
  });
  await expectRepaired(role, { ...reader, deletion: 'Delete' }, world, {
    path: 'deletionPolicy',
    spoil: async () => undefined,
  });
  await expectRemoved(role, reader, world);
});

test('whatever the inputs, a synced role has an empty diff, and so has a change from any to any', async () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,40}$/).filter((text) => !/^pg_/.test(text));
  const wanted = fc.record({
    searchPath: name,
    deletion: fc.constantFrom('Retain' as const, 'Delete' as const),
    connectionLimit: fc.integer({ min: 1, max: 1000 }),
    canLogin: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(name, wanted, wanted, async (roleName, ...states) => {
      const key = `r_${roleName}`;
      for (const { searchPath, deletion, connectionLimit, canLogin } of states) {
        const base = { name: key, tenant: 'acme', deletion, searchPath };
        const next = canLogin
          ? { ...base, login: { ...loader().login, connectionLimit } as NonNullable<RoleInputs['login']> }
          : base;
        await role.sync(next, await role.observe(next, world), world);
        await expectQuiet(role, next, world);
      }
      await role.remove(key, { ...(await role.observe({ ...inputs, name: key }, world)) } as never, world);
    }),
    { numRuns: 30 },
  );
});
