/** Connections: discovery, schedules, PATCH, deletion. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connection,
  destination,
  type Pair,
  pair,
  type Session,
  source,
  startSession,
  workspace,
} from './session.ts';

let session: Session;
let ids: Pair;
const discovered: string[] = [];
beforeEach(async () => {
  discovered.length = 0;
  session = await startSession({ onDiscover: ({ sourceType }) => void discovered.push(sourceType) });
  ids = await pair(session);
});
afterEach(() => session[Symbol.asyncDispose]());

const refuse = async (more: Record<string, unknown>) => {
  const { sourceId, destinationId } = ids;
  return session.call('POST', '/connections', { body: { sourceId, destinationId, ...more } });
};

describe('creating a connection', () => {
  it('takes all streams as full refresh where none are named', async () => {
    const made = await connection(session, ids);
    expect(
      made.configurations.streams.map((one: { name: string; syncMode: string }) => [one.name, one.syncMode]),
    ).toEqual([
      ['pages', 'full_refresh_overwrite'],
      ['databases', 'full_refresh_overwrite'],
      ['users', 'full_refresh_overwrite'],
      ['blocks', 'full_refresh_overwrite'],
    ]);
    expect(made).toMatchObject({
      status: 'active',
      schedule: { scheduleType: 'manual' },
      prefix: '',
      tags: [],
    });
    expect((await session.must('GET', `/connections/${made.connectionId}`)).body).toEqual(made);
  });

  it('fills in the cursor and the key that the source defines', async () => {
    const streams = [{ name: 'pages', syncMode: 'incremental_deduped_history' }];
    const made = await connection(session, ids, { configurations: { streams } });
    expect(made.configurations.streams).toEqual([
      { ...streams[0], cursorField: ['last_edited_time'], primaryKey: [['id']], mappers: [] },
    ]);
  });

  it('takes a missing sync mode as full refresh', async () => {
    const made = await connection(session, ids, { configurations: { streams: [{ name: 'users' }] } });
    expect(made.configurations.streams[0].syncMode).toBe('full_refresh_overwrite');
  });

  it('answers 400 with a readable reason to streams that do not fit the source', async () => {
    const cases: [unknown[], string][] = [
      [[{ name: 'nope' }], 'The list of valid streams include: [pages, databases, users, blocks]'],
      [[{ name: 'users' }, { name: 'users' }], 'Duplicate stream'],
      [[{ name: 'users', syncMode: 'incremental_append' }], 'Cannot set sync mode to incremental_append'],
      [
        [{ name: 'pages', syncMode: 'incremental_append', cursorField: ['url'] }],
        'already defined by source',
      ],
      [
        [{ name: 'pages', syncMode: 'incremental_deduped_history', primaryKey: [['url']] }],
        'already pre-defined',
      ],
      [[{ name: 'pages', selectedFields: [{ fieldPath: ['nope'] }] }], 'Invalid fields selected'],
    ];
    for (const [streams, message] of cases) {
      const { status, body } = await refuse({ configurations: { streams } });
      expect([status, body.detail]).toEqual([400, expect.stringContaining(message)]);
    }
  });

  it('needs a live source and destination of one workspace', async () => {
    const other = await workspace(session, 'other');
    const foreign = await destination(session, other);
    expect((await refuse({ destinationId: foreign })).status).toBe(400);
    expect((await refuse({ sourceId: '11111111-1111-4111-8111-111111111111' })).status).toBe(404);
    await session.must('DELETE', `/destinations/${ids.destinationId}`);
    expect((await refuse({})).status).toBe(404);
  });

  it('discovers in the request, once for each configuration of the source', async () => {
    await connection(session, ids);
    await connection(session, ids);
    expect(discovered).toEqual(['notion']);
    const change = { body: { configuration: { credentials: { token: 'new' } } } };
    await session.must('PATCH', `/sources/${ids.sourceId}`, change);
    await session.must('GET', '/streams', {
      query: { sourceId: ids.sourceId, destinationId: ids.destinationId },
    });
    expect(discovered).toEqual(['notion', 'notion']);
  });

  it('lets two connections write the same table, silently', async () => {
    const same = { namespaceDefinition: 'custom_format', namespaceFormat: 'x', prefix: 'p_' };
    await connection(session, ids, same);
    await connection(session, ids, same);
    expect((await session.must('GET', '/connections')).body.data).toHaveLength(2);
  });
});

describe('a schedule', () => {
  const cron = (cronExpression: string) => ({ schedule: { scheduleType: 'cron', cronExpression } });

  it('is Quartz with 6 or 7 fields, and reads back with UTC', async () => {
    for (const expression of ['0 15 * * * ?', '0 0 0/6 ? * MON-FRI', '0 5 3 1,15 * ? 2030', '7 30 4 L * ?']) {
      const made = await connection(session, ids, cron(expression));
      expect(made.schedule).toEqual({ scheduleType: 'cron', cronExpression: `${expression} UTC` });
      const again = { body: { schedule: made.schedule } };
      const patched = await session.must('PATCH', `/connections/${made.connectionId}`, again);
      expect(patched.body.schedule).toEqual(made.schedule);
    }
  });

  it('is refused where it is no Quartz expression or runs too often', async () => {
    const wrong = [
      '15 * * * *',
      '0 61 * * * ?',
      '* 15 * * * ?',
      '0 15 * * * *',
      '0 15 * ? * ?',
      '0 * 1 * * ? 2030',
      '',
    ];
    for (const expression of wrong) expect((await refuse(cron(expression))).status, expression).toBe(400);
    expect((await refuse({ schedule: { scheduleType: 'cron' } })).status).toBe(400);
    expect((await refuse({ schedule: { scheduleType: 'basic' } })).status).toBe(400);
  });
});

describe('changing a connection', () => {
  const streams = [{ name: 'users', syncMode: 'full_refresh_append' }];

  it('by PATCH keeps what is not named, but resets the streams when they are not named', async () => {
    const made = await connection(session, ids, { prefix: 'p_', configurations: { streams } });
    const path = `/connections/${made.connectionId}`;
    const configurations = { streams };
    const kept = (await session.must('PATCH', path, { body: { status: 'inactive', configurations } })).body;
    expect([kept.prefix, kept.status, kept.configurations.streams.length]).toEqual(['p_', 'inactive', 1]);
    const reset = (await session.must('PATCH', path, { body: { name: 'renamed' } })).body;
    expect([reset.name, reset.configurations.streams.length]).toEqual(['renamed', 4]);
  });

  it('has no PUT, and a mistake changes nothing', async () => {
    const made = await connection(session, ids);
    const path = `/connections/${made.connectionId}`;
    const put = await fetch(`${session.airbyte.url}${path}`, {
      method: 'PUT',
      headers: { authorization: 'Bearer test-key' },
    });
    expect(put.status).toBe(405);
    const wrong = { name: 'new', schedule: { scheduleType: 'cron', cronExpression: 'x' } };
    expect((await session.call('PATCH', path, { body: wrong })).status).toBe(400);
    expect((await session.must('GET', path)).body).toEqual(made);
  });

  it('answers 409 where it is locked or deleted', async () => {
    const locked = await connection(session, ids, { status: 'locked' });
    const path = `/connections/${locked.connectionId}`;
    expect((await session.call('PATCH', path, { body: { name: 'x' } })).status).toBe(409);
    await session.must('DELETE', path);
    expect((await session.call('PATCH', path, { body: { name: 'x' } })).status).toBe(409);
  });
});

describe('deleting', () => {
  it('a connection is soft: it is left out of lists and reads as deprecated', async () => {
    const { connectionId } = await connection(session, ids);
    expect((await session.call('DELETE', `/connections/${connectionId}`)).status).toBe(204);
    expect((await session.must('GET', '/connections')).body.data).toEqual([]);
    const all = await session.must('GET', '/connections', { query: { includeDeleted: 'true' } });
    expect(all.body.data[0].status).toBe('deprecated');
    expect((await session.call('DELETE', `/connections/${connectionId}`)).status).toBe(204);
  });

  it('a source or a destination takes its connections along, and no others', async () => {
    const other = { ...ids, sourceId: await source(session, ids.workspaceId) };
    await connection(session, ids);
    const kept = await connection(session, other);
    await session.must('DELETE', `/sources/${ids.sourceId}`);
    const left = (await session.must('GET', '/connections')).body.data;
    expect(left.map((one: { connectionId: string }) => one.connectionId)).toEqual([kept.connectionId]);
    await session.must('DELETE', `/destinations/${ids.destinationId}`);
    expect((await session.must('GET', '/connections')).body.data).toEqual([]);
  });
});
