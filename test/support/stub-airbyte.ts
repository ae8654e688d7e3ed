/**
 * As much of Airbyte and of custody as thousands of syncs need, over HTTP, so that replicas in other processes share it:
 * connections, jobs that take a while, and tokens that end. It keeps the books: who began what, when, and with which token.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { markedName } from '../../src/resources/mark.ts';

export interface StubPlace {
  readonly tenant: string;
  readonly integration: string;
  /** Name of the document. */
  readonly name: string;
}

export interface StubJob {
  readonly jobId: number;
  readonly connectionId: string;
  readonly startedAt: number;
  readonly endsAt: number;
  /** When the token that its source had ends. */
  readonly tokenEndsAt: number;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  rows: number;
  updatedAt: number;
}

/** Life of a token. */
const TOKEN_MS = 3_600_000;

export interface StubOptions {
  readonly places: readonly StubPlace[];
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a job runs, in milliseconds. Default 60,000. */
  readonly jobMs?: (connectionId: string) => number;
}

export interface StubAirbyte {
  readonly url: string;
  readonly jobs: StubJob[];
  /** Does not answer properly: 503. */
  away: boolean;
  /** The next jobs end so. */
  outcome: 'succeeded' | 'failed';
  /** Jobs never end and never move. */
  stuck: boolean;
  /** Does the work of a POST /jobs and gives no answer, so many times. */
  loseAnswers: number;
  /** Renewals of tokens fail. */
  providerAway: boolean;
  renewals: number;
  requests: number;
  connectionOf(place: Pick<StubPlace, 'tenant' | 'integration'>): string;
  /** A job that somebody else starts, unless one is under way. */
  startJob(connectionId: string): void;
  /** Ends the token of a place in so many milliseconds. */
  tokenEndsIn(place: Pick<StubPlace, 'tenant' | 'integration'>, ms: number): void;
  close(): Promise<void>;
}

const NOT_FOUND: [number, unknown] = [404, { title: 'not found' }];

/** No job takes longer, but for one that is stuck. */
const MOST_JOB_MS = 3_600_000;

interface Token {
  version: number;
  endsAt: number;
}

