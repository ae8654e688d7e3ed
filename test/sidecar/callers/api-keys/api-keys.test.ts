/** API keys over two replicas and one Postgres. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { API_KEYS_CHANNEL } from '../../../../src/sidecar/callers/api-keys/store.ts';
import type { Database } from '../../../../src/sidecar/database/database.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { bearer, type Clock, keyFor, type Replica, type ReplicaOptions, startReplica } from '../replica.ts';

const clock: Clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
const open: Replica[] = [];
let systems: SidecarDatabase;

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});
afterAll(() => systems.close());

/** Counts the transactions of a database. */
function counted(database: Database): { readonly database: Database; count: number } {
  const counter = {
    count: 0,
    database: {
      ...database,
      asPlatform: (work, options) => {
        counter.count += 1;
        return database.asPlatform(work, options);
      },
    } as Database,
  };
  return counter;
}

/** Ready when it hears of revocations. */
async function replica(options: Partial<ReplicaOptions> = {}): Promise<Replica> {
  const database = options.database ?? systems.newDatabase();
  let listening = false;
  const heard: Database = {
    ...database,
    listen: async (channel, listener) => {
      const subscription = await database.listen(channel, listener);
      listening = true;
      return subscription;
    },
  };
  const started = await startReplica({ clock, ...options, database: heard });
  open.push(started);
  await vi.waitUntil(() => listening);
  return started;
}

const status = async ({ app }: Replica, key: string): Promise<number> =>
  (await app.inject({ url: '/whoami', headers: bearer(key) })).statusCode;

interface Made {
  readonly id: string;
  readonly key: string;
}

describe('API keys by HTTP', () => {
  it('are made by a tenant’s admin, shown once, and work', async () => {
    const here = await replica();
    const admin = await keyFor(systems.database, clock, { tenant: 'acme', role: 'tenant-admin' });
    const answer = await here.app.inject({
      method: 'POST',
      url: '/tenants/acme/api-keys',
      headers: bearer(admin.key),
      payload: { name: 'billing', expiresInDays: 30 },
    });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const made = answer.json<Made>();
    expect(made).toMatchObject({
      tenant: 'acme',
      role: 'app',
      createdBy: `api-key:${admin.id}`,
      expiresAt: '2030-01-31T00:00:00.000Z',
      revokedAt: null,
    });
    const who = await here.app.inject({ url: '/whoami', headers: bearer(made.key) });
    expect(who.json()).toEqual({ kind: 'api-key', id: `api-key:${made.id}`, role: 'app', tenants: ['acme'] });
    const list = await here.app.inject({ url: '/tenants/acme/api-keys', headers: bearer(admin.key) });
    expect(list.json<{ apiKeys: Made[] }>().apiKeys.map(({ id }) => id)).toContain(made.id);
    expect(list.body).not.toContain(made.key);
    expect(list.body).not.toContain('hash');
  });

  it('of the platform are made, listed and revoked by the platform’s admins only', async () => {
    const here = await replica();
    const admin = await keyFor(systems.database, clock, { tenant: null, role: 'admin' });
    const other = await keyFor(systems.database, clock, { tenant: 'acme', role: 'tenant-admin' });
    const url = '/admin/api-keys';
    const made = await here.app.inject({
      method: 'POST',
      url,
      headers: bearer(admin.key),
      payload: { name: 'ci' },
    });
    expect(made.json()).toMatchObject({ tenant: null, role: 'admin' });
    const { id, key } = made.json<Made>();
    expect(await status(here, key)).toBe(200);
    const list = await here.app.inject({ url, headers: bearer(admin.key) });
    const listed = list.json<{ apiKeys: { id: string; tenant: string | null }[] }>().apiKeys;
    expect(listed.map((row) => row.id)).toContain(id);
    expect(listed.every((row) => row.tenant === null)).toBe(true);
    for (const method of ['GET', 'POST'] as const) {
      const body = method === 'POST' ? { payload: { name: 'x' } } : {};
      const refused = await here.app.inject({ method, url, headers: bearer(other.key), ...body });
      expect(refused.statusCode).toBe(403);
    }
    const revoked = await here.app.inject({
      method: 'DELETE',
      url: `${url}/${id}`,
      headers: bearer(admin.key),
    });
    expect(revoked.statusCode).toBe(204);
    await vi.waitUntil(async () => (await status(here, key)) === 401);
  });

  it('never have role admin for a tenant, nor a tenant without a document', async () => {
    const here = await replica();
    const admin = await keyFor(systems.database, clock, { tenant: null, role: 'admin' });
    const make = (tenant: string, payload: object): Promise<{ statusCode: number }> =>
      here.app.inject({
        method: 'POST',
        url: `/tenants/${tenant}/api-keys`,
        headers: bearer(admin.key),
        payload,
      });
    expect((await make('acme', { name: 'x', role: 'admin' })).statusCode).toBe(400);
    expect((await make('nobody', { name: 'x' })).statusCode).toBe(404);
    expect((await make('acme', { name: 'x', tenant: 'globex' })).statusCode).toBe(400);
    await expect(keyFor(systems.database, clock, { tenant: 'acme', role: 'admin' })).rejects.toThrow(
      'cannot have role admin',
    );
    await expect(keyFor(systems.database, clock, { tenant: null, role: 'app' })).rejects.toThrow(
      'role admin',
    );
  });

  it('are not found and not revoked by another tenant', async () => {
    const here = await replica();
    const theirs = await keyFor(systems.database, clock, { tenant: 'globex', role: 'app' });
    const admin = await keyFor(systems.database, clock, { tenant: 'acme', role: 'tenant-admin' });
    const answer = await here.app.inject({
      method: 'DELETE',
      url: `/tenants/acme/api-keys/${theirs.id}`,
      headers: bearer(admin.key),
    });
    expect(answer.statusCode).toBe(404);
    expect(await status(here, theirs.key)).toBe(200);
    const list = await here.app.inject({ url: '/tenants/acme/api-keys', headers: bearer(admin.key) });
    expect(list.body).not.toContain(theirs.id);
  });
});

