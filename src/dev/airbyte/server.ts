/**
 * An emulator of the public API of self-managed Airbyte (Core), for development and tests: it keeps workspaces, sources,
 * destinations and connections as Airbyte does, and its jobs call an API with the source's token and write the rows with the
 * destination's password.
 */
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { TenantryError } from '../../errors.ts';
import type { JsonObject } from './connectors/definition.ts';
import { editSchema, type SchemaEdit } from './discovery.ts';
import type { Emulator } from './emulator.ts';
import { type AirbyteFaultSwitch, type AirbyteFaults, airbyteFaults } from './faults.ts';
import { createJobs, type DevAirbyteJob } from './jobs.ts';
import { persist } from './persistence.ts';
import { badRequest, otherProblem, Problem } from './problem.ts';
import { actorRoutes, liveActor } from './routes/actors.ts';
import { applicationRoutes, newApplication } from './routes/applications.ts';
import { connectionRoutes } from './routes/connections.ts';
import { jobRoutes } from './routes/jobs.ts';
import { streamRoutes } from './routes/streams.ts';
import { tagRoutes } from './routes/tags.ts';
import { unsupportedRoutes } from './routes/unsupported.ts';
import { workspaceRoutes } from './routes/workspaces.ts';
import { type Actor, type Application, State } from './state.ts';
import { createTokens } from './tokens.ts';

export type { AirbyteFaults, JobFault } from './faults.ts';
export type { DevAirbyteJob } from './jobs.ts';

const BASE = '/api/public/v1';
const OPEN = new Set(['/health', '/applications/token']);
const DEFAULT_APPLICATION = 'default';

export interface DevAirbyteOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Folder for the file with the state. Default: nothing outlives the process. */
  readonly dataDir?: string;
  /** Milliseconds since the epoch; tokens end by it. Default Date.now. */
  readonly now?: () => number;
  /** Client id of the first application. Default: the saved one, else random. */
  readonly clientId?: string;
  /** Its secret. Default: the saved one, else random. */
  readonly clientSecret?: string;
  /** A bearer token that never ends. Default: none. */
  readonly apiKey?: string;
  /** sourceType → base URL of the API that the connector calls instead of the vendor's. */
  readonly saas?: Readonly<Record<string, string>>;
  /** Called before a request is handled, with the path below the base; may throw {status, body, headers} to inject a fault. */
  readonly onRequest?: (request: { method: string; path: string }) => void | Promise<void>;
  /** Called when a source's schema is read for the first time since its configuration changed; may wait, as Airbyte does. */
  readonly onDiscover?: (source: { sourceId: string; sourceType: string }) => void | Promise<void>;
  /** Called at each change of a job's status. */
  readonly onJob?: (job: DevAirbyteJob) => void;
}

export interface DevAirbyte {
  /** Base of the API, with /api/public/v1. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Faults on demand; none from the start. */
  readonly faults: AirbyteFaults;
  /** Changes what the connector of a source finds, as a vendor does. Throws for a source that is not there. */
  editSchema(sourceId: string, edit: SchemaEdit): void;
  /** Stops jobs, writes the state and ends the server. */
  close(): Promise<void>;
}

export async function startDevAirbyte(options: DevAirbyteOptions = {}): Promise<DevAirbyte> {
  const state = new State();
  const now = options.now ?? Date.now;
  const file = persist(state, options.dataDir);
  const application = firstApplication(state, options, now());
  const { changed } = file;
  changed();
  const faults = airbyteFaults();
  let url = '';
  const emulator: Emulator = {
    state,
    now,
    changed,
    url: () => url,
    tokens: createTokens(state, now, options.apiKey),
    jobs: createJobs({
      state,
      now,
      changed,
      saas: options.saas ?? {},
      onJob: options.onJob,
      fault: faults.ofJob,
    }),
    discovered: discoveryCache(options.onDiscover),
  };
  const app = Fastify({ forceCloseConnections: true });
  app.register(
    (scope, _options, done) => {
      routes(scope, emulator, { ...options, faults });
      done();
    },
    { prefix: BASE },
  );
  app.setNotFoundHandler((_request, reply) => {
    sendProblem(reply, otherProblem(404, 'not-found', 'There is no such page.'));
  });
  url = `${await listen(app, options)}${BASE}`;
  return {
    url,
    clientId: application.clientId,
    clientSecret: application.clientSecret,
    faults,
    editSchema: (sourceId, edit) => editSchema(liveActor(state, 'source', sourceId), edit),
    async close() {
      await app.close();
      await emulator.jobs.close();
      await file.flush();
    },
  };
}

