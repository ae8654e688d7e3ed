/** Workspaces and tags. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connection, pair, type Session, startSession, workspace } from './session.ts';

let session: Session;
beforeEach(async () => {
  session = await startSession();
});
afterEach(() => session[Symbol.asyncDispose]());

describe('workspaces', () => {
  it('can be made, read, renamed and listed', async () => {
    const id = await workspace(session, 'one');
    await session.must('PATCH', `/workspaces/${id}`, { body: { name: 'two' } });
    expect((await session.must('GET', `/workspaces/${id}`)).body.name).toBe('two');
    const listed = (await session.must('GET', '/workspaces', { query: { workspaceIds: id } })).body.data;
    expect(listed).toHaveLength(1);
  });

  it('take everything in them along when they are deleted', async () => {
    const ids = await pair(session);
    const { connectionId } = await connection(session, ids);
    expect((await session.call('DELETE', `/workspaces/${ids.workspaceId}`)).status).toBe(204);
    for (const path of ['workspaces', 'sources', 'destinations', 'connections']) {
      expect((await session.must('GET', `/${path}`)).body.data).toEqual([]);
      const all = await session.must('GET', `/${path}`, { query: { includeDeleted: 'true' } });
      expect(all.body.data).toHaveLength(1);
    }
    expect((await session.call('GET', `/sources/${ids.sourceId}`)).status).toBe(404);
    expect((await session.must('GET', `/connections/${connectionId}`)).body.status).toBe('deprecated');
    expect((await session.call('DELETE', `/workspaces/${ids.workspaceId}`)).status).toBe(404);
  });
});

describe('tags', () => {
  it('are unique by name in a workspace and free in another', async () => {
    const workspaceId = await workspace(session);
    const other = await workspace(session, 'other');
    const body = { name: 'tenantry', color: '75DCFF', workspaceId };
    const { tagId } = (await session.must('POST', '/tags', { body })).body;
    expect((await session.call('POST', '/tags', { body })).status).toBe(409);
    await session.must('POST', '/tags', { body: { ...body, workspaceId: other } });
    const listed = await session.must('GET', '/tags', { query: { workspaceIds: workspaceId } });
    expect(listed.body.data).toEqual([{ tagId, ...body }]);
    const second = (await session.must('POST', '/tags', { body: { ...body, name: 'b' } })).body;
    const rename = { body: { name: 'tenantry', color: 'FFFFFF' } };
    expect((await session.call('PATCH', `/tags/${second.tagId}`, rename)).status).toBe(409);
    expect((await session.must('PATCH', `/tags/${tagId}`, rename)).body.color).toBe('FFFFFF');
  });

  it('refuse long names and other spellings of a colour', async () => {
    const workspaceId = await workspace(session);
    for (const wrong of [{ name: 'x'.repeat(31) }, { color: '#75DCFF' }, { name: '' }]) {
      const body = { name: 'a', color: '75DCFF', workspaceId, ...wrong };
      expect((await session.call('POST', '/tags', { body })).status).toBe(400);
    }
  });

  it('are worn by connections, show their new name, and fall off when deleted', async () => {
    const ids = await pair(session);
    const { workspaceId } = ids;
    const tag = (await session.must('POST', '/tags', { body: { name: 'a', color: '75DCFF', workspaceId } }))
      .body;
    const made = await connection(session, ids, { tags: [tag] });
    expect(made.tags).toEqual([tag]);
    await session.must('PATCH', `/tags/${tag.tagId}`, { body: { name: 'b', color: '75DCFF' } });
    const read = async () => (await session.must('GET', `/connections/${made.connectionId}`)).body.tags;
    expect(await read()).toEqual([{ ...tag, name: 'b' }]);
    const found = await session.must('GET', '/connections', { query: { tagIds: tag.tagId } });
    expect(found.body.data).toHaveLength(1);
    await session.must('DELETE', `/tags/${tag.tagId}`);
    expect(await read()).toEqual([]);
    expect((await session.call('GET', `/tags/${tag.tagId}`)).status).toBe(404);
  });

  it('of another workspace are refused', async () => {
    const ids = await pair(session);
    const elsewhere = await workspace(session, 'other');
    const body = { name: 'a', color: '75DCFF', workspaceId: elsewhere };
    const tag = (await session.must('POST', '/tags', { body })).body;
    const { sourceId, destinationId } = ids;
    const refused = await session.call('POST', '/connections', {
      body: { sourceId, destinationId, tags: [tag] },
    });
    expect(refused.status).toBe(400);
  });
});
