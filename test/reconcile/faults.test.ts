/** Faults in the middle of a run: whatever fails in passing, the run converges and makes nothing twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TenantryError } from '../../src/errors.ts';
import type { World } from '../../src/resources/kind.ts';
import type { Fault, Seen } from '../support/fault-proxy.ts';
import { sql } from '../support/sql.ts';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type Stack,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems;
let count = 0;
let tenant: string;
let stack: Stack;

beforeAll(async () => {
  systems = await startSystems();
  await mustApply(systems, platformYaml('first') + tenantYaml('first'));
});
afterAll(() => systems.close());
beforeEach(async () => {
  count += 1;
  tenant = `t${count}`;
  stack = await documentsOf(yamlOf());
  // The credential is there before the first run, so that a single run makes every kind.
  await withWorld(systems, stack, {}, ({ vault }) =>
    vault.write(`secret/data/${tenant}/notion`, { data: { access_token: 'canary-plain' } }),
  );
});

const yamlOf = (): string =>
  platformYaml(`s${count}`) +
  tenantYaml(tenant) +
  integrationYaml(tenant, 'notion', { sync: { streams: [{ name: 'pages' }] } });

/** Fails the first request that matches, once. */
function once(match: (request: Seen) => boolean, fault: Fault): (request: Seen) => Fault {
  let done = false;
  return (request) => {
    if (done || !match(request)) return 'pass';
    done = true;
    return fault;
  };
}

async function expectOneOfEach(): Promise<void> {
  const names = await withWorld(systems, stack, {}, async ({ airbyte }) => {
    const lists = await Promise.all(
      ['workspaces', 'sources', 'destinations', 'connections'].map(async (path) =>
        (await airbyte.listAll<{ name: string; connectionId?: string }>(`/${path}`)).filter((item) =>
          item.name.endsWith(`/${tenant}]`),
        ),
      ),
    );
    const connection = lists[3]?.[0]?.connectionId ?? '';
    return [
      ...lists.map((list) => list.length),
      (await airbyte.listAll('/jobs', { connectionId: connection })).length,
    ];
  });
  expect(names).toEqual([1, 1, 1, 1, 1]);
  expect((await planOnce(systems, stack)).changes).toEqual([]);
}

const VAULT_STEPS: [string, RegExp][] = [
  ['claim', /^\/v1\/secret\/data\/t\d+\/_tenantry$/],
  ['transit key', /^\/v1\/transit\/keys\/t\d+$/],
  ['policy', /^\/v1\/sys\/policies\/acl\/tenant-t\d+$/],
  ['auth role', /^\/v1\/auth\/approle\/role\/tenant-t\d+$/],
  ['password mark', /^\/v1\/secret\/metadata\/_platform\/postgres\/t\d+$/],
  ['password', /^\/v1\/secret\/data\/_platform\/postgres\/t\d+$/],
  ['credential mark', /^\/v1\/secret\/metadata\/t\d+\/notion$/],
  ['encryption', /^\/v1\/transit\/encrypt\/t\d+$/],
  ['encrypted credential', /^\/v1\/secret\/data\/t\d+\/notion$/],
];
const AIRBYTE_STEPS = ['/workspaces', '/destinations', '/sources', '/connections', '/jobs'];

describe.each(['before', 'after', 'lost'] as const)('a call that fails %s its work is done', (fault) => {
  test.each(VAULT_STEPS)('in Vault: %s', async (_what, path) => {
    systems.vaultProxy.fault = once((request) => request.method !== 'GET' && path.test(request.path), fault);
    const applied = await applyOnce(systems, stack).finally(() => {
      systems.vaultProxy.fault = undefined;
    });
    expect(applied.results.filter((item) => ['failed', 'blocked'].includes(item.outcome))).toEqual([]);
    await expectOneOfEach();
  });

  test.each(AIRBYTE_STEPS)('in Airbyte: POST %s', async (path) => {
    systems.airbyteProxy.fault = once(
      (request) => request.method === 'POST' && request.path.endsWith(path),
      fault,
    );
    const applied = await applyOnce(systems, stack).finally(() => {
      systems.airbyteProxy.fault = undefined;
    });
    expect(applied.results.filter((item) => ['failed', 'blocked'].includes(item.outcome))).toEqual([]);
    await expectOneOfEach();
  });
});

