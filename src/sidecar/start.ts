/** Life of a sidecar: documents, systems, tables, server; and an orderly end. */
import { setTimeout as timer } from 'node:timers/promises';
import { createLog } from '../log.ts';
import { Redactor } from '../redact.ts';
import type { Life } from './admin/health.ts';
import { assemble, type Parts } from './assemble.ts';
import { authentication } from './callers/authentication.ts';
import type { Routes, SidecarContext, SidecarServer } from './context.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { migrateFirst, requireTables } from './prepare-tables.ts';
import { createRequestLog } from './request-log.ts';
import { sidecarRoutes } from './routes.ts';
import { buildServer } from './server.ts';
import { type SidecarFlags, sidecarSettings } from './settings.ts';
import { openDocuments, requireTenants } from './stack/documents.ts';
import type { KubernetesDocuments } from './stack/kubernetes.ts';
import { adoptReferred } from './stack/referred.ts';
import type { OpenStack } from './stack/stack.ts';
import { warnAtStart } from './start-warnings.ts';

export interface StartOptions {
  /** Folder of the stack. Default: none, a tenant config file serves. */
  readonly stackDir?: string;
  /** Tenants and integrations are custom resources; the folder gives the rest. Default: they are files of the folder. */
  readonly kubernetes?: KubernetesDocuments;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: SidecarFlags;
  /** Bring the platform tables up to date first. Default true. */
  readonly migrate?: boolean;
  /**
   * Do the work that all replicas share: refreshes in time, deliveries of webhooks, clearing up. Not for who knows only some
   * of the documents: the jobs of the others would end there. Default true.
   */
  readonly jobs?: boolean;
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
/** What is left of it for the jobs when requests took it all, in milliseconds. */
const LEAST_GRACE_MS = 1_000;
/** Between two looks for connections without a request while the server drains, in milliseconds. */
const IDLE_MS = 100;

/** Tokens that the log is cleaned of: far more than are in use between two refreshes in one replica. */
const NEWEST_SECRETS = 10_000;

/**
 * Resolves when it listens and works. Without documents from the API server it listens, is not ready, and waits for them.
 * @throws when documents, settings or systems do not allow a start
 */
export async function startSidecar(options: StartOptions): Promise<Sidecar> {
  const { env, flags, now, kubernetes } = options;
  const redactor = new Redactor();
  const logOptions = { env, redactor, ...(options.writeLog && { write: options.writeLog }) };
  const log = createLog(logOptions);
  const metrics = createMetrics({ processMetrics: options.writeLog === undefined });
  const stack = await openDocuments(options, { redactor, log, metrics });
  const life = { draining: false, ...(kubernetes && { documents: documentsCheck(stack) }) };
  const ended = new AbortController();
  let parts: Parts | undefined;
  let built: SidecarServer | undefined;
  try {
    if (!kubernetes) requireTenants(stack, flags.tenants ?? [], { kubernetes, log });
    const settings = sidecarSettings(stack.platform(), env, flags);
    const made = await assemble({
      settings,
      stack,
      env,
      redactor,
      log,
      logRequest: createRequestLog(logOptions),
      metrics,
      syncConcurrency: stack.platform().spec.syncs.concurrency,
      ...(now && { now }),
    });
    parts = made;
    const { context } = made;
    if (options.migrate === false) await requireTables(context);
    else await migrateFirst(context, options.signal);
    const server = await buildServer({
      context,
      authentication: authentication(context),
      routes: [...sidecarRoutes(life), ...(options.routes ?? [])],
    });
    built = server;
    // Who asks for a sign of life must not take a long wait for a process that hangs.
    let url = stack.missing() && (await listen(server, settings));
    if (url !== undefined) log.info({ url }, 'listening; the documents are not in yet');
    await stack.complete(options.signal);
    if (kubernetes) requireTenants(stack, flags.tenants ?? [], { kubernetes, log });
    await made.start({ jobs: options.jobs ?? true });
    url ??= await listen(server, settings);
    redactor.keepNewest(NEWEST_SECRETS);
    stack.follow(log, ended.signal, () => void made.documentsChanged());
    const tenants = stack.current().documents.tenants.length;
    log.info({ url, posture: settings.posture, tenants }, 'listening');
    const warned = warnAtStart(context, ended.signal);
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
        await Promise.all([adopted, warned]);
        const until = performance.now() + graceMs;
        const grace = timer(graceMs, undefined, { ref: false, ...(abort && { signal: abort }) }).catch(
          () => undefined,
        );
        // One that was busy when the end began is kept alive after its answer, and would be waited for all that time.
        const idle = setInterval(() => server.server.closeIdleConnections(), IDLE_MS);
        await Promise.race([server.close(), grace]).finally(() => clearInterval(idle));
        server.server.closeAllConnections();
        await made.close(abort?.aborted ? 0 : Math.max(LEAST_GRACE_MS, until - performance.now()));
        await stack.close();
        log.info('ended');
      },
    };
  } catch (error) {
    ended.abort();
    await built?.close();
    await parts?.close(0);
    await stack.close();
    throw error;
  }
}

function documentsCheck(stack: OpenStack): NonNullable<Life['documents']> {
  return () => {
    const missing = stack.missing();
    return missing === undefined ? { ok: true } : { ok: false, ...missing };
  };
}
