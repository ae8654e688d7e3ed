/** Syncs over HTTP: who may do what, and what is told. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SidecarClient } from '../../../src/client/index.ts';
import { TenantryError } from '../../../src/errors.ts';
import type { Role } from '../../../src/sidecar/callers/caller.ts';
import { type SyncsWorld, startSyncsWorld } from './routes-world.ts';
import { FAILED, RUN } from './scripted-syncs.ts';

let world: SyncsWorld;
let app: SidecarClient;
let key: string;

beforeAll(async () => {
  world = await startSyncsWorld();
  app = await world.client('acme', 'app');
  key = await world.key('acme', 'app');
});
afterAll(() => world?.close());
beforeEach(() => {
  world.syncs.stored = [];
  world.syncs.stateList = [];
  world.syncs.started.length = 0;
  world.syncs.refusal = undefined;
});

const NOTION = '/tenants/{tenant}/integrations/{integration}/syncs';
const place = { tenant: 'acme', integration: 'notion' };

async function send(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  credential = key,
): Promise<{ readonly status: number; readonly body: Record<string, unknown>; readonly location: unknown }> {
  const answer = await world.app.inject({ method, url, headers: { authorization: `Bearer ${credential}` } });
  const body: Record<string, unknown> = answer.body === '' ? {} : answer.json();
  return { status: answer.statusCode, body, location: answer.headers['location'] };
}

describe('a start', () => {
  const url = '/tenants/acme/integrations/notion/syncs';

  it('gives 202 with the run, and 200 with the same while it is under way', async () => {
    const first = await send('POST', url);
    expect(first).toMatchObject({ status: 202, body: { id: RUN.id, status: 'waiting' } });
    expect(first.location).toBe(`${url}/${RUN.id}`);
    world.syncs.change(RUN.id, { status: 'running' });
    expect(await send('POST', url)).toMatchObject({ status: 200, body: { id: RUN.id, status: 'running' } });
    expect(world.syncs.started).toHaveLength(2);
    expect(world.syncs.started[0]).toMatchObject({
      place: 'acme/notion',
      actor: expect.stringMatching(/^api-key:/),
    });
  });

  it('is refused with the reason, and when to come back', async () => {
    world.syncs.refusal = new TenantryError('QuotaExceeded', 'acme has had its 3 syncs of today', {
      retryAfterSeconds: 50_380,
    });
    expect(await send('POST', url)).toMatchObject({
      status: 429,
      body: { code: 'QuotaExceeded', detail: 'acme has had its 3 syncs of today' },
    });
  });

  it('of what no document connects is not found', async () => {
    expect(await send('POST', '/tenants/acme/integrations/github/syncs')).toMatchObject({ status: 404 });
    expect(world.syncs.started).toEqual([]);
  });
});

describe('the history', () => {
  it('is complete page by page, newest first', async () => {
    const runs = Array.from({ length: 7 }, (_, n) => ({
      ...FAILED,
      id: `00000000-0000-4000-8000-00000000000${n}`,
    }));
    world.syncs.stored = runs;
    const seen: string[] = [];
    let before: string | undefined;
    do {
      const query = { limit: 3, ...(before !== undefined && { before }) };
      const page = await app.get(NOTION, { path: place, query });
      seen.push(...page.runs.map(({ id }) => id));
      before = page.next ?? undefined;
    } while (before !== undefined);
    expect(seen).toEqual(runs.map(({ id }) => id));
  });

  it('tells everything of a run in the same fields, with null for what is not known', async () => {
    world.syncs.stored = [RUN, FAILED];
    const { runs } = await app.get('/tenants/{tenant}/syncs', { path: { tenant: 'acme' } });
    expect(runs).toEqual([
      {
        ...RUN,
        startedAt: null,
        endedAt: null,
        rows: null,
        bytes: null,
        error: null,
        retryAt: null,
      },
      FAILED,
    ]);
  });

  it('tells nothing that the runner keeps beside a run', async () => {
    const kept = { ...RUN, connectionId: 'c-internal', jobId: '42-internal', error: undefined };
    world.syncs.stored = [kept];
    expect(JSON.stringify((await send('GET', '/tenants/acme/syncs')).body)).not.toContain('internal');
    expect((await send('GET', `/tenants/acme/integrations/notion/syncs/${RUN.id}`)).body).not.toHaveProperty(
      'jobId',
    );
  });

  it('of an integration that is gone is still there; of one that never was it is not found', async () => {
    world.syncs.stored = [{ ...FAILED, integration: 'jira' }];
    expect(await send('GET', '/tenants/acme/integrations/jira/syncs')).toMatchObject({ status: 200 });
    expect(await send('GET', '/tenants/acme/integrations/notion/syncs')).toMatchObject({
      status: 200,
      body: { runs: [], next: null },
    });
    expect(await send('GET', '/tenants/acme/integrations/github/syncs')).toMatchObject({ status: 404 });
  });
});

describe('the states of a tenant', () => {
  it('say when each sync is due, how the last one went and what holds it up', async () => {
    world.syncs.stateList = [
      {
        ...place,
        schedule: '0 * * * *',
        nextAt: '2026-03-01T11:00:00.000Z',
        last: FAILED,
        consecutiveFailures: 2,
        held: { code: 'QuotaExceeded', message: 'acme has had its 3 syncs of today' },
      },
      {
        tenant: 'acme',
        integration: 'slack',
        schedule: 'manual',
        nextAt: undefined,
        last: undefined,
        consecutiveFailures: 0,
        held: undefined,
      },
    ];
    const { syncs } = await app.get('/tenants/{tenant}/sync-states', { path: { tenant: 'acme' } });
    expect(syncs).toEqual([
      world.syncs.stateList[0],
      { ...world.syncs.stateList[1], nextAt: null, last: null, held: null },
    ]);
  });
});

describe('a run', () => {
  it('is cancelled; one that has ended is given as it is', async () => {
    world.syncs.stored = [{ ...RUN, status: 'running' }, FAILED];
    const path = { ...place, id: RUN.id };
    expect((await app.delete(`${NOTION}/{id}`, { path })).status).toBe('cancelled');
    const ended = { ...place, id: FAILED.id };
    expect((await app.delete(`${NOTION}/{id}`, { path: ended })).status).toBe('failed');
  });

  it('has a log in plain words', async () => {
    world.syncs.stored = [RUN];
    const path = { ...place, id: RUN.id };
    expect((await app.get(`${NOTION}/{id}/log`, { path })).lines).toEqual([{ at: RUN.dueAt, text: 'Due.' }]);
  });

  it('is not found under another integration, another id or a word that is none', async () => {
    world.syncs.stored = [RUN];
    const of = (integration: string, id: string): string =>
      `/tenants/acme/integrations/${integration}/syncs/${id}`;
    expect((await send('GET', of('slack', RUN.id))).status).toBe(404);
    expect((await send('GET', of('notion', FAILED.id))).status).toBe(404);
    expect((await send('GET', of('notion', '1'))).status).toBe(400);
  });
});

describe('who may do it', () => {
  const OTHER = '7a1f0c7e-8f43-4b52-9d0e-0b8f6d3a1c22';
  const of = (tenant: string): string => `/tenants/${tenant}/integrations/notion/syncs`;
  const reads = (tenant: string): string[] => [
    of(tenant),
    `${of(tenant)}/${OTHER}`,
    `${of(tenant)}/${OTHER}/log`,
    `/tenants/${tenant}/syncs`,
    `/tenants/${tenant}/sync-states`,
    `/tenants/${tenant}/usage`,
    `/tenants/${tenant}/quotas`,
  ];

  it.each(['tenant-admin', 'app', 'viewer'] as const)(
    'a caller of role %s sees its own tenant, and starts syncs unless it only looks',
    async (role: Role) => {
      world.syncs.stored = [{ ...FAILED, id: OTHER }];
      const own = await world.key('acme', role);
      for (const url of reads('acme')) expect((await send('GET', url, own)).status, url).toBe(200);
      for (const url of reads('globex')) expect((await send('GET', url, own)).status, url).toBe(403);
      expect((await send('POST', of('globex'), own)).status).toBe(403);
      const mayRun = role !== 'viewer';
      expect((await send('POST', of('acme'), own)).status).toBe(mayRun ? 202 : 403);
      expect((await send('DELETE', `${of('acme')}/${OTHER}`, own)).status).toBe(mayRun ? 200 : 403);
      for (const url of ['/admin/syncs', '/admin/usage'])
        expect((await send('GET', url, own)).status, url).toBe(403);
    },
  );

  it('nobody without a credential', async () => {
    for (const url of [...reads('acme'), '/admin/syncs', `${of('acme')}/${RUN.id}/events`])
      expect((await world.app.inject({ url })).statusCode, url).toBe(401);
  });
});

describe('what fails now', () => {
  it('is told over all tenants, the worst first, with the newest run of each', async () => {
    await world.systems.admin.script(`
      insert into tenantry.sync_states (tenant, integration, schedule, runner, failures, held_code, held_message) values
        ('acme', 'notion', '0 * * * *', 'Sidecar', 2, null, null),
        ('acme', 'slack', 'manual', 'Sidecar', 0, null, null),
        ('acme', 'jira', 'manual', null, 9, null, null),
        ('globex', 'notion', '0 * * * *', 'Airbyte', 5, 'QuotaExceeded', 'used up');
      insert into tenantry.sync_runs (id, tenant, integration, trigger, status, created_at) values
        ('${FAILED.id}', 'acme', 'notion', 'schedule', 'failed', '2026-03-01T09:00:00Z'),
        ('${RUN.id}', 'acme', 'notion', 'schedule', 'succeeded', '2026-03-01T08:00:00Z')`);
    const admin = await world.client(null, 'admin');
    const found = await admin.get('/admin/syncs');
    expect(found).toMatchObject({
      failing: 2,
      held: 1,
      syncs: [
        { tenant: 'globex', consecutiveFailures: 5, held: { code: 'QuotaExceeded' }, last: null },
        { tenant: 'acme', integration: 'notion', last: { id: FAILED.id, status: 'failed' } },
      ],
    });
    expect((await admin.get('/admin/syncs', { query: { limit: 1 } })).syncs).toHaveLength(1);
  });
});

describe('usage and quotas', () => {
  beforeAll(async () => {
    await world.systems.admin.script(`
      insert into tenantry.usage_days (tenant, integration, day, calls, errors, bytes_in, bytes_out, syncs, rows, sync_bytes)
      values ('acme', 'notion', '2026-02-28', 1, 0, 10, 20, 4, 400, 4000),
             ('acme', 'notion', '2026-03-01', 5, 1, 50, 60, 1, 100, 1000),
             ('acme', 'slack', '2026-03-01', 0, 0, 0, 0, 1, 7, 70),
             ('globex', 'notion', '2026-03-01', 9, 0, 0, 0, 2, 5000000000, 9)`);
  });

  it('are told by day and integration', async () => {
    const query = { from: '2026-03-01', to: '2026-03-01' };
    const { days } = await app.get('/tenants/{tenant}/usage', { path: { tenant: 'acme' }, query });
    expect(days).toEqual([
      {
        day: '2026-03-01',
        integration: 'notion',
        calls: 5,
        errors: 1,
        bytesIn: 50,
        bytesOut: 60,
        syncs: 1,
        rows: 100,
        syncBytes: 1000,
      },
      expect.objectContaining({ integration: 'slack', rows: 7 }),
    ]);
  });

  it('come as CSV too, of one tenant and of all', async () => {
    const admin = await world.key(null, 'admin');
    const csv = async (url: string): Promise<string[]> => {
      const answer = await world.app.inject({ url, headers: { authorization: `Bearer ${admin}` } });
      expect(answer.headers['content-type']).toContain('text/csv');
      return answer.body.split('\r\n');
    };
    expect(await csv('/tenants/acme/usage?format=csv&from=2026-03-01')).toEqual([
      'day,tenant,integration,calls,errors,bytes_in,bytes_out,syncs,rows,sync_bytes',
      '2026-03-01,acme,notion,5,1,50,60,1,100,1000',
      '2026-03-01,acme,slack,0,0,0,0,1,7,70',
      '',
    ]);
    expect(await csv('/admin/usage?format=csv')).toContain('2026-03-01,globex,notion,9,0,0,0,2,5000000000,9');
  });

  it('are refused for days in the wrong order, too many, or none', async () => {
    for (const query of ['from=2026-03-02&to=2026-03-01', 'from=2020-01-01', 'from=2026-02-30'])
      expect((await send('GET', `/tenants/acme/usage?${query}`)).status, query).toBe(400);
  });

  it('say how much of each quota is used and when it begins anew', async () => {
    const { quotas } = await app.get('/tenants/{tenant}/quotas', { path: { tenant: 'acme' } });
    expect(quotas).toEqual([
      { name: 'syncsPerDay', limit: 3, used: 2, resetsAt: '2026-03-02T00:00:00.000Z' },
      { name: 'rowsPerMonth', limit: 1000, used: 107, resetsAt: '2026-04-01T00:00:00.000Z' },
      { name: 'callsPerMinute', limit: null, used: 0, resetsAt: '2026-03-01T10:01:00.000Z' },
    ]);
  });
});