/** Fails each distinct script once, before or after Postgres has done it. */
function failingPostgres(when: 'before' | 'after'): (world: World) => World {
  const failed = new Set<string>();
  return (world) => ({
    ...world,
    postgres: {
      ...world.postgres,
      async script(text, options) {
        // A verifier has a salt of its own each time.
        const same = text.replace(/SCRAM-SHA-256[^']*/, '');
        const first = !failed.has(same);
        failed.add(same);
        if (!first || when === 'after') await world.postgres.script(text, options);
        if (first) throw new TenantryError('PostgresUnavailable', 'injected');
      },
    },
  });
}

test.each(['before', 'after'] as const)(
  'each script of Postgres that fails once %s its work is done',
  async (when) => {
    const applied = await applyOnce(systems, stack, { wrap: failingPostgres(when) });
    expect(applied.results.filter((item) => ['failed', 'blocked'].includes(item.outcome))).toEqual([]);
    const retried = new Set(applied.events.flatMap((event) => (event.type === 'retrying' ? [event.id] : [])));
    expect(retried.size).toBe(4);
    await expectOneOfEach();
  },
);

test('one Airbyte that answers 500 to one tenant does not hold up another', async () => {
  const two = await documentsOf(`${yamlOf()}${tenantYaml(`${tenant}-b`)}`);
  systems.airbyteProxy.fault = ({ method, body }) =>
    method === 'POST' && body.includes(`"${tenant} [`) ? 'before' : 'pass';
  const applied = await applyOnce(systems, two, { retries: 1 }).finally(() => {
    systems.airbyteProxy.fault = undefined;
  });
  expect(applied.ids('failed')).toEqual([`airbyte:workspace/${tenant}`]);
  expect(
    applied.results
      .filter((item) => item.tenant === `${tenant}-b`)
      .every((item) => item.outcome === 'created'),
  ).toBe(true);
  expect(
    new Set(applied.results.filter((item) => item.outcome === 'blocked').map((item) => item.tenant)),
  ).toEqual(new Set([tenant]));
  await mustApply(systems, two);
});

test('an Airbyte that goes away fails fast and clearly, while Vault and Postgres go on', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `${tenant}-${index}`);
  const many = await documentsOf(yamlOf() + names.map((name) => tenantYaml(name)).join(''));
  let calls = 0;
  systems.airbyteProxy.fault = ({ method, path }) => {
    if (method === 'POST' && path.endsWith('/workspaces')) calls += 1;
    return calls > 0 ? 'cut' : 'pass';
  };
  const applied = await applyOnce(systems, many, { retries: 2 }).finally(() => {
    systems.airbyteProxy.fault = undefined;
  });
  const failed = applied.results.filter((item) => item.outcome === 'failed');
  expect(failed.length).toBe(13);
  for (const item of failed)
    expect(item.problem).toMatchObject({
      code: 'AirbyteUnreachable',
      hint: expect.stringContaining('spec.airbyte.url'),
    });
  // At most what was under way at once was tried to the end.
  expect(calls).toBeLessThanOrEqual(13);
  const elsewhere = applied.results.filter(
    (item) => item.tenant !== undefined && !item.kind.startsWith('airbyte:'),
  );
  expect(new Set(elsewhere.map((item) => item.outcome))).toEqual(new Set(['created', 'updated']));
  await mustApply(systems, many);
});

test('a system that cannot be reached when the world is looked at is named, each once, and nothing is changed', async () => {
  const env = { PGPORT: '1', AIRBYTE_URL: 'http://127.0.0.1:1' };
  const failure = await applyOnce(systems, stack, { env }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    errors: expect.arrayContaining([
      expect.objectContaining({ code: 'PostgresUnreachable' }),
      expect.objectContaining({ code: 'AirbyteUnreachable' }),
    ]),
  });
  expect((failure as AggregateError).errors).toHaveLength(2);
  expect(await sql(systems, `SELECT 1 FROM pg_namespace WHERE nspname = 'tenant_${tenant}'`)).toEqual([]);
});

test('a stop in the middle ends what is under way, begins nothing more, and the next run goes on', async () => {
  const stop = new AbortController();
  const stopped = await applyOnce(systems, stack, {
    stop: stop.signal,
    onEvent: (event) => {
      if (event.type === 'finished' && event.result.kind === 'postgres:role') stop.abort();
    },
  });
  expect(stopped.ids('failed')).toEqual([]);
  expect(stopped.ids('cancelled').length).toBeGreaterThan(3);
  expect(stopped.results).toHaveLength(stopped.steps.length);
  const next = await mustApply(systems, stack);
  const changed = [...next.ids('created'), ...next.ids('updated')];
  expect(stopped.ids('cancelled').filter((id) => !changed.includes(id))).toEqual([]);
  await expectOneOfEach();
});

test('a run that is cut off at any moment says cancelled for what it left, and the next run goes on', async () => {
  const abort = new AbortController();
  const cut = await applyOnce(systems, stack, {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type === 'finished' && event.result.kind === 'vault:transit-key') abort.abort();
    },
  });
  expect(cut.ids('failed')).toEqual([]);
  expect(cut.ids('cancelled').length).toBeGreaterThan(3);
  await mustApply(systems, stack);
  await expectOneOfEach();
});

test('a credential that is stored while a run is under way is used by the next', async () => {
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, (world) =>
    connectTenant(world, { tenant, integration: 'notion' }, { access_token: 'canary-newer' }),
  );
  expect((await planOnce(systems, stack)).changes).toEqual([`airbyte:source/${tenant}-notion`]);
});
