/** Jobs: started, listed, cancelled. */
import type { FastifyInstance } from 'fastify';
import type { JsonObject } from '../connectors/definition.ts';
import type { ById, ByQuery, Emulator } from '../emulator.ts';
import { objectBody, optionalUuid, page, uuid, uuids, word } from '../input.ts';
import { listPage } from '../listing.ts';
import { badRequest, conflict, notFound, tryAgainLater, unprocessable } from '../problem.ts';
import { isUnderWay, type Job, type JobType } from '../state.ts';
import { findConnection } from './connections.ts';

const TYPES = ['sync', 'reset', 'refresh', 'clear'] as const;
const STATUSES = ['pending', 'queued', 'running', 'incomplete', 'failed', 'succeeded', 'cancelled'] as const;

function seconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** ISO 8601, in whole seconds, e.g. PT1H2M3S. */
export function isoDuration(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [
    [Math.floor(total / 3600), 'H'],
    [Math.floor((total % 3600) / 60), 'M'],
    [total % 60, 'S'],
  ] as const;
  const text = parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('');
  return `PT${text === '' ? '0S' : text}`;
}

function show(job: Job): JsonObject {
  const started = job.status !== 'pending';
  return {
    jobId: job.jobId,
    status: job.status,
    // Airbyte calls a clear a reset when it is read.
    jobType: job.jobType === 'clear' ? 'reset' : job.jobType,
    startTime: seconds(job.createdAt),
    connectionId: job.connectionId,
    ...(isUnderWay(job.status) ? {} : { lastUpdatedAt: seconds(job.updatedAt) }),
    ...(started
      ? {
          duration: isoDuration(job.updatedAt - job.createdAt),
          bytesSynced: job.bytesSynced,
          rowsSynced: job.rowsSynced,
        }
      : {}),
  };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function range(query: ByQuery['Querystring'], name: string): Range {
  const time = (key: string, fallback: number): number => {
    const value = query[key];
    if (value === undefined) return fallback;
    const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(parsed)) throw badRequest(`${key} must be a date-time.`);
    return parsed;
  };
  return {
    start: time(`${name}Start`, Number.NEGATIVE_INFINITY),
    end: time(`${name}End`, Number.POSITIVE_INFINITY),
  };
}

function within(value: number, { start, end }: Range): boolean {
  return value >= start && value <= end;
}

/** `createdAt|DESC` and the like; the newest first when absent. */
function order(query: ByQuery['Querystring']): (left: Job, right: Job) => number {
  const value = query.orderBy ?? 'createdAt|DESC';
  const match = typeof value === 'string' ? /^(createdAt|updatedAt)\|(ASC|DESC)$/.exec(value) : null;
  if (match === null) throw badRequest('orderBy must be createdAt or updatedAt, then |ASC or |DESC.');
  const field = match[1] as 'createdAt' | 'updatedAt';
  const sign = match[2] === 'ASC' ? 1 : -1;
  return (left, right) => sign * (left[field] - right[field] || left.jobId - right.jobId);
}

export function jobRoutes(app: FastifyInstance, emulator: Emulator): void {
  const { state } = emulator;
  const find = (id: string): Job => {
    if (!/^\d+$/.test(id)) throw badRequest('jobId must be an integer.');
    const found = state.jobs.get(Number(id));
    if (found === undefined) throw notFound('job', id);
    return found;
  };

  app.post('/jobs', (request) => {
    const body = objectBody(request.body);
    const jobType = word(body.jobType, 'jobType', TYPES);
    if (jobType === undefined) throw badRequest(`jobType must be one of ${TYPES.join(', ')}.`);
    const connection = findConnection(state, uuid(body.connectionId, 'connectionId'));
    if (jobType === 'refresh') throw unprocessable('Refreshes are not supported in the public API');
    if (connection.status === 'deprecated') throw notFound('connection', connection.connectionId);
    if (jobType === 'sync' && connection.status !== 'active') {
      throw conflict('Can only sync an active connection');
    }
    if (state.running.has(connection.connectionId)) {
      throw tryAgainLater(`A job is already running for: ${connection.connectionId}`);
    }
    return show(emulator.jobs.start(connection, jobType as JobType));
  });
  app.get<ByQuery>('/jobs', (request) => {
    const { query } = request;
    const connectionId = optionalUuid(query.connectionId, 'connectionId');
    const jobType = word(query.jobType, 'jobType', TYPES);
    const status = word(query.status, 'status', STATUSES);
    const created = range(query, 'createdAt');
    const updated = range(query, 'updatedAt');
    const rows = [...state.jobs.list(uuids(query, 'workspaceIds'))].filter(
      (job) =>
        (connectionId === undefined || job.connectionId === connectionId) &&
        (jobType === undefined || show(job).jobType === jobType) &&
        (status === undefined || job.status === status) &&
        within(job.createdAt, created) &&
        within(job.updatedAt, updated),
    );
    return listPage(emulator, {
      rows: rows.sort(order(query)),
      keep: () => true,
      show,
      page: page(query),
      path: '/jobs',
      query,
    });
  });
  app.get<ById>('/jobs/:id', (request) => show(find(request.params.id)));
  app.delete<ById>('/jobs/:id', (request) => {
    const job = find(request.params.id);
    emulator.jobs.cancel(job);
    return show(job);
  });
}
