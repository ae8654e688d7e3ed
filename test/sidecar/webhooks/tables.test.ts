import { afterAll, beforeAll, expect, it } from 'vitest';
import { seal } from '../../../src/sidecar/webhooks/sealed.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let db: SidecarDatabase;
beforeAll(async () => {
  db = await startSidecarDatabase();
  await db.admin.query(
    `insert into tenantry.webhook_handshakes (integration, kind, sealed, expires_at)
     values ('sentry', 'code', $1, now() + interval '1 hour')`,
    [seal('code', 'secret', 'p')],
  );
  await db.admin.script(`
    insert into tenantry.webhook_events (id, tenant, integration, external_id, body)
      values ('00000000-0000-4000-8000-000000000001', 'globex', 'github', 'e1', 'x');
    insert into tenantry.webhook_actions (tenant, event, installation, action)
      values ('globex', '00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'revoke')`);
});
afterAll(() => db.close());

it('no tenant sees what came before its tenant was known', async () => {
  const look = db.database.asTenant('acme', (query) => query('select 1 from tenantry.webhook_handshakes'));
  await expect(look).rejects.toThrow('permission denied');
  const all = await db.database.asPlatform((query) => query('select 1 from tenantry.webhook_handshakes'));
  expect(all).toHaveLength(1);
});

it('no tenant sees, makes or undoes what is to be done for another', async () => {
  const { database } = db;
  expect(await database.asTenant('acme', (query) => query('select 1 from tenantry.webhook_actions'))).toEqual(
    [],
  );
  await database.asTenant('acme', (query) => query('delete from tenantry.webhook_actions'));
  expect(await db.admin.query('select 1 from tenantry.webhook_actions')).toHaveLength(1);
  const insert = (tenant: string) =>
    database.asTenant('acme', (query) =>
      query(
        `insert into tenantry.webhook_actions (tenant, event, installation, action)
         values ($1, '00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'revoke')`,
        [tenant],
      ),
    );
  await expect(insert('globex')).rejects.toThrow('row-level security');
  await expect(insert('acme')).rejects.toThrow('foreign key');
});
