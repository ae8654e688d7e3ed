/** Life of a sidecar: documents, systems, tables, server; and an orderly end. */
import type { AddressInfo } from 'node:net';
import { setTimeout as timer } from 'node:timers/promises';
import { postgresOptions } from '../clients/connect.ts';
import { Redactor } from '../redact.ts';
import { healthRoutes } from './admin/health.ts';
import { metricsRoutes } from './admin/metrics.ts';
import { overviewRoutes } from './admin/overview.ts';
import { tenantRecordRoutes } from './admin/tenant-records.ts';
import { assemble, type Parts } from './assemble.ts';
import { authentication } from './callers/authentication.ts';
import { callerRoutes } from './callers/routes.ts';
import type { Routes, SidecarContext, SidecarServer } from './context.ts';
import { rowSecurityBypass } from './database/bypass.ts';
import { migrate } from './database/migrate.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { proxyRoutes } from './proxy/routes.ts';
import { attachUpgrades } from './proxy/upgrades.ts';
import { buildServer } from './server.ts';
import { type SidecarFlags, sidecarSettings } from './settings.ts';
import { openStack } from './stack/open.ts';
import { adoptReferred } from './stack/referred.ts';
import { tenantRoutes } from './tenants/routes.ts';
import { toolRoutes } from './tools/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export interface StartOptions {
  /** Folder of the stack. Default: none, a tenant config file serves. */
  readonly stackDir?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: SidecarFlags;
  /** Bring the platform tables up to date first. Default true. */
  readonly migrate?: boolean;
  /** Takes each line of the log. Default: standard output. */
  readonly writeLog?: (line: string) => void;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** Stops a start that is under way. */
  readonly signal?: AbortSignal;
  /** More routes, e.g. those of the development environment. */
  readonly routes?: readonly Routes[];
}

export interface Sidecar {
  /** As it listens. */
  readonly url: string;
  readonly context: SidecarContext;
  readonly server: SidecarServer;
  /** Reads the documents again, without waiting for their change to be noticed. */
  reload(): Promise<void>;
  close(options?: CloseOptions): Promise<void>;
}

export interface CloseOptions {
  /** Longest time for what is under way, in milliseconds. Default 25,000: below the usual 30 s of orchestrators. */
  readonly graceMs?: number;
  /** Ends the grace at once. */
  readonly abort?: AbortSignal;
}

const USUAL_GRACE_MS = 25_000;

/** Tokens that the log is cleaned of: far more than are in use between two refreshes in one replica. */
const NEWEST_SECRETS = 10_000;

/** @throws before it listens, when documents, settings or systems do not allow a start */
export async function startSidecar(options: StartOptions): Promise<Sidecar> {
  const { env, flags, now } = options;
  const stack = await openStack({ dir: options.stackDir, env });
  const settings = sidecarSettings(stack.current().platform, env, flags);
  const redactor = new Redactor();
  const log = createLog({ env, redactor, ...(options.writeLog && { write: options.writeLog }) });
  const metrics = createMetrics({ processMetrics: options.writeLog === undefined });
  const parts = await assemble({ settings, stack, env, redactor, log, metrics, ...(now && { now }) });
  const { context } = parts;
  const life = { draining: false };
  const ended = new AbortController();
  try {
    if (options.migrate !== false) await migrateFirst(parts, options.signal);
    const server = await buildServer({
      context,
      authentication: authentication(context),
      routes: [
        healthRoutes(life),
        metricsRoutes,
        overviewRoutes,
        tenantRecordRoutes,
        callerRoutes,
        oauthRoutes,
        tenantRoutes,
        proxyRoutes,
        toolRoutes,
        webhookRoutes,
        ...(options.routes ?? []),
      ],
    });
    const upgrades = attachUpgrades(server.server, context, (request) =>
      server.callers.authenticateUpgrade(request),
    );
    await parts.start();
    await server.listen({ host: settings.host, port: settings.port });
    const { port } = server.server.address() as AddressInfo;
    const url = `http://${settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host}:${port}`;
    redactor.keepNewest(NEWEST_SECRETS);
    stack.follow(log, ended.signal);
    log.info(
      { url, posture: settings.posture, tenants: stack.current().documents.tenants.length },
      'listening',
    );
    const bypass = await rowSecurityBypass(context.database);
    if (bypass) log.warn({ reason: bypass }, 'the login to Postgres is not bound by row-level security');
    if (settings.withoutAirbyte)
      log.warn({ reason: settings.withoutAirbyte }, 'sources are not kept in step');
    const adopted = adoptReferred(stack.referred, context).then(
      (taken) => taken > 0 && log.info({ taken }, 'credentials of the tenant config file taken into custody'),
    );
    return {
      url,
      context,
      server,
      reload: () => stack.reload(),
      close: async ({ graceMs = USUAL_GRACE_MS, abort } = {}) => {
        life.draining = true;
        ended.abort();
        log.info('draining: what is under way is finished');
        await adopted;
        const grace = timer(graceMs, undefined, { ref: false, ...(abort && { signal: abort }) }).catch(
          () => undefined,
        );
        await Promise.race([server.close(), grace]);
        await upgrades.close();
        server.server.closeAllConnections();
        await parts.close(graceMs);
        log.info('ended');
      },
    };
  } catch (error) {
    ended.abort();
    await parts.close(0);
    throw error;
  }
}

async function migrateFirst({ context }: Parts, signal: AbortSignal | undefined): Promise<void> {
  const { settings, redactor, log, secrets } = context;
  const admin = await postgresOptions(settings.backends, secrets, { redactor });
  const { user, password } = settings.database;
  const { applied } = await migrate({
    admin,
    login: user === admin.user ? undefined : { user, password: await context.secrets.resolve(password) },
    signal,
    onWait: () => log.info('another process brings the platform tables up to date; waiting'),
  });
  if (applied.length > 0) log.info({ applied }, 'platform tables brought up to date');
}
