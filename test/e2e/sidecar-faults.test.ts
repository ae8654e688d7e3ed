/** Vault or Postgres goes away: who needs it is told so in time, the others go on, and nothing is lost. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../support/sidecar-replicas.ts';
import {
  OF_ACME,
  type OnItsWayBack,
  startUnderFault,
  type UnderFault,
} from '../support/sidecar-under-fault.ts';

let world: UnderFault;

/** Longest cache of a token. */
const CACHE_MS = 301_000;
/** What docs/production.md promises, and a little for a busy machine. */
const VAULT_MS = 12_000;
const POSTGRES_MS = 50_000;

beforeAll(async () => {
  world = await startUnderFault();
});
afterEach(() => world.calm());
afterAll(() => world.close());

/** Kinds of requests; each is made once under a fault. */
type Kind =
  | 'health'
  | 'ready'
  | 'metrics'
  | 'cached token'
  | 'token'
  | 'seen key'
  | 'new key'
  | 'proxy'
  | 'tools'
  | 'status'
  | 'store'
  | 'revoke'
  | 'make link'
  | 'link page'
  | 'callback'
  | 'webhook';

interface Prepared {
  readonly newKey: string;
  readonly path: string;
  readonly jwt: string;
  readonly manager: string;
  readonly globex: string;
  readonly back: OnItsWayBack;
}

/** What is made before the fault; afterwards acme's Notion token is in memory, and no other. */
async function prepare(): Promise<Prepared> {
  world.clock.now += CACHE_MS;
  const prepared = {
    newKey: await world.key('acme', 'app'),
    path: await world.linkPath(),
    jwt: await world.jwt('app'),
    manager: await world.jwt('tenant-admin'),
    globex: await world.jwt('tenant-admin', 'globex'),
    back: await world.onItsWayBack('slack'),
  };
  expect(
    await world.call('/tenants/globex/integrations/notion/credentials', {
      method: 'POST',
      key: prepared.globex,
      body: { accessToken: 'ntn_token-of-globex' },
    }),
  ).toMatchObject({ status: 200 });
  const read = await world.call(`${OF_ACME}/notion/token`, { key: world.keys.app });
  expect(read).toMatchObject({ status: 200 });
  return prepared;
}

async function ask(prepared: Prepared): Promise<Record<Kind, Answer>> {
  const { newKey, path, jwt, manager, globex, back } = prepared;
  const tool = { toolId: 'search', integration: 'notion', parameters: { query: 'a' } };
  const asked: Record<Kind, Promise<Answer>> = {
    health: world.call('/health'),
    ready: world.call('/ready'),
    metrics: world.call('/metrics'),
    'cached token': world.call(`${OF_ACME}/notion/token`, { key: jwt }),
    token: world.call(`${OF_ACME}/slack/token`, { key: jwt }),
    'seen key': world.call(`${OF_ACME}/notion/token`, { key: world.keys.app }),
    'new key': world.call(`${OF_ACME}/notion/token`, { key: newKey }),
    proxy: world.call('/proxy/notion/v1/users', { key: jwt }),
    tools: world.call('/api/v1/tools/invoke', { method: 'POST', key: jwt, body: tool }),
    status: world.call(`${OF_ACME}/notion`, { key: jwt }),
    store: world.store(globex),
    revoke: world.call('/tenants/globex/integrations/notion/credentials', { method: 'DELETE', key: globex }),
    'make link': world.call(`${OF_ACME}/notion/connect-links`, { method: 'POST', key: manager, body: {} }),
    'link page': world.call(path, { headers: { accept: 'text/html' } }),
    callback: world.callback(back),
    webhook: world.webhook(),
  };
  const entries = await Promise.all(
    Object.entries(asked).map(async ([kind, answer]) => [kind, await answer] as const),
  );
  return Object.fromEntries(entries) as Record<Kind, Answer>;
}

/** `VaultUnreachable+` and the like: a problem with this code that tells when to come back. A number: that status. */
type Expected = Readonly<Record<Kind, number | RegExp>>;

function expectAll(answers: Record<Kind, Answer>, expected: Expected, mostMs: number): void {
  const told = Object.fromEntries(
    Object.entries(answers).map(([kind, { status, code, headers, ms }]) => {
      const wanted = expected[kind as Kind];
      const wait = Number(headers.get('retry-after'));
      const isWanted =
        typeof wanted === 'number'
          ? status === wanted
          : status === 503 && wanted.test(code ?? '') && wait >= 1 && wait <= 60;
      const inTime = ms <= mostMs;
      return [kind, isWanted && inTime ? 'as wanted' : `${status} ${code} ${wait} ${Math.round(ms)} ms`];
    }),
  );
  expect(told).toEqual(Object.fromEntries(Object.keys(expected).map((kind) => [kind, 'as wanted'])));
}

