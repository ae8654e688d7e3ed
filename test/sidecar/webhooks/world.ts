/** The webhook routes and jobs over a real Postgres and a development Vault; the queue is worked off by hand. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { createSecrets } from '../../../src/clients/secrets.ts';
import { createVaultClient, type VaultClient } from '../../../src/clients/vault.ts';
import { startDevVault } from '../../../src/dev/vault/server.ts';
import { Redactor } from '../../../src/redact.ts';
import { enforceAccess } from '../../../src/sidecar/callers/access.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import { createProviders } from '../../../src/sidecar/providers/providers.ts';
import { storedAppReader } from '../../../src/sidecar/providers/stored-app.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import type { TokenService } from '../../../src/sidecar/tokens/service.ts';
import {
  registerWebhookJobs,
  type WebhookJobOptions,
  type WebhookJobs,
} from '../../../src/sidecar/webhooks/jobs.ts';
import { webhookRoutes } from '../../../src/sidecar/webhooks/routes.ts';
import {
  ADMIN,
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';
import { type HandQueue, handQueue } from './hand-queue.ts';

/** What the apps at the providers were given; globex has a Slack app of its own. */
export const SECRETS = {
  GITHUB_CLIENT_ID: 'github-client',
  GITHUB_CLIENT_SECRET: 'github-client-secret',
  GITHUB_WEBHOOK_SECRET: 'github-webhook-secret',
  SLACK_CLIENT_ID: 'slack-client',
  SLACK_CLIENT_SECRET: 'slack-client-secret',
  SLACK_WEBHOOK_SECRET: 'slack-signing-secret',
  GLOBEX_SLACK_SECRET: 'globex-slack-client-secret',
  GLOBEX_SLACK_SIGNING: 'globex-slack-signing-secret',
  HUBSPOT_CLIENT_ID: 'hubspot-client',
  HUBSPOT_CLIENT_SECRET: 'hubspot-client-secret',
  SENTRY_CLIENT_ID: 'sentry-client',
  SENTRY_CLIENT_SECRET: 'sentry-client-secret',
  LINEAR_CLIENT_ID: 'linear-client',
  LINEAR_CLIENT_SECRET: 'linear-client-secret',
  LINEAR_WEBHOOK_SECRET: 'linear-webhook-secret',
  NOTION_CLIENT_ID: 'notion-client',
  NOTION_CLIENT_SECRET: 'notion-client-secret',
  STRIPE_CLIENT_ID: 'stripe-client',
  STRIPE_CLIENT_SECRET: 'stripe-client-secret',
  STRIPE_WEBHOOK_SECRET: 'stripe-webhook-secret',
} as const;

const START = '2025-01-01T00:00:00Z';
const DOCUMENTS = [
  tenantYaml('acme'),
  tenantYaml('globex'),
  integrationYaml('acme', 'github', { config: { repositories: ['acme/shop'] } }),
  integrationYaml('globex', 'github', { config: { repositories: ['globex/web'] } }),
  integrationYaml('acme', 'slack', { config: { start_date: START } }),
  integrationYaml('globex', 'slack', {
    config: { start_date: START },
    app: {
      clientId: 'globex-slack',
      clientSecret: '${ENV:GLOBEX_SLACK_SECRET}',
      webhookSecret: '${ENV:GLOBEX_SLACK_SIGNING}',
    },
  }),
  integrationYaml('acme', 'hubspot', {}),
  integrationYaml('globex', 'hubspot', {}),
  integrationYaml('acme', 'sentry', { config: { organization: 'acme', project: 'shop' } }),
  integrationYaml('acme', 'linear', {}),
  integrationYaml('acme', 'notion', {}),
  integrationYaml('acme', 'airtable', {}),
  integrationYaml('globex', 'airtable', {}),
  integrationYaml('acme', 'google-drive', {
    config: { folder_url: 'https://drive.google.com/drive/folders/1' },
  }),
].join('');

