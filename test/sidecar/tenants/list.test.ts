/** The list of tenants, over a real Postgres. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { overviewNowRoutes } from '../../../src/sidecar/admin/overview-now.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { tenantListRoutes } from '../../../src/sidecar/tenants/list.ts';
import type { Documents } from '../../../src/spec/documents.ts';
import { ADMIN, as, testContext, testServer } from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';

let systems: SidecarDatabase;
const open: SidecarServer[] = [];

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
  for (const table of ['installations', 'sync_states', 'sync_runs']) {
    await systems.admin.query(`delete from tenantry.${table}`);
  }
});
afterAll(() => systems?.close());

/** @param copies so many tenants instead of the one of the document, with names in their order */
async function serve(yaml: string, caller: Caller = ADMIN, copies?: number): Promise<SidecarServer> {
  const { documents, catalog } = await documentsOf(yaml);
  const view = stackView(copies === undefined ? documents : copied(documents, copies), catalog);
  const context = testContext({ database: systems.newDatabase(), stack: { current: () => view } });
  const app = await testServer(context, [tenantListRoutes, overviewNowRoutes], as(caller));
  open.push(app);
  return app;
}

/** To read so many documents as YAML takes longer than all else here. */
function copied(documents: Documents, copies: number): Documents {
  const names = Array.from({ length: copies }, (_, index) => `tenant-${String(index).padStart(4, '0')}`);
  return {
    ...documents,
    tenants: names.flatMap((name, index) =>
      documents.tenants.map((one) => ({
        ...one,
        metadata: { ...one.metadata, name },
        spec: { ...one.spec, displayName: `Customer ${index}` },
      })),
    ),
    integrations: names.flatMap((tenant) =>
      documents.integrations.map((one) => ({
        ...one,
        metadata: { ...one.metadata, name: `${tenant}-${one.spec.integration}` },
        spec: { ...one.spec, tenant },
      })),
    ),
  };
}

interface Page {
  readonly tenants: readonly Record<string, unknown>[];
  readonly total: number;
  readonly next: string | null;
}

