/** A sidecar's OAuth routes over a real Postgres and a development Vault, for the tests of connecting. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../../../src/catalog/entry.ts';
import { createVaultClient, type VaultClient } from '../../../src/clients/vault.ts';
import { readStored } from '../../../src/credentials/store.ts';
import { startDevVault } from '../../../src/dev/vault/server.ts';
import { Redactor } from '../../../src/redact.ts';
import type { Access } from '../../../src/sidecar/audit/access-log.ts';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import type { Routes, SidecarServer } from '../../../src/sidecar/context.ts';
import { oauthRoutes } from '../../../src/sidecar/oauth/routes.ts';
import type { Providers } from '../../../src/sidecar/providers/providers.ts';
import type { Queue } from '../../../src/sidecar/queue/queue.ts';
import { type Stack, stackView } from '../../../src/sidecar/stack/view.ts';
import { tenantRoutes } from '../../../src/sidecar/tenants/routes.ts';
import { createTokenService } from '../../../src/sidecar/tokens/create.ts';
import type { Documents } from '../../../src/spec/documents.ts';
import { loadAndCheck } from '../../../src/spec/stack.ts';
import {
  as,
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { PLATFORM } from '../../support/world.ts';
import { type Browser, openBrowser } from './browser.ts';

export const OURS = 'https://connect.example.com';
export const APP = 'https://app.example.com';

export const SESSION: Caller = {
  kind: 'session',
  id: 'jwt:https://issuer.example#user-1',
  role: 'tenant-admin',
  tenants: ['acme'],
};
export const KEY: Caller = { kind: 'api-key', id: 'api-key:k_1', role: 'app', tenants: ['acme'] };

export interface ProviderParts {
  readonly now: () => number;
  readonly stack: Stack;
  readonly vault: VaultClient;
  readonly redactor: Redactor;
}

export interface WorldOptions {
  readonly documents: string;
  /** Private catalog entries by id. Default: none. */
  readonly entries?: Readonly<Record<string, object>>;
  readonly providers: (parts: ProviderParts) => Providers;
  /** More groups of routes. Default: none. */
  readonly routes?: readonly Routes[];
  /** Default OURS. */
  readonly publicUrl?: string;
  readonly oauthPerMinute?: number;
  /** Variables of the sidecar. Default: those of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** True: callers are verified as in production. Default false: every request comes from `caller`. */
  readonly realCallers?: boolean;
  readonly database?: SidecarDatabase;
}

export interface OAuthWorld {
  readonly app: SidecarServer;
  readonly context: TestContext;
  readonly db: SidecarDatabase;
  /** What the access log was given. */
  readonly accesses: Access[];
  readonly clock: { now: number };
  /** Every request without a flow's cookie comes from this caller. */
  caller: Caller | null;
  browser(): Browser;
  /** Fields of a credential as they stand in Vault. */
  stored(tenant: string, integration: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** A connect link, made by KEY. */
  link(integration: string, body?: object, tenant?: string): Promise<{ url: string; id: string }>;
  close(): Promise<void>;
}

export async function startOAuthWorld(options: WorldOptions): Promise<OAuthWorld> {
  const publicUrl = options.publicUrl ?? OURS;
  const [db, devVault, stack] = await Promise.all([
    options.database ?? startSidecarDatabase(),
    startDevVault(),
    loadDocuments(options),
  ]);
  const clock = { now: Date.now() };
  const now = (): number => clock.now;
  const vault = createVaultClient({
    address: devVault.address,
    auth: { method: 'token', token: devVault.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 8,
  });
  const mounts: Readonly<Record<string, unknown>> = (await vault.read('sys/mounts')) ?? {};
  if (!('transit/' in mounts)) await vault.write('sys/mounts/transit', { type: 'transit' });
  for (const { metadata } of stack.documents.tenants) {
    await vault.write(`transit/keys/${metadata.name}`, { type: 'aes256-gcm96' });
  }
  const accesses: Access[] = [];
  const nothing = async (): Promise<void> => undefined;
  const view = stackView(stack.documents, stack.catalog);
  const redactor = new Redactor();
  const spec = {
    redirectUris: [`${APP}/done`, `${APP}/settings/*`],
    origins: [APP],
    limits: { oauthPerMinute: options.oauthPerMinute ?? 10_000 },
  };
  const base = testContext({
    settings: sidecarSettingsOf(spec, { publicUrl }),
    stack: { current: () => view },
    redactor,
    vault,
    database: db.database,
    providers: options.providers({ now, stack: { current: () => view }, vault, redactor }),
    queue: { add: nothing, addMany: nothing, remove: nothing } as unknown as Queue,
    accessLog: {
      record: async (access) => {
        accesses.push(access);
      },
      flush: async () => undefined,
    },
    now,
    ...(options.env && { env: options.env }),
  });
  const tokens = createTokenService({ ...base, env: {} });
  const context: TestContext = { ...base, tokens };
  const world = { caller: KEY as Caller | null };
  const app = await testServer(
    context,
    [oauthRoutes, tenantRoutes, ...(options.routes ?? [])],
    options.realCallers ? authentication(context) : as(() => world.caller),
  );
  return Object.assign(world, {
    app,
    context,
    db,
    accesses,
    clock,
    browser: () => openBrowser(app, publicUrl),
    async stored(tenant: string, integration: string) {
      return (await readStored(vault, { tenant, integration }))?.data;
    },
    async link(integration: string, body: object = {}, tenant = 'acme') {
      const path = `/tenants/${tenant}/integrations/${integration}/connect-links`;
      const before = world.caller;
      world.caller = { ...KEY, tenants: [tenant] };
      const answer = await app.inject({ method: 'POST', url: path, payload: body });
      world.caller = before;
      if (answer.statusCode !== 201) throw new Error(answer.body);
      return answer.json<{ url: string; id: string }>();
    },
    async close() {
      await app.close();
      await tokens.close();
      await vault.close();
      await Promise.all([devVault.close(), options.database ? undefined : db.close()]);
    },
  });
}

async function loadDocuments({
  documents,
  entries = {},
}: WorldOptions): Promise<{ documents: Documents; catalog: Catalog }> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
  try {
    await mkdir(join(folder, 'integrations'));
    await writeFile(join(folder, 'platform.yaml'), `${PLATFORM}---\n${documents}`);
    for (const [id, entry] of Object.entries(entries)) {
      const name = { id, name: id, category: 'other', docs: 'https://docs.example', ...entry };
      await writeFile(join(folder, 'integrations', `${id}.yaml`), JSON.stringify(name));
    }
    return await loadAndCheck(folder, { makesSources: false });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
