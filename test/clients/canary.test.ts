/** Makes every call fail in every way, and looks for the credentials in everything that is thrown. */
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAirbyteClient } from '../../src/clients/airbyte.ts';
import { createPostgresClient } from '../../src/clients/postgres.ts';
import { createVaultClient } from '../../src/clients/vault.ts';
import { startDevPostgres } from '../../src/dev/postgres.ts';
import { type Answer, deadUrl, faultServer, type Seen, testTime } from './fault-server.ts';

const SECRET = '7f3a9c-secret-e51d20';
const CANARY = new RegExp(`7f3a9c|e51d20|${Buffer.from(SECRET).toString('base64').slice(0, 12)}`);

/** A server at its worst: it repeats the whole request, headers and all, in its error. */
function echo(status: number): (request: Seen) => Answer {
  return (request) => {
    const text = JSON.stringify(request);
    return {
      status,
      body: { errors: [text], title: text, detail: text, message: text, data: { message: text } },
    };
  };
}

const FAILURES: Record<string, (request: Seen) => Answer> = {
  'a reset': () => 'reset',
  'no answer': () => 'hang',
  'a page': () => 'html',
  'a redirect': () => ({ status: 307, headers: { Location: `https://elsewhere.example/${SECRET}` } }),
  ...Object.fromEntries(
    [400, 401, 403, 404, 409, 422, 429, 500, 503].map((status) => [`${status}`, echo(status)]),
  ),
};

/** Everything that a logger could make of an error and its causes. */
function everythingOf(error: unknown): string {
  const parts: string[] = [];
  for (let each = error; each !== undefined && each !== null; each = (each as Error).cause) {
    const { message, stack } = each as Error;
    parts.push(message, stack ?? '', String(each), JSON.stringify(each));
    parts.push(JSON.stringify(each, Object.getOwnPropertyNames(each)));
    parts.push(inspect(each, { depth: 20, showHidden: true }));
  }
  return parts.join('\n');
}

async function thrownBy(calls: (() => Promise<unknown>)[]): Promise<string[]> {
  const thrown: string[] = [];
  for (const call of calls) {
    await call().then(
      () => undefined,
      (error: unknown) => thrown.push(everythingOf(error)),
    );
  }
  return thrown;
}

const limits = { concurrency: 4, timeoutMs: 20, retries: 1, random: () => 0 };

async function urls(): Promise<[string, string][]> {
  const servers = Object.entries(FAILURES).map(
    async ([name, answer]): Promise<[string, string]> => [name, (await faultServer(answer)).url],
  );
  return [
    ...(await Promise.all(servers)),
    ['nobody', await deadUrl()],
    ['no host', 'http://nowhere.invalid'],
  ];
}

describe('no credential is in what is thrown by', () => {
  test('the Vault client', async () => {
    for (const [name, address] of await urls()) {
      const { now, sleep } = testTime();
      for (const auth of [
        { method: 'token', token: SECRET },
        { method: 'approle', mount: 'approle', roleId: 'role', secretId: SECRET },
      ] as const) {
        const options = { address, auth, kvMount: 'secret', transitMount: 'transit', ...limits, now, sleep };
        const vault = createVaultClient(options);
        const thrown = await thrownBy([
          () => vault.read('a/b'),
          () => vault.list('a/b'),
          () => vault.write('a/b', { note: SECRET }),
          () => vault.patch('a/b', { note: SECRET }),
          () => vault.delete('a/b'),
        ]);
        expect([name, thrown.filter((text) => CANARY.test(text))]).toEqual([name, []]);
        expect(thrown.length + (name === '404' ? 5 : 0)).toBeGreaterThan(1);
        expect(inspect(vault, { depth: 9, showHidden: true })).not.toMatch(CANARY);
      }
    }
  });

  test('the Airbyte client', async () => {
    for (const [name, url] of await urls()) {
      const { now, sleep } = testTime();
      for (const auth of [{ apiKey: SECRET }, { clientId: 'id', clientSecret: SECRET }]) {
        const airbyte = createAirbyteClient({ url, ...auth, ...limits, now, sleep });
        const thrown = await thrownBy([
          () => airbyte.get('/a'),
          () => airbyte.listAll('/a'),
          () => airbyte.post('/a', { note: SECRET }),
          () => airbyte.patch('/a', { note: SECRET }),
          () => airbyte.delete('/a'),
        ]);
        expect([name, thrown.filter((text) => CANARY.test(text))]).toEqual([name, []]);
        expect(thrown.length).toBeGreaterThan(1);
        expect(JSON.stringify(airbyte.tokenStatus())).not.toMatch(CANARY);
        expect(inspect(airbyte, { depth: 9, showHidden: true })).not.toMatch(CANARY);
      }
    }
  });

  test('the Postgres client', async () => {
    const server = await startDevPostgres();
    onTestFinished(() => server.close());
    const { host, port, database, user, password } = server;
    const dead = Number(new URL(await deadUrl()).port);
    const right = { host, port, database, user, password, sslMode: 'disable', concurrency: 1 } as const;
    for (const options of [right, { ...right, port: dead }, { ...right, user: 'nobody_here' }]) {
      const postgres = createPostgresClient(options);
      const thrown = await thrownBy([
        () => postgres.query('select $1::int', [password]),
        () => postgres.script(`select '${password}'::int`),
        () => postgres.script(`alter role nobody_here password '${password}' '${password}'`),
        () => postgres.script(`do $$ begin raise exception '%', '${password}'; end $$`),
        () => postgres.withLock('key', () => postgres.script(`"${password}"`)),
      ]);
      expect(thrown).toHaveLength(5);
      expect(thrown.filter((text) => text.includes(password))).toEqual([]);
      expect(inspect(postgres, { depth: 9, showHidden: true })).not.toContain(password);
      await postgres.close();
    }
  });
});
