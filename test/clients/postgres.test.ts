import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  createPostgresClient,
  type PostgresClient,
  type PostgresOptions,
  quoteIdent,
  quoteLiteral,
} from '../../src/clients/postgres.ts';
import { postgresError } from '../../src/clients/postgres-errors.ts';
import { lockKey } from '../../src/clients/postgres-lock.ts';
import { scramVerifier } from '../../src/clients/scram.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';
import { Redactor } from '../../src/redact.ts';
import { startTcpFaults } from '../support/tcp-faults.ts';

let server: DevPostgres;
beforeAll(async () => {
  server = await startDevPostgres();
});
afterAll(() => server.close());

function client(more: Partial<PostgresOptions> = {}): PostgresClient & { close(): Promise<void> } {
  const { host, port, database, user, password } = server;
  const made = createPostgresClient({
    ...{ host, port, database, user, password, sslMode: 'disable', concurrency: 4 },
    ...more,
  });
  onTestFinished(() => made.close());
  return made;
}

const name = (): string => `t_${randomBytes(6).toString('hex')}`;

describe('the client', () => {
  test('queries with parameters and names itself', async () => {
    const rows = await client({ applicationName: 'tenantry test' }).query(
      "select $1::int + 1 as sum, current_setting('application_name') as me",
      [41],
    );
    expect(rows).toEqual([{ sum: 42, me: 'tenantry test' }]);
  });

  test('runs a script as one transaction', async () => {
    const postgres = client();
    const schema = name();
    await postgres.script(`create schema ${schema}; create table ${schema}.a (x int)`);
    const broken = `create table ${schema}.b (x int); select 1 / 0`;
    await expect(postgres.script(broken)).rejects.toMatchObject({ code: 'PostgresError' });
    const rows = await postgres.query('select tablename from pg_tables where schemaname = $1', [schema]);
    expect(rows).toEqual([{ tablename: 'a' }]);
  });

  test('opens no more connections than it may, however many queries wait', async () => {
    const postgres = client({ concurrency: 2, applicationName: 'two at most', connectTimeoutMs: 5_000 });
    const sql = "select count(*)::int as n from pg_stat_activity where application_name = 'two at most'";
    const counts = await Promise.all(Array.from({ length: 40 }, () => postgres.query<{ n: number }>(sql)));
    expect(Math.max(...counts.map((rows) => rows[0]?.n ?? 0))).toBe(2);
  });

  test('cancels the statement at the server when the run is stopped', async () => {
    const postgres = client({ applicationName: 'to be stopped' });
    const stop = new AbortController();
    const sleeping = expect(
      postgres.query('select pg_sleep(60)', [], { signal: stop.signal }),
    ).rejects.toMatchObject({
      code: 'Cancelled',
    });
    const watch = client();
    const running = async (): Promise<number> =>
      (
        await watch.query(
          "select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'",
        )
      ).length;
    await expect.poll(running).toBe(1);
    stop.abort();
    await sleeping;
    await expect.poll(running).toBe(0);
    await expect(postgres.query('select 1', [], { signal: stop.signal })).rejects.toMatchObject({
      code: 'Cancelled',
    });
    expect(await postgres.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('lives on when the server ends its connections', async () => {
    const postgres = client({ concurrency: 1 });
    const [row] = await postgres.query<{ pid: number }>('select pg_backend_pid() as pid');
    await client().query('select pg_terminate_backend($1)', [row?.pid]);
    const again = async (): Promise<unknown> =>
      await postgres.query('select 1 as one').catch(() => 'not yet');
    await expect.poll(again).toEqual([{ one: 1 }]);
  });

  test('fails the statement under way, and nothing else, when its connection is reset', async () => {
    const network = await startTcpFaults({ host: server.host, port: server.port });
    onTestFinished(network.close);
    const through = client({ port: network.port });
    const sleeping = through.query('select pg_sleep(60)');
    const outcome = sleeping.catch((error: unknown) => error);
    await expect
      .poll(async () => {
        const [row] = await client().query<{ count: number }>(
          "select count(*)::int as count from pg_stat_activity where query = 'select pg_sleep(60)'",
        );
        return row?.count;
      })
      .toBe(1);
    await network.set('refuse');
    expect(await outcome).toMatchObject({ code: 'PostgresUnreachable' });
    await network.set('pass');
    expect(await through.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('tells of every call', async () => {
    const calls: unknown[] = [];
    const postgres = client({ onCall: ({ method, status }) => calls.push([method, status]) });
    await postgres.query('select 1');
    await postgres.script('select 1').catch(() => undefined);
    await postgres.query('nonsense').catch(() => undefined);
    expect(calls).toEqual([
      ['QUERY', 200],
      ['SCRIPT', 200],
      ['QUERY', 0],
    ]);
  });
});

describe('an error', () => {
  test.each([
    ['a wrong password', { password: 'wrong-password' }, 'PostgresUnauthorized', '28P01'],
    ['no such user', { user: 'nobody_here' }, 'PostgresUnauthorized', '28'],
    ['no such database', { database: 'nowhere' }, 'PostgresError', '3D000'],
    ['a dead port', { port: 1 }, 'PostgresUnreachable', 'ECONNREFUSED'],
    ['an unknown host', { host: 'nowhere.invalid' }, 'PostgresUnreachable', 'nowhere.invalid'],
    ['TLS that the server has not', { sslMode: 'require' }, 'PostgresUnreachable', 'SSL'],
  ] as const)('for %s is told', async (_name, options, code, text) => {
    const failing = client(options).query('select 1');
    await expect(failing).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  test.each([
    ['42501', 'PostgresForbidden'],
    ['53300', 'PostgresUnavailable'],
    ['57P03', 'PostgresUnavailable'],
    ['40001', 'Conflict'],
    ['40P01', 'Conflict'],
    ['55P03', 'Conflict'],
    ['08006', 'PostgresUnreachable'],
    ['22012', 'PostgresError'],
  ])('with SQLSTATE %s is %s', async (state, code) => {
    const raise = client().script(`do $$ begin raise exception 'no' using errcode = '${state}'; end $$`);
    await expect(raise).rejects.toMatchObject({ code, message: `Postgres: no (SQLSTATE ${state})` });
  });

  test('of two sessions at one catalogue row is a conflict', () => {
    const race = new pg.DatabaseError('tuple concurrently updated', 0, 'error');
    race.code = 'XX000';
    expect(postgresError(race, new Redactor()).code).toBe('Conflict');
    const twice = new pg.DatabaseError('duplicate key value violates unique constraint', 0, 'error');
    Object.assign(twice, { code: '23505', constraint: 'pg_namespace_nspname_index' });
    expect(postgresError(twice, new Redactor()).code).toBe('Conflict');
  });

  test('says what depends on an object, and keeps the SQL to itself', async () => {
    const role = name();
    const postgres = client();
    await postgres.script(`create role ${role}; create schema ${role} authorization ${role}`);
    await expect(postgres.script(`drop role ${role}; select 'canary-value'`)).rejects.toSatisfy(
      (error: Error) => {
        return (
          error.message.includes(`owner of schema ${role}`) && !JSON.stringify(error).includes('canary-value')
        );
      },
    );
  });
});

describe('a lock', () => {
  test('is held by one at a time, and the next one waits and says so', async () => {
    const [key, order] = [name(), [] as string[]];
    const [first, second] = [client(), client()];
    const waiting = Promise.withResolvers<void>();
    await Promise.all([
      first
        .withLock(key, async () => {
          order.push('first in');
          const next = second.withLock(key, async () => void order.push('second in'), {
            waitMs: 30_000,
            onWait: () => waiting.resolve(),
          });
          await waiting.promise;
          order.push('first out');
          return { next };
        })
        .then(({ next }) => next),
    ]);
    expect(order).toEqual(['first in', 'first out', 'second in']);
  });

  test.each([0, 20])('that is busy after %i ms names its holder', async (waitMs) => {
    const key = name();
    await client({ applicationName: 'operator of staging' }).withLock(key, async () => {
      const busy = client().withLock(key, async () => 'never', { waitMs });
      await expect(busy).rejects.toMatchObject({
        code: 'Locked',
        message: expect.stringMatching(`${key}.*operator of staging \\(Postgres pid \\d+\\)`),
      });
    });
    expect(await client().withLock(key, async () => 'free')).toBe('free');
  });

  test('is free again when the work fails, and other locks never were touched', async () => {
    const [key, postgres] = [name(), client()];
    const failing = postgres.withLock(key, async () => {
      expect(await postgres.withLock(`${key} other`, async () => 'other')).toBe('other');
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    expect(await postgres.withLock(key, async () => 'free')).toBe('free');
  });

  test('that is lost with its connection stops the work and fails', async () => {
    const [key, watch] = [name(), client()];
    const losing = client({ applicationName: key }).withLock(key, async (lost) => {
      await watch.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
        [key],
      );
      await expect.poll(() => lost.aborted).toBe(true);
      return 'done';
    });
    await expect(losing).rejects.toMatchObject({
      code: 'PostgresUnreachable',
      message: expect.stringContaining(key),
    });
  });

  test('is waited for no longer than the run goes on', async () => {
    const [key, stop] = [name(), new AbortController()];
    await client().withLock(key, async () => {
      const options = { waitMs: 60_000, signal: stop.signal, onWait: () => stop.abort() };
      await expect(client().withLock(key, async () => 'never', options)).rejects.toMatchObject({
        code: 'Cancelled',
      });
    });
  });

  test('has a key that is a signed 64-bit number and differs by name', () => {
    const keys = Array.from({ length: 200 }, (_, index) => lockKey(`stack/${index}`));
    expect(new Set(keys).size).toBe(200);
    for (const key of keys) expect(BigInt.asIntN(64, BigInt(key)).toString()).toBe(key);
  });
});

describe('quoting', () => {
  test('keeps every text a text, and every name a name', async () => {
    const nasty = `a'b"c\\d; drop table x; --`;
    const [row] = await client().query(`select ${quoteLiteral(nasty)} as ${quoteIdent(nasty)}`);
    expect(row).toEqual({ [nasty]: nasty });
  });
});

describe('a SCRAM verifier', () => {
  test('is the one of RFC 7677 for its example', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const verifier = await scramVerifier('pencil', { salt, iterations: 4096 });
    expect(verifier).toBe(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });

  test.each(['plain-password-1', 'with \'quotes" and \\', 'pässwörd ﬁ ²', 'soft\u00ADhyphen and\u00A0space'])(
    'lets the role log in with %j, and with no other password',
    async (password) => {
      const role = name();
      const verifier = await scramVerifier(password);
      await client().script(`create role ${role} login password ${quoteLiteral(verifier)}`);
      expect(await client({ user: role, password }).query('select current_user as me')).toEqual([
        { me: role },
      ]);
      const wrong = client({ user: role, password: `${password}x` }).query('select 1');
      await expect(wrong).rejects.toMatchObject({ code: 'PostgresUnauthorized' });
    },
  );

  test('is the same as Postgres makes of the same password and salt', async () => {
    const role = name();
    const postgres = client();
    await postgres.script(`create role ${role} password 'made by the server ﬁ'`);
    const [row] = await postgres.query<{ verifier: string }>(
      'select rolpassword as verifier from pg_authid where rolname = $1',
      [role],
    );
    const salt = Buffer.from(row?.verifier.split(/[:$]/)[2] ?? '', 'base64');
    expect(await scramVerifier('made by the server ﬁ', { salt })).toBe(row?.verifier);
  });

  test('differs each time, because the salt does', async () => {
    expect(await scramVerifier('same-password')).not.toBe(await scramVerifier('same-password'));
  });
});
