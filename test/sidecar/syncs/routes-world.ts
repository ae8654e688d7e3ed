/** A sidecar with the routes of syncs, usage and quotas: real server, callers and tables; the runner is a script. */
import { createSidecarClient, type SidecarClient } from '../../../src/client/index.ts';
import { quotaRoutes } from '../../../src/sidecar/admin/quotas.ts';
import { usageRoutes } from '../../../src/sidecar/admin/usage.ts';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import type { Role } from '../../../src/sidecar/callers/caller.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { syncRoutes } from '../../../src/sidecar/syncs/routes.ts';
import { createUsage } from '../../../src/sidecar/usage/counted-usage.ts';
import { testContext, testServer } from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';
import { keyFor } from '../callers/replica.ts';
import { type ScriptedSyncs, scriptedSyncs } from './scripted-syncs.ts';

export interface SyncsWorld {
  readonly url: string;
  readonly app: SidecarServer;
  readonly syncs: ScriptedSyncs;
  readonly systems: SidecarDatabase;
  readonly clock: { ms: number };
  key(tenant: string | null, role: Role): Promise<string>;
  client(tenant: string | null, role: Role): Promise<SidecarClient>;
  close(): Promise<void>;
}

export async function startSyncsWorld(): Promise<SyncsWorld> {
  const [systems, { documents, catalog }] = await Promise.all([
    startSidecarDatabase(),
    documentsOf(
      tenantYaml('acme', { quotas: { syncsPerDay: 3, rowsPerMonth: 1000 } }) +
        tenantYaml('globex') +
        integrationYaml('acme', 'notion') +
        integrationYaml('acme', 'slack', { config: { start_date: '2025-01-01T00:00:00Z' } }) +
        integrationYaml('globex', 'notion'),
    ),
  ]);
  const view = stackView(documents, catalog);
  const syncs = scriptedSyncs();
  const clock = { ms: Date.parse('2026-03-01T10:00:20Z') };
  const usage = createUsage({
    database: systems.database,
    stack: { current: () => view },
    log: { warn: () => undefined },
    now: () => clock.ms,
  });
  const context = testContext({
    database: systems.database,
    stack: { current: () => view },
    syncs,
    usage,
    now: () => clock.ms,
  });
  const app = await testServer(context, [syncRoutes, usageRoutes, quotaRoutes], authentication(context));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const key = async (tenant: string | null, role: Role): Promise<string> =>
    (await keyFor(systems.database, clock, { tenant, role })).key;
  return {
    url,
    app,
    syncs,
    systems,
    clock,
    key,
    client: async (tenant, role) => createSidecarClient({ url, credential: await key(tenant, role) }),
    async close() {
      await app.close();
      await usage.stop();
      await systems.close();
    },
  };
}