export async function startStubAirbyte(options: StubOptions): Promise<StubAirbyte> {
  const { places, owner, now, jobMs = () => 60_000 } = options;
  const jobs: StubJob[] = [];
  const byId = new Map<number, StubJob>();
  const active = new Map<string, StubJob>();
  const key = ({ tenant, integration }: Pick<StubPlace, 'tenant' | 'integration'>): string =>
    `${tenant}/${integration}`;
  const index = new Map(places.map((place, at) => [key(place), at]));
  const idOf = (at: number, kind: number): string =>
    `00000000-0000-4000-${8000 + kind}-${String(at).padStart(12, '0')}`;
  const connections = places.map((place, at) => ({
    connectionId: idOf(at, 1),
    sourceId: idOf(at, 2),
    workspaceId: idOf(at, 3),
    status: 'active',
    name: markedName(place.name, { owner, tenant: place.tenant }),
  }));
  const byConnection = new Map(connections.map((connection) => [connection.connectionId, connection]));
  const tokens = new Map<string, Token>();
  const pushed = new Map<string, number>();
  const tokenOf = (place: string): Token => {
    const known = tokens.get(place) ?? { version: 1, endsAt: now() + TOKEN_MS };
    tokens.set(place, known);
    return known;
  };

  function startJob(connectionId: string): StubJob {
    const at = Number(connectionId.slice(-12));
    const place = places[at];
    const startedAt = now();
    const job: StubJob = {
      jobId: jobs.length + 1,
      connectionId,
      startedAt,
      endsAt: startedAt + jobMs(connectionId),
      tokenEndsAt: pushed.get(place ? key(place) : '') ?? 0,
      status: 'running',
      rows: 0,
      updatedAt: startedAt,
    };
    jobs.push(job);
    byId.set(job.jobId, job);
    active.set(connectionId, job);
    return job;
  }

  /** Jobs end when somebody looks. */
  function settle(): void {
    if (stub.stuck) return;
    for (const job of active.values()) {
      if (job.endsAt > now()) continue;
      job.status = stub.outcome;
      job.rows = 10;
      job.updatedAt = job.endsAt;
      active.delete(job.connectionId);
    }
  }

  const show = (job: StubJob): object => ({
    jobId: job.jobId,
    status: job.status,
    jobType: 'sync',
    connectionId: job.connectionId,
    startTime: new Date(job.startedAt).toISOString(),
    ...(job.status !== 'running' && { lastUpdatedAt: new Date(job.updatedAt).toISOString() }),
    rowsSynced: job.rows,
    bytesSynced: job.rows * 100,
  });

  /** Newest first. */
  function changedSince(since: number): StubJob[] {
    const found: StubJob[] = [];
    for (let at = jobs.length - 1; at >= 0; at -= 1) {
      const job = jobs[at] as StubJob;
      if (job.updatedAt >= since) found.push(job);
      else if (job.startedAt < since - MOST_JOB_MS) break;
    }
    return found;
  }

  function listJobs(query: URLSearchParams): object[] {
    const since = Date.parse(query.get('updatedAtStart') ?? '1970-01-01T00:00:00Z');
    const connectionId = query.get('connectionId');
    const isRunning = query.get('status') === 'running';
    const of = isRunning ? [...active.values()].toReversed() : changedSince(since);
    const found = of.filter((job) => connectionId === null || job.connectionId === connectionId);
    return (query.get('orderBy') === 'createdAt|DESC' ? found : found.toReversed()).map(show);
  }

  function post(connectionId: string): [number, unknown] {
    if (!byConnection.has(connectionId)) return NOT_FOUND;
    if (active.has(connectionId)) return [409, { title: 'try-again-later' }];
    const job = startJob(connectionId);
    if (stub.loseAnswers === 0) return [200, show(job)];
    stub.loseAnswers -= 1;
    return [0, undefined];
  }

  function oneJob(method: string, id: string): [number, unknown] {
    const job = byId.get(Number(id));
    if (!job) return NOT_FOUND;
    if (method === 'DELETE' && active.delete(job.connectionId)) {
      job.status = 'cancelled';
      job.updatedAt = now();
    }
    return [200, show(job)];
  }

  function custody(method: string, url: URL, body: Record<string, unknown>): [number, unknown] {
    const [, kind, tenant, integration] = url.pathname.split('/');
    const place = `${tenant}/${integration}`;
    if (kind === 'tokens') return token(place, method);
    pushed.set(place, Number(body['endsAt']));
    return [200, {}];
  }

  function answer(method: string, url: URL, body: Record<string, unknown>): [number, unknown] {
    const [, kind = '', id = ''] = url.pathname.split('/');
    if (kind !== 'connections' && kind !== 'jobs') return custody(method, url, body);
    if (stub.away) return [503, { status: 503, title: 'away' }];
    settle();
    if (kind === 'connections')
      return id === '' ? paged(connections, url) : [200, byConnection.get(id) ?? {}];
    if (method === 'POST') return post(String(body['connectionId']));
    return id === '' ? paged(listJobs(url.searchParams), url) : oneJob(method, id);
  }

  function token(place: string, method: string): [number, unknown] {
    const known = tokenOf(place);
    const isOver = known.endsAt - now() < 60_000;
    if (method === 'POST' || isOver) {
      if (stub.providerAway) return isOver || method === 'POST' ? [503, {}] : [200, known];
      tokens.set(place, { version: known.version + 1, endsAt: now() + TOKEN_MS });
      stub.renewals += 1;
    }
    return [200, tokenOf(place)];
  }

  const server = createServer((request, response) => {
    void handle(request, response);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request) text += String(part);
    stub.requests += 1;
    const url = new URL(request.url ?? '/', 'http://stub');
    const [status, body] = answer(request.method ?? 'GET', url, text === '' ? {} : JSON.parse(text));
    if (status === 0) {
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  const stub: StubAirbyte = {
    url: '',
    jobs,
    away: false,
    outcome: 'succeeded',
    stuck: false,
    loseAnswers: 0,
    providerAway: false,
    renewals: 0,
    requests: 0,
    connectionOf: (place) => idOf(index.get(key(place)) ?? -1, 1),
    startJob: (connectionId) => void (active.has(connectionId) || startJob(connectionId)),
    tokenEndsIn(place, ms) {
      tokens.set(key(place), { version: tokenOf(key(place)).version, endsAt: now() + ms });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(stub, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return stub;
}

function paged(items: readonly object[], url: URL): [number, unknown] {
  const limit = Number(url.searchParams.get('limit') ?? 20);
  const offset = Number(url.searchParams.get('offset') ?? 0);
  const data = items.slice(offset, offset + limit);
  return [200, { data, next: data.length > 0 ? 'more' : '', previous: '' }];
}
