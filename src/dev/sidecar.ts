/** The sidecar of `tenantry dev`: the real one, in this process, on loopback, with links that need no login. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { z } from 'zod';
import type { CredentialPlace } from '../credentials/store.ts';
import { createApiKey } from '../sidecar/callers/api-keys/store.ts';
import type { Routes } from '../sidecar/context.ts';
import { makeLink } from '../sidecar/oauth/links.ts';
import { USUAL_PORT } from '../sidecar/settings.ts';
import { requireIntegration } from '../sidecar/stack/view.ts';
import { type Sidecar, startSidecar } from '../sidecar/start.ts';
import { freePort } from './free-port.ts';
import { openSessionRoutes } from './open-session.ts';

const LINK_SECONDS = 3600;
const KEY_MS = 86_400_000;

export interface DevSidecar {
  readonly sidecar: Sidecar;
  /** A key of the platform, good for a day. */
  readonly apiKey: string;
}

export async function startDevSidecar(options: {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly port: number;
  /** File that the log is appended to. */
  readonly logFile: string;
  readonly signal: AbortSignal;
}): Promise<DevSidecar> {
  const { dir, env, port, logFile, signal } = options;
  let key: string | undefined;
  const sidecar = await startSidecar({
    stackDir: dir,
    env,
    // A document's address is that of another installation: nobody shall be sent there.
    flags: { posture: 'gateway', host: '127.0.0.1', port, publicUrl: `http://127.0.0.1:${port}` },
    signal,
    writeLog: (line) => appendLine(logFile, line),
    routes: [openConnectRoutes, openSessionRoutes(() => key)],
  });
  const now = Date.now();
  const made = await createApiKey(sidecar.context.database, {
    tenant: null,
    name: 'tenantry dev',
    role: 'admin',
    createdBy: 'tenantry dev',
    now,
    expiresAt: now + KEY_MS,
  });
  key = made.key;
  return { sidecar, apiKey: key };
}

/** A single-use link, for who needs no permission here. */
export async function connectLink(
  { context }: Pick<Sidecar, 'context'>,
  place: CredentialPlace,
): Promise<string> {
  const { url } = await makeLink(context, {
    ...place,
    returnTo: undefined,
    openerOrigin: undefined,
    actor: 'tenantry dev',
    seconds: LINK_SECONDS,
  });
  return url;
}

/** The address that plan and status print. Elsewhere it needs a person who has logged in; here loopback is enough. */
const openConnectRoutes: Routes = (app, context) => {
  app.get(
    '/connect/:tenant/:integration',
    {
      config: { access: 'public' },
      schema: { hide: true, params: z.object({ tenant: z.string(), integration: z.string() }) },
    },
    async (request, reply) => {
      const { tenant, integration } = request.params;
      requireIntegration(context.stack.current(), tenant, integration);
      return reply.redirect(await connectLink({ context }, { tenant, integration }), 303);
    },
  );
};

/** Port of the product's web page; another when it is busy. */
export async function sidecarPort(): Promise<number> {
  const free = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(USUAL_PORT, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  return free ? USUAL_PORT : freePort();
}

/** A log that cannot be written must not end what it tells about. */
function appendLine(file: string, line: string): void {
  try {
    appendFileSync(file, line, { mode: 0o600 });
  } catch {
    // The folder is not writable: `tenantry dev` has said so when it wrote its other file.
  }
}
