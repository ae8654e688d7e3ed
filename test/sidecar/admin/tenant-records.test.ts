/** What a tenant sees of the use of its tokens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantRecordRoutes } from '../../../src/sidecar/admin/tenant-records.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import { testContext, testServer } from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
let app: SidecarServer;

beforeAll(async () => {
  systems = await startSidecarDatabase();
  app = await testServer(testContext({ database: systems.database }), [tenantRecordRoutes]);
  // Ids of one digit and of two: as text they are in another order than as numbers.
  await systems.admin.script(`
    insert into tenantry.token_access_log (tenant, integration, action, actor, outcome)
    select case when n % 4 = 0 then 'globex' else 'acme' end, 'notion', 'proxy', 'key', 'ok'
    from generate_series(1, 24) as n`);
});
afterAll(async () => {
  await app?.close();
  await systems?.close();
});

async function page(query: string): Promise<number[]> {
  const answer = await app.inject(`/tenants/acme/access-log${query}`);
  expect(answer.statusCode).toBe(200);
  return answer.json<{ records: { id: string }[] }>().records.map(({ id }) => Number(id));
}

describe('the access log of a tenant', () => {
  const own = Array.from({ length: 24 }, (_, index) => 24 - index).filter((id) => id % 4 !== 0);

  it('is newest first, and has no record of another tenant', async () => {
    expect(await page('')).toEqual(own);
  });

  it('is complete page by page', async () => {
    const seen: number[] = [];
    for (;;) {
      const last = seen.at(-1);
      const next = await page(`?limit=5${last === undefined ? '' : `&before=${last}`}`);
      if (next.length === 0) break;
      seen.push(...next);
    }
    expect(seen).toEqual(own);
  });
});