async function listen(app: FastifyInstance, options: DevAirbyteOptions): Promise<string> {
  const { host = '127.0.0.1', port = 0 } = options;
  try {
    return await app.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new TenantryError('InvalidUsage', `port ${port} is taken`, {
      cause: error,
      hint: 'choose another port',
    });
  }
}

function firstApplication(state: State, options: DevAirbyteOptions, now: number): Application {
  const saved = [...state.applications.values()].find((one) => one.name === DEFAULT_APPLICATION);
  const made = newApplication(now, {
    name: DEFAULT_APPLICATION,
    clientId: options.clientId ?? saved?.clientId,
    clientSecret: options.clientSecret ?? saved?.clientSecret,
  });
  const application = saved === undefined ? made : { ...made, id: saved.id, createdAt: saved.createdAt };
  state.applications.set(application.id, application);
  return application;
}

/** Remembers by source and configuration, as Airbyte does. */
function discoveryCache(onDiscover: DevAirbyteOptions['onDiscover']): Emulator['discovered'] {
  const known = new Map<string, JsonObject>();
  return async (source: Actor) => {
    const { configuration } = source;
    if (onDiscover === undefined || known.get(source.id) === configuration) return;
    await onDiscover({ sourceId: source.id, sourceType: source.type });
    known.set(source.id, configuration);
  };
}

type RouteOptions = Pick<DevAirbyteOptions, 'onRequest'> & { readonly faults: AirbyteFaultSwitch };

function routes(app: FastifyInstance, emulator: Emulator, options: RouteOptions): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.setErrorHandler((error, _request, reply) => answerError(error, reply));
  app.addHook('onRequest', async (request) => {
    const path = request.url.slice(BASE.length).split('?')[0] ?? '';
    if (options.onRequest !== undefined) await options.onRequest({ method: request.method, path });
    const refused = options.faults.ofRequest();
    if (refused !== undefined) throw refused;
    if (!OPEN.has(path)) emulator.tokens.check(request.headers.authorization);
  });
  app.get('/health', (_request, reply) => reply.type('text/plain').send('Successful operation'));
  applicationRoutes(app, emulator);
  workspaceRoutes(app, emulator);
  actorRoutes(app, emulator, 'source');
  actorRoutes(app, emulator, 'destination');
  connectionRoutes(app, emulator);
  streamRoutes(app, emulator);
  tagRoutes(app, emulator);
  jobRoutes(app, emulator);
  unsupportedRoutes(app);
}

function sendProblem(reply: FastifyReply, problem: Problem): void {
  reply.code(problem.status).send(problem.body);
}

interface InjectedFault {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function isFault(error: unknown): error is InjectedFault {
  return typeof error === 'object' && error !== null && typeof (error as InjectedFault).status === 'number';
}

function answerError(error: unknown, reply: FastifyReply): void {
  if (isFault(error) && !(error instanceof Problem))
    reply
      .code(error.status)
      .headers(error.headers ?? {})
      .send(error.body ?? '');
  else sendProblem(reply, problemOf(error));
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { statusCode = 500, message = '' } = error as { statusCode?: number; message?: string };
  if (statusCode === 400) return badRequest(message);
  return otherProblem(statusCode, statusCode < 500 ? 'bad-request' : 'unexpected-problem', message);
}
