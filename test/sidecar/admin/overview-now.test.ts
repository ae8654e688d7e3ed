/** The figures and needs of the first page, over a real Postgres. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { overviewNowRoutes } from '../../../src/sidecar/admin/overview-now.ts';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { ADMIN, as, testContext, testServer } from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';

const NOW = Date.parse('2026-03-01T10:00:00Z');
const SLACK = { config: { start_date: '2025-01-01T00:00:00Z' } };
let systems: SidecarDatabase;
const open: SidecarServer[] = [];

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
  for (const table of ['installations', 'sync_states', 'sync_runs', 'usage_days']) {
    await systems.admin.query(`delete from tenantry.${table}`);
  }
});
afterAll(() => systems?.close());

async function serve(yaml: string, caller: Caller = ADMIN): Promise<SidecarServer> {
  const { documents, catalog } = await documentsOf(yaml);
  const view = stackView(documents, catalog);
  const stack = { current: () => view };
  const context = testContext({ database: systems.newDatabase(), stack, now: () => NOW });
  const app = await testServer(context, [overviewNowRoutes], as(caller));
  open.push(app);
  return app;
}

interface Overview {
  readonly counts: Record<string, number>;
  readonly needs: readonly Record<string, string>[];
  readonly needsTotal: number;
}

async function overview(yaml: string): Promise<Overview> {
  const answer = await (await serve(yaml)).inject('/admin/overview');
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Overview>();
}

async function sql(text: string): Promise<void> {
  await systems.admin.query(text);
}

const YAML = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  .map((name) => tenantYaml(name, name === 'g' ? { suspend: true } : { displayName: `Customer ${name}` }))
  .join('')
  .concat(
    ...['a', 'b', 'c', 'd', 'f', 'g'].map((name) => integrationYaml(name, 'notion')),
    integrationYaml('e', 'slack', SLACK),
  );

describe('the overview', () => {
  it('of nothing is all noughts', async () => {
    const { counts, needs, needsTotal } = await overview('');
    expect(new Set(Object.values(counts))).toEqual(new Set([0]));
    expect([needs, needsTotal]).toEqual([[], 0]);
  });

  it('tells what needs a person, worst first, each with the reason, the next step and since when', async () => {
    await sql(`insert into tenantry.installations
      (tenant, integration, status, credential_state, scopes, reason_code, reason_message, updated_at) values
      ('a', 'notion', 'active', 'active', '{}', null, null, '2026-02-01'),
      ('b', 'notion', 'active', 'needs_reauthorization', '{}', 'NeedsReauthorization', 'the provider says invalid_grant', '2026-02-03'),
      ('c', 'notion', 'active', 'active', '{}', null, null, '2026-02-01'),
      ('d', 'notion', 'active', 'expired', '{}', null, null, '2026-02-02'),
      ('e', 'slack', 'active', 'active', '{channels:history,channels:read}', null, null, '2026-01-01'),
      ('g', 'notion', 'active', 'needs_reauthorization', '{}', null, null, '2026-02-01'),
      ('gone', 'notion', 'active', 'needs_reauthorization', '{}', null, null, '2026-02-01')`);
    await sql(`insert into tenantry.sync_states (tenant, integration, schedule, runner, failures, held_code, held_message) values
      ('a', 'notion', '0 * * * *', 'Sidecar', 2, null, null),
      ('b', 'notion', '0 * * * *', 'Sidecar', 5, null, null),
      ('c', 'notion', '0 * * * *', 'Sidecar', 0, 'QuotaExceeded', 'the quota of rows is used up'),
      ('f', 'notion', '0 * * * *', 'Sidecar', 0, 'CredentialNotFoundError', 'not connected')`);
    await sql(`insert into tenantry.sync_runs
      (tenant, integration, trigger, status, error_code, error_message, next_step, created_at, ended_at) values
      ('a', 'notion', 'schedule', 'failed', 'ProviderUnavailable', 'long ago', null, '2026-02-25', '2026-02-25'),
      ('a', 'notion', 'schedule', 'succeeded', null, null, null, '2026-02-26', '2026-02-26'),
      ('a', 'notion', 'schedule', 'failed', 'ProviderUnavailable', 'Notion was away', null, '2026-02-27', '2026-02-27'),
      ('a', 'notion', 'schedule', 'failed', 'AirbyteRejected', 'a setting is wrong', 'correct start_date', '2026-02-28', '2026-02-28')`);
    await sql(`insert into tenantry.usage_days (tenant, integration, day, syncs, rows) values
      ('a', 'notion', '2026-03-01', 3, 1000), ('b', 'notion', '2026-03-01', 1, 5), ('a', 'notion', '2026-02-28', 9, 9)`);
    const { counts, needs, needsTotal } = await overview(YAML);
    expect(counts).toEqual({
      tenants: 7,
      integrations: 7,
      healthy: 2,
      needPerson: 3,
      waiting: 1,
      suspended: 1,
      failingSyncs: 2,
      heldSyncs: 1,
      syncsToday: 4,
      rowsToday: 1005,
    });
    expect(needsTotal).toBe(5);
    expect(needs.map(({ tenant, about, code }) => [tenant, about, code])).toEqual([
      ['d', 'credential', 'ProviderUnavailable'],
      ['b', 'credential', 'NeedsReauthorization'],
      ['a', 'sync', 'AirbyteRejected'],
      ['c', 'sync', 'QuotaExceeded'],
      ['e', 'credential', 'ScopesMissing'],
    ]);
    expect(needs[1]).toEqual({
      tenant: 'b',
      tenantName: 'Customer b',
      integration: 'notion',
      name: 'Notion',
      about: 'credential',
      code: 'NeedsReauthorization',
      reason: 'The provider says invalid_grant.',
      remedy: 'Let somebody of Customer b connect Notion again.',
      since: expect.stringMatching(/^2026-02-03T/),
    });
    expect(needs[2]).toMatchObject({
      reason: 'The last 2 syncs failed: A setting is wrong.',
      remedy: 'Correct start_date.',
      // Of the first of these two, not of one before the last success.
      since: expect.stringMatching(/^2026-02-27T/),
    });
    expect(needs[3]).toMatchObject({ remedy: 'Wait, or raise spec.quotas of the tenant.' });
    expect(needs[4]?.['reason']).toBe('The token lacks scopes that the document asks for: users:read.');
  });

  it('shows at most a hundred needs, and says how many there are', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `t-${index}`);
    await systems.admin.query(
      `insert into tenantry.installations (tenant, integration, status, credential_state)
       select name, 'notion', 'active', 'needs_reauthorization' from unnest($1::text[]) as name`,
      [names],
    );
    const yaml = names.map((name) => tenantYaml(name) + integrationYaml(name, 'notion')).join('');
    const { needs, needsTotal } = await overview(yaml);
    expect([needs.length, needsTotal]).toEqual([100, 120]);
  });

  it('cuts what a provider said at a sane length', async () => {
    await sql(`insert into tenantry.installations
      (tenant, integration, status, credential_state, reason_code, reason_message) values
      ('a', 'notion', 'active', 'needs_reauthorization', 'ProviderRejected', repeat('long ', 10000))`);
    const { needs } = await overview(YAML);
    expect(needs[0]?.['reason']?.length).toBeLessThanOrEqual(510);
  });

  it('is for the platform alone', async () => {
    const context = testContext({ database: systems.newDatabase() });
    const app = await testServer(context, [overviewNowRoutes], authentication(context));
    open.push(app);
    expect((await app.inject('/admin/overview')).statusCode).toBe(401);
  });
});
