/** `tenantry dev`: environment, documents and drivers together, from nothing to synced rows. */
import { type Backends, connect } from '../clients/connect.ts';
import { resolveSettings } from '../clients/settings.ts';
import { apply } from '../reconcile/apply.ts';
import type { Listener, ResourceResult } from '../reconcile/events.ts';
import { allSteps } from '../reconcile/plan.ts';
import { createWorld, limitsOf, prepare } from '../reconcile/run.ts';
import { type IntegrationStatus, integrationStatuses } from '../reconcile/status.ts';
import { isChange } from '../reconcile/step.ts';
import { cliOwner } from '../resources/mark.ts';
import type { Documents } from '../spec/documents.ts';
import { loadAndCheck } from '../spec/stack.ts';
import { startConnectPage } from './connect-page.ts';
import { connectFlow, connectTenants } from './connect-tenants.ts';
import { type Environment, startEnvironment, writeEnvFile } from './environment.ts';
import { countRows, waitForSyncs } from './first-syncs.ts';
import { sandboxVariables } from './sandbox.ts';

export { watchStack } from '../spec/watch.ts';

/** Services of the catalog that have a fake API here. */
const SANDBOXES = ['notion', 'slack', 'github', 'jira'] as const;
const SYNC_TIMEOUT_MS = 60_000;

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
  const page = await startConnectPage();
  const environment = await startEnvironment({
    integrations: SANDBOXES,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    onStarted: (name, address) => options.onStep(`${name} for development only: ${address}`),
  }).catch(async (error: unknown) => {
    await page.close();
    throw error;
  });
  const redirectUri = page.redirectUri;
  const variables = { TENANTRY_URL: page.url, ...environment.variables };
  const env = { ...options.env, ...variables };
  Object.assign(variables, sandboxVariables(documents, catalog, environment, { env, redirectUri }));
  const envFile = await writeEnvFile(options.envFile, variables).then(
    () => options.envFile,
    (error: unknown) => {
      options.onStep(`no file for a second terminal: ${(error as Error).message}`);
      return undefined;
    },
  );
  const session = new Session(options, { environment, variables, redirectUri });
  let connected = (): void => undefined;
  page.serve(
    connectFlow(
      () => session.context(),
      (text) => {
        options.onStep(text);
        connected();
      },
    ),
  );
  return {
    environment,
    connectUrl: page.url,
    envFile,
    variables,
    run: () => session.run(),
    onConnected: (listener) => {
      connected = listener;
    },
    close: async () => {
      await page.close();
      await environment.close();
    },
  };
}

interface Parts {
  readonly environment: Environment;
  readonly variables: Record<string, string>;
  readonly redirectUri: (integration: string) => string;
}

class Session {
  readonly #options: DevOptions;
  readonly #parts: Parts;

  constructor(options: DevOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Documents as they are now, and clients of their own. */
  async context(): Promise<Parameters<typeof connectTenants>[0] & { backends: Backends }> {
    const { environment, variables, redirectUri } = this.#parts;
    const { documents, catalog } = await loadAndCheck(this.#options.dir);
    const env = { ...this.#options.env, ...variables };
    Object.assign(variables, sandboxVariables(documents, catalog, environment, { env, redirectUri }));
    const merged = { ...this.#options.env, ...variables };
    const owner = cliOwner(documents.platform.metadata.name);
    const backends = await connect(resolveSettings(documents.platform, merged), {
      env: merged,
      applicationName: 'tenantry dev',
    });
    const world = createWorld(backends, owner, this.#options.signal);
    return { documents, catalog, environment, world, redirectUri, backends };
  }

  async run(): Promise<DevOutcome> {
    const first = await this.#applyOnce(async (context) => {
      const connected = await connectTenants(context);
      if (connected > 0)
        this.#options.onStep(
          `${connected} ${connected === 1 ? 'integration' : 'integrations'} connected at the development identity provider`,
        );
      return connected > 0;
    });
    const second = first.again ? await this.#applyOnce(async () => false) : undefined;
    return this.#observe([...first.results, ...(second?.results ?? [])]);
  }

  async #applyOnce(
    then: (context: Parameters<typeof connectTenants>[0]) => Promise<boolean>,
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

  /** Waits for the syncs, plans once more and counts the rows. */
  async #observe(results: ResourceResult[]): Promise<DevOutcome> {
    const context = await this.context();
    const { documents, world } = context;
    try {
      const prepared = await prepare(context);
      const statuses = await waitForSyncs(() => integrationStatuses(prepared, documents, world), {
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
