/** `tenantry dev`: environment, documents and drivers together, from nothing to synced rows. */
import { dirname, join } from 'node:path';
import type { Catalog } from '../catalog/entry.ts';
import { type Backends, connect } from '../clients/connect.ts';
import { resolveSettings } from '../clients/settings.ts';
import type { CredentialPlace } from '../credentials/store.ts';
import { apply } from '../reconcile/apply.ts';
import type { Listener, ResourceResult } from '../reconcile/events.ts';
import { allSteps } from '../reconcile/plan.ts';
import { createWorld, limitsOf, prepare } from '../reconcile/run.ts';
import { type IntegrationStatus, integrationStatuses } from '../reconcile/status.ts';
import { isChange } from '../reconcile/step.ts';
import type { World } from '../resources/kind.ts';
import { cliOwner } from '../resources/mark.ts';
import { USUAL_PORT } from '../sidecar/settings.ts';
import type { Sidecar } from '../sidecar/start.ts';
import { CREDENTIALS_CHANNEL } from '../sidecar/tokens/notices.ts';
import type { Documents } from '../spec/documents.ts';
import { loadAndCheck } from '../spec/stack.ts';
import { connectTenants } from './connect-tenants.ts';
import { type Environment, startEnvironment, writeEnvFile } from './environment.ts';
import { startFirstRuns } from './first-runs.ts';
import { countRows, waitForSyncs } from './first-syncs.ts';
import { sandboxVariables, withoutSandbox } from './sandbox.ts';
import { type DevSidecar, sidecarPort, startDevSidecar } from './sidecar.ts';

export { watchStack } from '../spec/watch.ts';

/** Services of the catalog that have a fake API here. */
const SANDBOXES = ['notion', 'slack', 'github', 'jira'] as const;
const SYNC_TIMEOUT_MS = 60_000;
/** Nothing of value is under way at the end of a development session. */
const SIDECAR_GRACE_MS = 2_000;

export interface DevOptions {
  /** Folder of the stack. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir?: string;
  /** File that the variables for a second terminal are written to. */
  readonly envFile: string;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
  readonly onEvent: Listener;
}

export interface DevSession {
  readonly environment: Environment;
  readonly connectUrl: string;
  /** File with the variables; undefined when it could not be written. */
  readonly envFile: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  /** Applies, connects who can be connected, applies again, and waits for the syncs. */
  run(): Promise<DevOutcome>;
  /** Called after a person connected a tenant by a connect link. */
  onConnected(listener: () => void): void;
  close(): Promise<void>;
}

export interface DevOutcome {
  readonly documents: Documents;
  readonly results: readonly ResourceResult[];
  /** Changes that a plan after it all would make. */
  readonly remaining: number;
  readonly integrations: readonly (IntegrationStatus & { readonly rows: number })[];
}

