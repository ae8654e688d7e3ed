/** Jobs that fail on demand, told as Airbyte tells of them: by their status, and by no reason. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DevAirbyteJob } from '../../../src/dev/airbyte/server.ts';
import { type DevPostgres, startDevPostgres } from '../../../src/dev/postgres.ts';
import { type DevSaas, startDevSaas } from '../../../src/dev/saas/server.ts';
import {
  type Answer,
  connection,
  destination,
  type Session,
  source,
  startSession,
  workspace,
} from './session.ts';

let postgres: DevPostgres;
let saas: DevSaas;
let session: Session;
let connectionId: string;
let jobs: DevAirbyteJob[] = [];
let clock = Date.UTC(2026, 2, 1, 12);

beforeAll(async () => {
  postgres = await startDevPostgres();
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  await database.query('CREATE SCHEMA acme');
  await database.end();
  saas = await startDevSaas({
    introspect: async () => ({ active: false }),
    staticTokens: [{ integration: 'notion', token: 'good', tenant: 'acme' }],
  });
  session = await startSession({ saas: saas.urls, now: () => clock, onJob: (job) => jobs.push(job) });
  const workspaceId = await workspace(session);
  const credentials = { auth_type: 'token', token: 'good' };
  const ids = {
    workspaceId,
    sourceId: await source(session, workspaceId, { sourceType: 'notion', credentials }),
    destinationId: await destination(session, workspaceId, {
      destinationType: 'postgres',
      host: postgres.host,
      port: postgres.port,
      database: postgres.database,
      schema: 'acme',
      username: postgres.user,
      password: postgres.password,
    }),
  };
  const configurations = { streams: [{ name: 'users', syncMode: 'full_refresh_overwrite' }] };
  connectionId = (await connection(session, ids, { configurations })).connectionId;
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await saas.close();
  await postgres.close();
});
beforeEach(() => {
  jobs = [];
  saas.faults('notion').reset();
  session.airbyte.faults.reset();
});

async function start(): Promise<number> {
  return (await session.must('POST', '/jobs', { body: { connectionId, jobType: 'sync' } })).body.jobId;
}

async function read(jobId: number): Promise<Answer['body']> {
  return (await session.must('GET', `/jobs/${jobId}`)).body;
}

async function reached(jobId: number, status: string): Promise<Answer['body']> {
  await vi.waitFor(async () => expect((await read(jobId)).status).toBe(status), {
    timeout: 10_000,
    interval: 5,
  });
  return await read(jobId);
}

const faults = () => session.airbyte.faults;
/** All that JobResponse of Airbyte's document has. */
const FIELDS = [
  'bytesSynced',
  'connectionId',
  'duration',
  'jobId',
  'jobType',
  'lastUpdatedAt',
  'rowsSynced',
  'startTime',
  'status',
];

describe('a job', () => {
  it('that fails on demand tells no more than that, and the next one runs', async () => {
    faults().nextJobs(1, { kind: 'fail', reason: 'KeyError: canary' }, connectionId);
    const failed = await reached(await start(), 'failed');
    expect(Object.keys(failed).toSorted()).toEqual(FIELDS);
    expect(JSON.stringify(failed)).not.toContain('canary');
    expect(jobs.at(-1)?.error).toBe('KeyError: canary');
    expect((await reached(await start(), 'succeeded')).rowsSynced).toBeGreaterThan(0);
  });

  it('that is stuck runs without a row until it is cancelled, and holds its connection', async () => {
    faults().nextJobs(1, { kind: 'stuck' });
    const jobId = await start();
    await reached(jobId, 'running');
    clock += 10 * 3_600_000;
    const stuck = await read(jobId);
    expect(stuck).toMatchObject({ status: 'running', rowsSynced: 0 });
    expect(stuck.lastUpdatedAt).toBeUndefined();
    expect((await session.call('POST', '/jobs', { body: { connectionId, jobType: 'sync' } })).status).toBe(
      409,
    );
    expect((await session.must('DELETE', `/jobs/${jobId}`)).body.status).toBe('cancelled');
    await reached(await start(), 'succeeded');
    expect((await read(jobId)).status).toBe('cancelled');
  });

  it('of which an attempt fails is incomplete, still under way, and goes on', async () => {
    let begin = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      begin = resolve;
    });
    faults().nextJobs(1, { kind: 'incomplete', until });
    const jobId = await start();
    expect((await reached(jobId, 'incomplete')).lastUpdatedAt).toBeUndefined();
    expect((await session.must('GET', '/jobs', { query: { status: 'incomplete' } })).body.data).toHaveLength(
      1,
    );
    expect((await session.call('POST', '/jobs', { body: { connectionId, jobType: 'sync' } })).status).toBe(
      409,
    );
    begin();
    await reached(jobId, 'succeeded');
    expect(jobs.map(({ status }) => status)).toEqual([
      'pending',
      'running',
      'incomplete',
      'running',
      'succeeded',
    ]);
  });

  it('is cancelled while an attempt is awaited', async () => {
    faults().nextJobs(1, { kind: 'incomplete', until: new Promise(() => undefined) });
    const jobId = await start();
    await reached(jobId, 'incomplete');
    await session.must('DELETE', `/jobs/${jobId}`);
    await reached(await start(), 'succeeded');
    expect((await read(jobId)).status).toBe('cancelled');
  });

  it('has a fault that is meant for another connection not', async () => {
    faults().nextJobs(1, { kind: 'stuck' }, '11111111-1111-4111-8111-111111111111');
    await reached(await start(), 'succeeded');
  });

  it('fails at once on a rate limit that lasts, and waits for one that does not', async () => {
    saas.faults('notion').failNext(1, 429, { 'retry-after': '3600' });
    await reached(await start(), 'failed');
    expect(jobs.at(-1)?.error).toBe('notion answers 429 to GET /v1/users');
    expect(saas.faults('notion').calls()).toBe(1);
    saas.faults('notion').failNext(1, 429, { 'retry-after': '0' });
    await reached(await start(), 'succeeded');
    const later = String(Math.ceil(Date.now() / 1000) + 3_600);
    saas.faults('notion').failNext(1, 429, { 'x-ratelimit-reset': later });
    await reached(await start(), 'failed');
  });
});

describe('the API', () => {
  const ask = () => fetch(`${session.airbyte.url}/jobs`, { headers: { authorization: 'Bearer test-key' } });

  it('refuses with 429 and the time to wait as often as is asked for', async () => {
    faults().limitNext(1, 30);
    const limited = await ask();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '30']);
    expect((await ask()).status).toBe(200);
  });

  it('is out until the outage ends; jobs go on meanwhile', async () => {
    const jobId = await start();
    faults().outage(503);
    expect((await ask()).status).toBe(503);
    faults().outage(false);
    expect((await ask()).status).toBe(200);
    await reached(jobId, 'succeeded');
  });
});

it('a job that is stuck when the emulator ends has failed, and does not hold it up', async () => {
  const closing = await startSession();
  const workspaceId = await workspace(closing);
  const ids = {
    workspaceId,
    sourceId: await source(closing, workspaceId),
    destinationId: await destination(closing, workspaceId),
  };
  const made = await connection(closing, ids);
  closing.airbyte.faults.nextJobs(1, { kind: 'stuck' });
  await closing.must('POST', '/jobs', { body: { connectionId: made.connectionId, jobType: 'sync' } });
  await expect(closing[Symbol.asyncDispose]()).resolves.toBeUndefined();
});