describe('the verification of API keys', () => {
  it('asks Postgres once for many requests, and again after ten seconds', async () => {
    const counter = counted(systems.newDatabase());
    const here = await replica({ database: counter.database });
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    await status(here, key);
    const first = counter.count;
    for (let i = 0; i < 20; i++) expect(await status(here, key)).toBe(200);
    expect(counter.count).toBe(first);
    clock.ms += 10_001;
    await status(here, key);
    expect(counter.count).toBe(first + 1);
  });

  it('shares one question among requests that come at once', async () => {
    const counter = counted(systems.newDatabase());
    const here = await replica({ database: counter.database });
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const before = counter.count;
    const all = await Promise.all(Array.from({ length: 50 }, () => status(here, key)));
    expect(new Set(all)).toEqual(new Set([200]));
    // One look-up, and one note of the last use.
    expect(counter.count - before).toBeLessThanOrEqual(2);
  });

  it('ends a key on every replica when one of them revokes it', async () => {
    const [here, there] = [await replica(), await replica()];
    const admin = await keyFor(systems.database, clock, { tenant: 'acme', role: 'tenant-admin' });
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    expect([await status(here, key), await status(there, key)]).toEqual([200, 200]);
    const url = `/tenants/acme/api-keys/${id}`;
    const revoke = (): Promise<{ statusCode: number }> =>
      here.app.inject({ method: 'DELETE', url, headers: bearer(admin.key) });
    expect((await revoke()).statusCode).toBe(204);
    // The clock stands still: the memory of ten seconds does not end by itself.
    await vi.waitUntil(async () => (await status(there, key)) === 401);
    await vi.waitUntil(async () => (await status(here, key)) === 401);
    expect((await revoke()).statusCode).toBe(204);
  });

  it('does not remember what it read before a revocation', async () => {
    const database = systems.newDatabase();
    const [read, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const noticed = Promise.withResolvers<void>();
    let held = false;
    const here = await replica({
      database: {
        ...database,
        asPlatform: async (work, options) => {
          const result = await database.asPlatform(work, options);
          if (held) {
            read.resolve();
            await gate.promise;
          }
          return result;
        },
        listen: (channel, listener) =>
          database.listen(channel, {
            ...listener,
            onNotice: (payload) => {
              listener.onNotice(payload);
              noticed.resolve();
            },
          }),
      },
    });
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    held = true;
    const early = status(here, key);
    await read.promise;
    await systems.admin.query('update tenantry.api_keys set revoked_at = now() where id = $1', [id]);
    await systems.database.notify(API_KEYS_CHANNEL, { id });
    await noticed.promise;
    held = false;
    gate.resolve();
    await early;
    expect(await status(here, key)).toBe(401);
  });

  it('does without its memory while it cannot hear of revocations', async () => {
    const database = systems.newDatabase();
    let connected = true;
    let gap: (() => void) | undefined;
    const counter = counted({
      ...database,
      listen: async (_channel, listener) => {
        gap = () => listener.onGap?.();
        return {
          get connected() {
            return connected;
          },
          close: async () => undefined,
        };
      },
    });
    const here = await replica({ database: counter.database });
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    await status(here, key);
    connected = false;
    gap?.();
    await systems.admin.query('update tenantry.api_keys set revoked_at = now() where id = $1', [id]);
    expect(await status(here, key)).toBe(401);
  });

  it('ends a key at its time, remembered or not', async () => {
    const here = await replica();
    const { key } = await keyFor(systems.database, clock, {
      tenant: 'acme',
      role: 'app',
      expiresAt: clock.ms + 5_000,
    });
    expect(await status(here, key)).toBe(200);
    clock.ms += 5_000;
    expect(await status(here, key)).toBe(401);
  });

  it('notes the last use at most once a minute', async () => {
    const here = await replica();
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const lastUse = async (): Promise<number | undefined> => {
      const sql = 'select last_used_at from tenantry.api_keys where id = $1';
      const [row] = await systems.admin.query<{ last_used_at: Date | null }>(sql, [id]);
      return row?.last_used_at?.getTime();
    };
    const first = clock.ms;
    await status(here, key);
    await vi.waitUntil(async () => (await lastUse()) === first);
    clock.ms += 30_000;
    await status(here, key);
    clock.ms += 30_000;
    const second = clock.ms;
    await status(here, key);
    await vi.waitUntil(async () => (await lastUse()) === second);
  });

  it('keeps a hash only, and no key in the log', async () => {
    const here = await replica();
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    await status(here, key);
    here.context.log.info({ header: `Bearer ${key}` }, 'said by mistake');
    expect(here.context.lines.join('')).not.toContain(key);
    const [row] = await systems.admin.query<{ text: string }>(
      'select k::text as text from tenantry.api_keys k where id = $1',
      [id],
    );
    expect(row?.text).not.toContain(key.slice(20, 40));
  });

  it('answers 503 with Retry-After while Postgres does not answer', async () => {
    const lost = systems.newDatabase({ port: 9 });
    const started = await startReplica({ clock, database: lost });
    open.push(started);
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const answer = await started.app.inject({ url: '/whoami', headers: bearer(key) });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'PostgresUnreachable', retryable: true });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});