export async function startDevSession(options: DevOptions): Promise<DevSession> {
  // Mistakes in the documents are told before anything is started.
  const { documents, catalog } = await loadAndCheck(options.dir);
  const environment = await startEnvironment({
    integrations: SANDBOXES,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    onStarted: (name, address) => options.onStep(`${name} for development only: ${address}`),
  });
  let starting: Promise<DevSidecar> | undefined;
  const close = async (): Promise<void> => {
    await starting?.then(
      ({ sidecar }) => sidecar.close({ graceMs: SIDECAR_GRACE_MS }),
      () => undefined,
    );
    await environment.close();
  };
  try {
    const port = await sidecarPort();
    const connectUrl = `http://127.0.0.1:${port}`;
    const redirectUri = (integration: string): string => `${connectUrl}/oauth/callback/${integration}`;
    environment.idp.github.setCallbackUrl(redirectUri('github'));
    if (port !== USUAL_PORT) {
      options.onStep(
        `port ${USUAL_PORT} is taken, perhaps by another tenantry dev: ${options.envFile} leads to this one from now on`,
      );
    }
    const variables: Record<string, string> = {
      TENANTRY_URL: connectUrl,
      TENANTRY_CONNECT_PAGE: `${connectUrl}/connect`,
      ...environment.variables,
    };
    const env = { ...withoutSandbox(options.env), ...variables };
    Object.assign(variables, sandboxVariables(documents, catalog, environment, { env, redirectUri }));
    starting = startDevSidecar({
      dir: options.dir,
      env: { ...options.env, ...variables },
      port,
      logFile: join(dirname(options.envFile), 'sidecar.log'),
      signal: options.signal,
    });
    // Who awaits it later gets the error.
    starting.catch(() => undefined);
    const session = new Session(options, { environment, variables, redirectUri, starting });
    const envFile = await session.writeVariables();
    return {
      environment,
      connectUrl,
      envFile,
      variables,
      run: () => session.run(),
      onConnected: (listener) => session.onConnected(listener),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly environment: Environment;
  readonly variables: Record<string, string>;
  readonly redirectUri: (integration: string) => string;
  readonly starting: Promise<DevSidecar>;
}

/** What the documents are carried out with. */
interface SessionContext {
  readonly documents: Documents;
  readonly catalog: Catalog;
  readonly world: World;
  readonly backends: Backends;
}

class Session {
  readonly #options: DevOptions;
  readonly #parts: Parts;
  readonly #known = new Set<string>();
  /** By somebody here: they would be puzzled if it were connected again for them. */
  readonly #disconnected = new Set<string>();
  #running = false;
  #connected: () => void = () => undefined;

  constructor(options: DevOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** The variables for a second terminal, with the sidecar's key as soon as there is one. */
  async writeVariables(): Promise<string | undefined> {
    const { envFile, onStep } = this.#options;
    try {
      await writeEnvFile(envFile, this.#parts.variables);
      return envFile;
    } catch (error) {
      onStep(`no file for a second terminal: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Called when a person has connected something, not by what a run connects itself. */
  onConnected(listener: () => void): void {
    this.#connected = listener;
  }

  /** The sidecar; the first time it is told where it is, and connecting is listened to. */
  async #sidecar(): Promise<Sidecar> {
    const { sidecar, apiKey } = await this.#parts.starting;
    if (this.#parts.variables.TENANTRY_API_KEY !== apiKey) {
      this.#parts.variables.TENANTRY_API_KEY = apiKey;
      await this.writeVariables();
      this.#options.onStep(`Sidecar for development only: ${sidecar.url}`);
      await this.#listen(sidecar);
    }
    return sidecar;
  }

  async #listen({ context }: Sidecar): Promise<void> {
    await context.database.listen(CREDENTIALS_CHANNEL, {
      onNotice: (notice) => {
        const { tenant, integration } = notice as CredentialPlace;
        // Postgres away for a moment: the next notice tells it.
        this.#heard(context, { tenant, integration }).catch(() => undefined);
      },
    });
  }

  async #heard(context: Sidecar['context'], { tenant, integration }: CredentialPlace): Promise<void> {
    if (this.#running) return;
    const place = `${tenant}/${integration}`;
    const { state } = await context.tokens.status({ tenant, integration });
    if (state === 'revoked' || state === 'missing') {
      if (!this.#disconnected.has(place)) this.#options.onStep(`${tenant} disconnected ${integration}`);
      this.#disconnected.add(place);
      this.#known.delete(place);
      return;
    }
    this.#disconnected.delete(place);
    if (this.#running || this.#known.has(place)) return;
    this.#known.add(place);
    this.#options.onStep(`${tenant} connected ${integration}`);
    this.#connected();
  }

  /** Documents as they are now, and clients of their own. */
  async context(): Promise<SessionContext> {
    const { environment, variables, redirectUri } = this.#parts;
    const { documents, catalog } = await loadAndCheck(this.#options.dir);
    const env = { ...withoutSandbox(this.#options.env), ...variables };
    Object.assign(variables, sandboxVariables(documents, catalog, environment, { env, redirectUri }));
    const merged = { ...this.#options.env, ...variables };
    const owner = cliOwner(documents.platform.metadata.name);
    const backends = await connect(resolveSettings(documents.platform, merged), {
      env: merged,
      applicationName: 'tenantry dev',
    });
    return { documents, catalog, world: createWorld(backends, owner, this.#options.signal), backends };
  }

  async run(): Promise<DevOutcome> {
    this.#running = true;
    try {
      const first = await this.#applyOnce((context) => this.#connect(context));
      const second = first.again ? await this.#applyOnce(async () => false) : undefined;
      return await this.#observe([...first.results, ...(second?.results ?? [])]);
    } finally {
      this.#running = false;
    }
  }

  async #connect({ documents, world }: SessionContext): Promise<boolean> {
    const { signal, onStep } = this.#options;
    const sidecar = await this.#sidecar();
    // It reads changed documents by itself; here they count at once.
    await sidecar.reload();
    const { environment } = this.#parts;
    const connected = await connectTenants({
      documents,
      environment,
      world,
      sidecar,
      signal,
      except: this.#disconnected,
    });
    if (connected === 0) return false;
    const what = connected === 1 ? 'integration' : 'integrations';
    onStep(`${connected} ${what} connected at the development identity provider`);
    return true;
  }

  async #applyOnce(
    then: (context: SessionContext) => Promise<boolean>,
  ): Promise<{ results: ResourceResult[]; again: boolean }> {
    const context = await this.context();
    try {
      const prepared = await prepare(context);
      const results = await apply(prepared, context.world, {
        limits: limitsOf(context.backends.settings),
        onEvent: this.#options.onEvent,
        stop: this.#options.signal,
      });
      return { results, again: await then(context) };
    } finally {
      await context.backends.close();
    }
  }

  /** Where the sidecar runs the syncs: nobody wants to wait here until it comes across what is new. */
  async #firstRuns(documents: Documents, statuses: () => Promise<IntegrationStatus[]>): Promise<void> {
    if (documents.platform.spec.syncs.runner !== 'Sidecar') return;
    const { syncs } = (await this.#sidecar()).context;
    const { signal } = this.#options;
    const wanted = documents.integrations.filter(({ spec }) => spec.sync.initialSync);
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    const first = (await statuses()).filter(({ name }) => names.has(name));
    await startFirstRuns(first, { syncs, timeoutMs: SYNC_TIMEOUT_MS, signal });
  }

  /** Waits for the syncs, plans once more and counts the rows. */
  async #observe(results: ResourceResult[]): Promise<DevOutcome> {
    const context = await this.context();
    const { documents, world } = context;
    try {
      const prepared = await prepare(context);
      const statusesNow = (): Promise<IntegrationStatus[]> => integrationStatuses(prepared, documents, world);
      await this.#firstRuns(documents, statusesNow);
      const statuses = await waitForSyncs(statusesNow, {
        timeoutMs: SYNC_TIMEOUT_MS,
        signal: this.#options.signal,
      });
      const byName = new Map(documents.integrations.map((item) => [item.metadata.name, item]));
      const integrations = await Promise.all(
        statuses.map(async (status) => {
          const document = byName.get(status.name);
          return { ...status, rows: document ? await countRows(document, documents, world) : 0 };
        }),
      );
      const steps = allSteps(prepared.plan);
      return { documents, results, remaining: steps.filter(isChange).length, integrations };
    } finally {
      await context.backends.close();
    }
  }
}