export interface WebhookWorld {
  readonly app: FastifyInstance;
  readonly context: TestContext;
  readonly db: SidecarDatabase;
  readonly vault: VaultClient;
  readonly queue: HandQueue;
  readonly jobs: WebhookJobs;
  readonly clock: { now: number };
  readonly env: Record<string, string>;
  /** Places whose credential was revoked. */
  readonly revoked: string[];
  /** Who calls the routes that are not public. */
  caller: Caller;
  /** Makes an installation; its id. */
  install(place: { tenant: string; integration: string; account?: string; secret?: string }): Promise<string>;
  post(path: string, request: { headers: Record<string, string>; body: string | Buffer }): Promise<Answer>;
  /** Runs as the tenant, in one transaction. */
  rows<R extends Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export async function startWebhookWorld(
  options: WebhookJobOptions & { readonly publicUrl?: string; readonly documents?: string } = {},
): Promise<WebhookWorld> {
  const [db, devVault, stack] = await Promise.all([
    startSidecarDatabase(),
    startDevVault(),
    documentsOf(options.documents ?? DOCUMENTS, { makesSources: false }),
  ]);
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const now = (): number => clock.now;
  const redactor = new Redactor();
  const vault = createVaultClient({
    address: devVault.address,
    auth: { method: 'token', token: devVault.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 8,
    redactor,
  });
  const mounts: Readonly<Record<string, unknown>> = (await vault.read('sys/mounts')) ?? {};
  if (!('transit/' in mounts)) await vault.write('sys/mounts/transit', { type: 'transit' });
  for (const { metadata } of stack.documents.tenants) {
    await vault.write(`transit/keys/${metadata.name}`, { type: 'aes256-gcm96' });
  }
  const env: Record<string, string> = { ...SECRETS };
  const settings = sidecarSettingsOf({}, { publicUrl: options.publicUrl ?? 'http://127.0.0.1:7250' });
  const view = stackView(stack.documents, stack.catalog);
  const revoked: string[] = [];
  const queue = handQueue(now);
  const secrets = createSecrets({ vault, env, redactor, fingerprintKey: async () => 'key' });
  const context = testContext({
    settings,
    redactor,
    vault,
    database: db.database,
    queue,
    stack: { current: () => view },
    providers: createProviders({
      stack: { current: () => view },
      secrets,
      redactor,
      settings,
      env,
      now,
      readStoredApp: storedAppReader({ vault, redactor }),
    }),
    tokens: {
      revoke: async ({ tenant, integration }: { tenant: string; integration: string }) => {
        revoked.push(`${tenant}/${integration}`);
        return { revokedAt: new Date(now()).toISOString(), atProvider: 'failed' };
      },
    } as unknown as TokenService,
    now,
  });
  const jobs = registerWebhookJobs(context, { random: () => 0.5, ...options });
  const world = { caller: ADMIN as Caller };
  const app = (await testServer(
    context,
    [webhookRoutes],
    asCaller(() => world.caller),
  )) as unknown as FastifyInstance;
  return Object.assign(world, {
    app,
    context,
    db,
    vault,
    queue,
    jobs,
    clock,
    env,
    revoked,
    async install({ tenant, integration, account, secret }: Parameters<WebhookWorld['install']>[0]) {
      const id = randomUUID();
      const sealed =
        secret === undefined
          ? null
          : (
              await vault.write<{ ciphertext: string }>(`transit/encrypt/${tenant}`, {
                plaintext: Buffer.from(secret).toString('base64'),
              })
            )?.ciphertext;
      await db.admin.query(
        `insert into tenantry.installations (id, tenant, integration, status, external_install_id, webhook_secret)
         values ($1, $2, $3, 'active', $4, $5)`,
        [id, tenant, integration, account ?? null, sealed],
      );
      return id;
    },
    async post(path: string, { headers, body }: Parameters<WebhookWorld['post']>[1]) {
      const answer = await app.inject({ method: 'POST', url: path, headers, payload: body });
      return { status: answer.statusCode, text: answer.body };
    },
    rows: <R extends Record<string, unknown>>(sql: string, params?: readonly unknown[]) =>
      db.admin.query<R>(sql, params),
    async close() {
      await app.close();
      await jobs.close();
      await vault.close();
      await Promise.all([devVault.close(), db.close()]);
    },
  });
}

/** Empties the tables of webhooks between tests. */
export async function clearWebhooks(world: WebhookWorld): Promise<void> {
  const { db, queue, revoked, env } = world;
  world.caller = ADMIN;
  queue.broken = false;
  await db.admin.script(
    `truncate tenantry.webhook_events, tenantry.webhook_endpoints, tenantry.webhook_deliveries,
       tenantry.webhook_actions, tenantry.webhook_handshakes, tenantry.installations cascade`,
  );
  queue.clear();
  revoked.length = 0;
  for (const name of Object.keys(env)) delete env[name];
  Object.assign(env, SECRETS);
}

/** Every request that is not public comes from this caller, and may do what a caller may. */
function asCaller(caller: () => Caller): FastifyPluginAsync {
  return fastifyPlugin(async (app) => {
    app.decorateRequest('caller', null);
    app.addHook('onRequest', async (request) => {
      const { access } = request.routeOptions.config;
      if (access === undefined || access === 'public') return;
      request.caller = caller();
      enforceAccess(request, request.caller, access);
    });
  });
}
