/** A replica of the sidecar for tests of its callers: the real server, the real authentication, and a few routes. */
import { z } from 'zod';
import { createApiKey } from '../../../src/sidecar/callers/api-keys/store.ts';
import { authentication, callerOf } from '../../../src/sidecar/callers/authentication.ts';
import type { Role } from '../../../src/sidecar/callers/caller.ts';
import { callerRoutes } from '../../../src/sidecar/callers/routes.ts';
import type { Routes, SidecarServer } from '../../../src/sidecar/context.ts';
import type { Database } from '../../../src/sidecar/database/database.ts';
import type { SidecarSettings } from '../../../src/sidecar/settings.ts';
import { type StackView, stackView } from '../../../src/sidecar/stack/view.ts';
import {
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../support/sidecar-context.ts';
import { documentsOf, tenantYaml } from '../../support/world.ts';

export interface Clock {
  ms: number;
}

export interface Replica {
  readonly app: SidecarServer;
  readonly context: TestContext;
}

export interface ReplicaOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** As in a Platform document. */
  readonly callers?: Record<string, unknown>;
  readonly settings?: Partial<SidecarSettings>;
}

let stack: Promise<StackView> | undefined;

/** Tenants acme and globex. */
export async function testStack(): Promise<StackView> {
  stack ??= documentsOf(tenantYaml('acme') + tenantYaml('globex')).then(({ documents, catalog }) =>
    stackView(documents, catalog),
  );
  return await stack;
}

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { database, clock, callers = {}, settings } = options;
  const view = await testStack();
  const context = testContext({
    settings: sidecarSettingsOf({ callers }, { publicUrl: PUBLIC_URL, ...settings }),
    database,
    stack: { current: () => view },
    now: () => clock.ms,
  });
  const app = await testServer(context, [things, callerRoutes], authentication(context));
  await app.ready();
  return { app, context };
}

export const PUBLIC_URL = 'https://connect.example.com';

/** A key straight into the tables. */
export async function keyFor(
  database: Database,
  clock: Clock,
  wanted: { tenant: string | null; role: Role; expiresAt?: number },
): Promise<{ readonly id: string; readonly key: string }> {
  const { row, key } = await createApiKey(database, {
    ...wanted,
    name: 'test',
    createdBy: 'test',
    now: clock.ms,
  });
  return { id: row.id, key };
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

const things: Routes = (app) => {
  const params = z.object({ tenant: z.string() });
  app.get(
    '/tenants/:tenant/things',
    { config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } }, schema: { params } },
    async (request) => ({ caller: callerOf(request).id, tenant: request.params.tenant }),
  );
  app.post(
    '/tenants/:tenant/things',
    {
      config: { access: { permission: 'credentials.write', tenantParam: 'tenant' } },
      schema: { params, body: z.object({ name: z.string().optional() }).optional() },
    },
    async (request) => ({ tenant: request.params.tenant }),
  );
  app.get(
    '/tenants/:tenant/token',
    { config: { access: { permission: 'tokens.use', tenantParam: 'tenant' } }, schema: { params } },
    async () => ({ token: 'of-the-tenant' }),
  );
  app.get('/whoami', { config: { access: { permission: 'tenant.read' } } }, async (request) =>
    callerOf(request),
  );
  app.post('/flat', { config: { access: { permission: 'credentials.write' } } }, async () => ({ ok: true }));
  app.get('/admin/things', { config: { access: { permission: 'platform' } } }, async () => ({ ok: true }));
  app.all('/pass/*', { config: { access: { permission: 'tokens.use', passesOn: true } } }, async () => ({
    passed: true,
  }));
  app.get('/open', { config: { access: 'public' } }, async (request) => ({ caller: request.caller }));
};
