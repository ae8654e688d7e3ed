/** A sidecar with the routes of the connect component: real server, callers and tables; custody is a script. */
import type { RouteOptions } from 'fastify';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import type { Role } from '../../../src/sidecar/callers/caller.ts';
import { callerRoutes } from '../../../src/sidecar/callers/routes.ts';
import type { Access, Routes, SidecarServer } from '../../../src/sidecar/context.ts';
import { embedRoutes } from '../../../src/sidecar/embed/routes.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { integrationRoutes } from '../../../src/sidecar/tenants/integrations.ts';
import type { CredentialStatus, TokenService } from '../../../src/sidecar/tokens/service.ts';
import {
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../support/sidecar-context.ts';
import type { SidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';
import { keyFor } from '../callers/replica.ts';

export const PAGE = 'https://app.example.com';

export interface EmbedWorld {
  readonly app: SidecarServer;
  readonly context: TestContext;
  readonly clock: { ms: number };
  /** Every route of the server. */
  readonly routes: readonly {
    readonly method: string;
    readonly url: string;
    readonly access: Access | undefined;
  }[];
  /** Places that were disconnected, and on whose word. */
  readonly revoked: string[];
  key(tenant: string | null, role: Role): Promise<{ readonly id: string; readonly key: string }>;
  /** A token of the connect component, made as the product's backend does. */
  token(tenant: string, key: string, body?: object): Promise<string>;
}

export async function startEmbedWorld(
  { newDatabase }: Pick<SidecarDatabase, 'newDatabase'>,
  origins: readonly string[] = [PAGE],
): Promise<EmbedWorld> {
  const { documents, catalog } = await documentsOf(
    tenantYaml('acme', { displayName: 'Acme <b>Corporation</b>' }) +
      tenantYaml('globex') +
      integrationYaml('acme', 'notion') +
      integrationYaml('acme', 'slack', { config: { start_date: '2025-01-01T00:00:00Z' } }) +
      integrationYaml('globex', 'notion'),
  );
  const view = stackView(documents, catalog);
  const clock = { ms: Date.parse('2026-03-01T10:00:00Z') };
  const revoked: string[] = [];
  const database = newDatabase();
  const context = testContext({
    settings: sidecarSettingsOf(
      { embed: { origins: [...origins] } },
      { publicUrl: 'https://connect.example.com' },
    ),
    database,
    stack: { current: () => view },
    tokens: scripted(revoked),
    now: () => clock.ms,
  });
  const known = new Set<RouteOptions>();
  const watched = [callerRoutes, integrationRoutes, embedRoutes].map(
    (each): Routes =>
      async (scope, given) => {
        scope.addHook('onRoute', (route) => void known.add(route));
        await each(scope, given);
      },
  );
  const app = await testServer(context, watched, authentication(context));
  await app.ready();
  return {
    app,
    context,
    clock,
    routes: [...known].flatMap(({ method, url, config }) =>
      [method].flat().map((each) => ({ method: each, url, access: config?.access })),
    ),
    revoked,
    key: (tenant, role) => keyFor(database, clock, { tenant, role }),
    async token(tenant, key, body = {}) {
      const answer = await app.inject({
        method: 'POST',
        url: `/tenants/${tenant}/embed-sessions`,
        headers: { authorization: `Bearer ${key}` },
        payload: body,
      });
      if (answer.statusCode !== 201) throw new Error(answer.body);
      return answer.json<{ token: string }>().token;
    },
  };
}

function scripted(revoked: string[]): TokenService {
  const status = async ({
    tenant,
    integration,
  }: {
    tenant: string;
    integration: string;
  }): Promise<CredentialStatus> => ({
    tenant,
    integration,
    state: integration === 'slack' ? 'active' : 'missing',
    hasCredentials: integration === 'slack',
    scopes: integration === 'slack' ? ['channels:read'] : [],
    missingScopes: integration === 'slack' ? ['users:read'] : [],
  });
  const revoke: TokenService['revoke'] = async ({ tenant, integration }, { id }) => {
    revoked.push(`${tenant}/${integration} by ${id}`);
    return { revokedAt: '2026-03-01T10:00:00.000Z', atProvider: 'done' };
  };
  return { status, revoke } as unknown as TokenService;
}