async function list(app: SidecarServer, query = ''): Promise<Page> {
  const answer = await app.inject(`/tenants${query}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Page>();
}

function names({ tenants }: Page): unknown[] {
  return tenants.map(({ name }) => name);
}

async function connected(place: string, state = 'active', scopes: readonly string[] = []): Promise<void> {
  await systems.admin.query(
    `insert into tenantry.installations (tenant, integration, status, credential_state, scopes)
     values (split_part($1, '/', 1), split_part($1, '/', 2), 'active', $2, $3)`,
    [place, state, scopes],
  );
}

const INTEGRATIONS = ['notion', 'linear', 'airtable'];
const SLACK = { config: { start_date: '2025-01-01T00:00:00Z' } };

/** One of each state. */
const EACH =
  tenantYaml('good') +
  integrationYaml('good', 'notion') +
  tenantYaml('broken', { displayName: 'Broken & Sons' }) +
  integrationYaml('broken', 'notion') +
  integrationYaml('broken', 'slack', SLACK) +
  tenantYaml('fresh') +
  integrationYaml('fresh', 'notion') +
  tenantYaml('late') +
  integrationYaml('late', 'notion') +
  tenantYaml('resting', { suspend: true }) +
  integrationYaml('resting', 'notion');

async function rowsOfEach(): Promise<void> {
  await connected('good/notion');
  await connected('broken/notion', 'needs_reauthorization');
  await connected('broken/slack', 'active', ['channels:read']);
  await connected('late/notion');
  await connected('resting/notion', 'needs_reauthorization');
  await systems.admin.query(
    `insert into tenantry.sync_states (tenant, integration, schedule, runner, next_at, failures)
     values ('good', 'notion', '0 * * * *', 'Sidecar', '2026-03-01T11:00:00Z', 0),
            ('late', 'notion', '0 * * * *', 'Sidecar', '2026-03-01T12:00:00Z', 3)`,
  );
  await systems.admin.query(
    `insert into tenantry.sync_runs (tenant, integration, trigger, status, started_at, created_at)
     values ('good', 'notion', 'schedule', 'succeeded', '2026-03-01T09:00:00Z', '2026-03-01T09:00:00Z'),
            ('good', 'notion', 'schedule', 'succeeded', '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z'),
            ('good', 'notion', 'schedule', 'skipped', null, '2026-03-01T10:30:00Z')`,
  );
}

describe('the list of tenants', () => {
  it('tells by name how the integrations of each stand, and when they sync', async () => {
    await rowsOfEach();
    const { tenants, total, next } = await list(await serve(EACH));
    expect([total, next]).toEqual([5, null]);
    expect(tenants.map(({ name }) => name)).toEqual(['broken', 'fresh', 'good', 'late', 'resting']);
    const none = { failingSyncs: null, nextSyncAt: null, lastSyncAt: null };
    expect(tenants[0]).toEqual({
      name: 'broken',
      displayName: 'Broken & Sons',
      suspended: false,
      // The other one lacks scopes of its document.
      integrations: { total: 2, healthy: 0, needPerson: 2, waiting: 0, suspended: 0 },
      ...none,
    });
    expect(tenants[1]).toMatchObject({ displayName: null, integrations: { waiting: 1 }, ...none });
    expect(tenants[2]).toMatchObject({
      integrations: { total: 1, healthy: 1, needPerson: 0, waiting: 0, suspended: 0 },
      failingSyncs: 0,
      nextSyncAt: '2026-03-01T11:00:00.000Z',
      lastSyncAt: '2026-03-01T10:00:00.000Z',
    });
    expect(tenants[3]).toMatchObject({ failingSyncs: 1 });
    expect(tenants[4]).toMatchObject({ suspended: true, integrations: { suspended: 1, needPerson: 0 } });
  });

  it.each([
    ['needsPerson', ['broken']],
    ['waiting', ['fresh']],
    ['failing', ['late']],
    ['suspended', ['resting']],
    ['healthy', ['good']],
  ])('shows only those in state %s', async (state, expected) => {
    await rowsOfEach();
    const page = await list(await serve(EACH), `?state=${state}`);
    expect([names(page), page.total]).toEqual([expected, expected.length]);
  });

  it('finds by a part of the name or the display name, in any case, and takes nothing as a pattern', async () => {
    const app = await serve(EACH);
    expect(names(await list(app, '?search=OO'))).toEqual(['good']);
    expect(names(await list(app, `?search=${encodeURIComponent('& sons')}`))).toEqual(['broken']);
    for (const pattern of ['%', '.*', '_', "'; drop table tenantry.installations; --"]) {
      expect(names(await list(app, `?search=${encodeURIComponent(pattern)}`))).toEqual([]);
    }
  });

  it('comes in pages that miss nothing and show nothing twice, filtered or not', async () => {
    await rowsOfEach();
    const app = await serve(EACH);
    for (const filter of ['', '&state=healthy', '&search=e']) {
      const whole = names(await list(app, `?limit=500${filter}`));
      const seen: unknown[] = [];
      let next: string | null = '';
      while (next !== null) {
        const page: Page = await list(app, `?limit=2${filter}${next === '' ? '' : `&after=${next}`}`);
        expect(page.total).toBe(whole.length);
        seen.push(...names(page));
        next = page.next;
      }
      expect(seen).toEqual(whole);
    }
  });

  it('shows a caller its own tenants only, also where it names others', async () => {
    await rowsOfEach();
    const caller: Caller = {
      kind: 'jwt',
      id: 'jwt:test',
      role: 'viewer',
      tenants: ['good', 'fresh', 'gone'],
    };
    const app = await serve(EACH, caller);
    expect(await list(app)).toMatchObject({ total: 2, tenants: [{ name: 'fresh' }, { name: 'good' }] });
    expect(names(await list(app, '?search=broken'))).toEqual([]);
    expect(names(await list(app, '?state=needsPerson'))).toEqual([]);
    expect(names(await list(app, '?state=waiting'))).toEqual(['fresh']);
  });

  it('refuses what is no page', async () => {
    const app = await serve(EACH);
    for (const query of [
      '?limit=0',
      '?limit=501',
      '?state=odd',
      '?after=..%2F',
      `?search=${'a'.repeat(201)}`,
    ]) {
      expect((await app.inject(`/tenants${query}`)).statusCode).toBe(400);
    }
  });

  it('is quick with 5,000 tenants of three integrations each', async () => {
    const app = await serve(
      tenantYaml('one') + INTEGRATIONS.map((id) => integrationYaml('one', id)).join(''),
      ADMIN,
      5_000,
    );
    await systems.admin.query(
      `insert into tenantry.installations (tenant, integration, status, credential_state)
       select 'tenant-' || lpad(n::text, 4, '0'), integration, 'active',
         case when n % 50 = 0 then 'needs_reauthorization' else 'active' end
       from generate_series(0, 4999) as n, unnest($1::text[]) as integration`,
      [INTEGRATIONS],
    );
    await systems.admin.query(
      `insert into tenantry.sync_states (tenant, integration, schedule, runner, next_at, failures)
       select tenant, integration, '0 * * * *', 'Sidecar', now(), 0 from tenantry.installations`,
    );
    await systems.admin.query(
      `insert into tenantry.sync_runs (tenant, integration, trigger, status, started_at, created_at)
       select tenant, integration, 'schedule', 'succeeded', at, at
       from tenantry.installations, generate_series(now() - interval '10 hours', now(), '1 hour') as at`,
    );
    await systems.admin.query('analyze');
    for (const query of [
      '?limit=500',
      '?limit=500&after=tenant-2500',
      '?limit=500&state=needsPerson',
      '?search=4321',
    ]) {
      await list(app, query);
      const times: number[] = [];
      while (times.length < 20 && !times.some((ms) => ms <= 100)) {
        const started = performance.now();
        await list(app, query);
        times.push(performance.now() - started);
      }
      // The best of them: others work on this machine too.
      expect([query, Math.min(...times) <= 100], times.join(', ')).toEqual([query, true]);
    }
    expect(await list(app, '?limit=500&state=needsPerson')).toMatchObject({ total: 100, next: null });
    const times: number[] = [];
    while (times.length < 20 && !times.some((ms) => ms <= 200)) {
      const started = performance.now();
      expect((await app.inject('/admin/overview')).json()).toMatchObject({ needsTotal: 300 });
      times.push(performance.now() - started);
    }
    expect(Math.min(...times), times.join(', ')).toBeLessThanOrEqual(200);
  }, 120_000);
});
