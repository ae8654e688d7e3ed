/** Tables, callers and an Airbyte with the source of acme's Notion, for tests of schemas and previews. */
import { type AirbyteClient, createAirbyteClient } from '../../../../src/clients/airbyte.ts';
import {
  type DevAirbyte,
  type DevAirbyteOptions,
  startDevAirbyte,
} from '../../../../src/dev/airbyte/server.ts';
import { markedName } from '../../../../src/resources/mark.ts';
import { createAccessLog } from '../../../../src/sidecar/audit/database-log.ts';
import { authentication } from '../../../../src/sidecar/callers/authentication.ts';
import type { Role } from '../../../../src/sidecar/callers/caller.ts';
import type { Routes, SidecarContext } from '../../../../src/sidecar/context.ts';
import { stackView } from '../../../../src/sidecar/stack/view.ts';
import { createSchemaWatch, type SchemaWatch } from '../../../../src/sidecar/syncs/schema/watch.ts';
import { createUsage } from '../../../../src/sidecar/usage/counted-usage.ts';
import type { OwnEvent } from '../../../../src/sidecar/webhooks/events.ts';
import {
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../../support/world.ts';
import { keyFor } from '../../callers/replica.ts';
import { fakeTokens } from '../../proxy/proxy-world.ts';

export const PLACE = { tenant: 'acme', integration: 'notion' } as const;

export interface Answer<T> {
  readonly status: number;
  readonly text: string;
  readonly json: T;
}

export interface SchemaWorld {
  readonly systems: SidecarDatabase;
  readonly airbyte: DevAirbyte;
  readonly client: AirbyteClient;
  readonly context: TestContext;
  readonly clock: { ms: number };
  readonly events: OwnEvent[];
  /** Everything that was logged. */
  lines(): string;
  /** Another replica's each time. */
  watch(parts?: { readonly emit?: (event: OwnEvent) => Promise<void> }): SchemaWatch;
  /** What the document of acme's Notion says under spec.sync. */
  sync(sync: object): Promise<void>;
  /** A new source of acme's Notion, and in a workspace of its own. */
  makeSource(): Promise<string>;
  /** Takes away what is remembered of schemas. */
  forget(): Promise<void>;
  key(tenant: string | null, role: Role): Promise<string>;
  call<T>(path: string, options: { readonly key: string; readonly method?: string }): Promise<Answer<T>>;
  close(): Promise<void>;
}

export interface SchemaWorldOptions {
  readonly routes: readonly Routes[];
  readonly airbyte?: DevAirbyteOptions;
  /** Origin of the catalog → URL. */
  readonly origins?: Readonly<Record<string, string>>;
}

async function viewOf(sync: object): Promise<ReturnType<typeof stackView>> {
  const { documents, catalog } = await documentsOf(
    tenantYaml('acme') +
      tenantYaml('globex') +
      integrationYaml('acme', 'notion', { sync }) +
      integrationYaml('acme', 'airtable') +
      integrationYaml('globex', 'notion'),
  );
  return stackView(documents, catalog);
}

export async function startSchemaWorld(options: SchemaWorldOptions): Promise<SchemaWorld> {
  const [systems, airbyte, first] = await Promise.all([
    startSidecarDatabase(),
    startDevAirbyte(options.airbyte),
    viewOf({}),
  ]);
  const { url, clientId, clientSecret } = airbyte;
  const client = createAirbyteClient({ url, clientId, clientSecret, concurrency: 4, retries: 0 });
  const clock = { ms: Date.parse('2026-03-01T10:00:00Z') };
  const now = (): number => clock.ms;
  let view = first;
  const events: OwnEvent[] = [];
  const stack = { current: () => view };
  const settings = sidecarSettingsOf({}, { providerOrigins: options.origins ?? {} });
  const backends = { airbyte: { workspace: 'PerTenant' } } as SidecarContext['settings']['backends'];
  const base = testContext();
  const { database } = systems;
  const context = testContext({
    ...{ stack, database, airbyte: client, now, log: base.log },
    settings: { ...settings, backends },
    tokens: fakeTokens(),
    accessLog: createAccessLog({ database, log: base.log, now }),
    usage: createUsage({ database, stack, log: base.log, now }),
  });
  const app = await testServer(context, options.routes, authentication(context));
  const sidecarUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    ...{ systems, airbyte, client, context, clock, events },
    lines: () => [...base.lines, ...context.lines].join(''),
    watch: ({ emit } = {}) =>
      createSchemaWatch({
        ...{ airbyte: client, database: systems.newDatabase(), stack, now, log: base.log },
        settings: context.settings,
        emit: emit ?? (async (event) => void events.push(event)),
      }),
    async sync(sync) {
      view = await viewOf(sync);
    },
    async makeSource() {
      const mark = { owner: 'cli:test', tenant: 'acme' };
      const workspaces = await client.listAll<{ workspaceId: string }>('/workspaces');
      for (const { workspaceId } of workspaces) await client.delete(`/workspaces/${workspaceId}`);
      const { workspaceId } = await client.post<{ workspaceId: string }>('/workspaces', {
        name: markedName('acme', mark),
      });
      const { sourceId } = await client.post<{ sourceId: string }>('/sources', {
        name: markedName('acme-notion', mark),
        workspaceId,
        configuration: { sourceType: 'notion', credentials: { auth_type: 'token', token: 'a-token' } },
      });
      return sourceId;
    },
    async forget() {
      await systems.admin.query('truncate tenantry.source_schemas, tenantry.schema_changes');
      events.length = 0;
    },
    key: async (tenant, role) => (await keyFor(systems.database, clock, { tenant, role })).key,
    async call<T>(path: string, { key, method = 'GET' }: { readonly key: string; readonly method?: string }) {
      const response = await fetch(`${sidecarUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}` },
      });
      const text = await response.text();
      return { status: response.status, text, json: JSON.parse(text) as T };
    },
    async close() {
      app.server.closeAllConnections();
      await app.close();
      await context.accessLog.flush();
      client.close();
      await Promise.all([airbyte.close(), systems.close()]);
    },
  };
}