/** By itself, without a restart; the clock goes on meanwhile, as clocks do. */
async function recovered(): Promise<void> {
  await vi.waitFor(
    async () => {
      world.clock.now += 1_100;
      const answers = await Promise.all([
        world.call('/ready'),
        world.call(`${OF_ACME}/notion/token`, { key: world.keys.app }),
        world.token('slack'),
        world.store(await world.jwt('tenant-admin', 'globex')),
        world.webhook(),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    },
    { timeout: 20_000, interval: 200 },
  );
  const back = await world.callback(await world.onItsWayBack('slack'));
  expect(back.status, back.text).toBe(200);
}

/** What was asked for with this outcome, by the table. */
async function records(action: string): Promise<number> {
  const [row] = await world.sql<{ count: number }>(
    `select count(*)::int as count from tenantry.token_access_log where action = $1`,
    [action],
  );
  return row?.count ?? 0;
}

describe('Vault is away', () => {
  const needsVault = /^Vault(Unreachable|Unavailable|Sealed)$/;
  const expected: Expected = {
    health: 200,
    ready: 503,
    metrics: 200,
    'cached token': 200,
    token: needsVault,
    'seen key': 200,
    'new key': 200,
    proxy: 200,
    tools: 200,
    status: needsVault,
    store: needsVault,
    revoke: needsVault,
    'make link': 201,
    // A tenant’s own app lies in Vault, and without it nobody could go on from the page anyway.
    'link page': 503,
    callback: needsVault,
    webhook: needsVault,
  };
  const faults: Record<string, () => Promise<void> | void> = {
    'and refuses connections': () => world.vault.set('refuse'),
    'and takes connections without an answer': () => world.vault.set('hang'),
    'and cuts its answers': () => world.vault.set('cut'),
    'and answers 500': () => {
      world.vaultHttp.fault = () => 'before';
    },
    'and answers 429': () => {
      world.vaultHttp.status = 429;
      world.vaultHttp.fault = () => 'before';
    },
    'and sealed': () => world.environment.vault.seal(),
  };

  afterEach(() => {
    world.vaultHttp.status = 500;
    world.environment.vault.unseal();
  });

  test.each(Object.keys(faults))('%s', async (name) => {
    const prepared = await prepare();
    await faults[name]?.();
    const answers = await ask(prepared);
    expectAll(answers, expected, VAULT_MS);
    expect(answers.ready.ms).toBeLessThan(5_000);

    await world.calm();
    world.environment.vault.unseal();
    await recovered();
  });
});

describe('Postgres is away', () => {
  const needsPostgres = /^Postgres(Unreachable|Unavailable)$/;
  const expected: Expected = {
    health: 200,
    ready: 503,
    metrics: 200,
    'cached token': 200,
    token: 200,
    'seen key': needsPostgres,
    'new key': needsPostgres,
    proxy: 200,
    tools: 200,
    status: needsPostgres,
    store: needsPostgres,
    revoke: needsPostgres,
    'make link': needsPostgres,
    'link page': 503,
    callback: needsPostgres,
    webhook: needsPostgres,
  };

  test.each([
    ['and refuses connections', 'refuse'],
    ['and takes connections without an answer', 'hang'],
    ['and cuts its answers', 'cut'],
  ] as const)('%s', async (_name, fault) => {
    const prepared = await prepare();
    const before = { read: await records('token.read'), proxy: await records('proxy') };
    await world.postgres.set(fault);
    const answers = await ask(prepared);
    // A key may have been revoked, and once the connection for notices is known to be lost nobody would hear of it.
    const isServed = fault !== 'refuse' && answers['seen key'].status === 200;
    expectAll(answers, isServed ? { ...expected, 'seen key': 200 } : expected, POSTGRES_MS);
    expect(answers.ready.ms).toBeLessThan(5_000);
    expect(Number(answers['link page'].headers.get('retry-after'))).toBeGreaterThan(0);

    await world.calm();
    await recovered();
    // What was served meanwhile is in the table all the same: two token reads, and those of the recovery.
    await vi.waitFor(
      async () => {
        expect(await records('token.read')).toBeGreaterThanOrEqual(before.read + 4);
        expect(await records('proxy')).toBe(before.proxy + 1);
      },
      { timeout: 10_000 },
    );
    // The revocation had begun with the copy in Vault, and asking again brings it to its end.
    const again = await world.call('/tenants/globex/integrations/notion/credentials', {
      method: 'DELETE',
      key: await world.jwt('tenant-admin', 'globex'),
    });
    expect([200, 404]).toContain(again.status);
    const gone = await world.call('/tenants/globex/integrations/notion/token', {
      key: await world.jwt('app', 'globex'),
    });
    expect(gone).toMatchObject({ status: 404, code: 'CredentialNotFoundError' });
  });
});
