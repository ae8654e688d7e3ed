/** Every route of the emulator keeps to Airbyte's document, and the check itself finds what is wrong. */
import { describe, expect, it } from 'vitest';
import { airbyteDocumentMissing, checkExchange } from '../../support/airbyte-openapi.ts';
import { connection, POSTGRES, pair, startSession, workspace } from './session.ts';

const id = '11111111-1111-4111-8111-111111111111';

describe.skipIf(airbyteDocumentMissing !== undefined)('the document of Airbyte', () => {
  it('is kept by every operation that the emulator has', async () => {
    await using session = await startSession();
    const { must } = session;
    const application = (await must('POST', '/applications', { body: { name: 'a' } })).body;
    const { clientId: client_id, clientSecret: client_secret } = application;
    const grant = { client_id, client_secret, grant_type: 'client_credentials' };
    await must('GET', '/health');
    await must('POST', '/applications/token', { body: grant });
    await must('GET', '/applications');
    await must('GET', `/applications/${application.id}`);
    await must('DELETE', `/applications/${application.id}`);
    const ids = await pair(session);
    const { workspaceId, sourceId, destinationId } = ids;
    await must('GET', '/workspaces');
    await must('GET', `/workspaces/${workspaceId}`);
    await must('PATCH', `/workspaces/${workspaceId}`, { body: { name: 'b' } });
    const { destinationType: _type, ...warehouse } = POSTGRES;
    for (const [path, configuration] of [
      [`/sources/${sourceId}`, {}],
      [`/destinations/${destinationId}`, warehouse],
    ] as const) {
      await must('GET', path);
      await must('PATCH', path, { body: { name: 'b' } });
      await must('PUT', path, { body: { name: 'c', configuration } });
    }
    await must('GET', '/sources');
    await must('GET', '/destinations');
    await must('GET', '/streams', { query: { sourceId } });
    const tag = (await must('POST', '/tags', { body: { name: 't', color: 'ABCDEF', workspaceId } })).body;
    await must('GET', '/tags');
    await must('GET', `/tags/${tag.tagId}`);
    await must('PATCH', `/tags/${tag.tagId}`, { body: { name: 'u', color: 'ABCDEF' } });
    const { connectionId } = await connection(session, ids, {
      tags: [tag],
      schedule: { scheduleType: 'cron', cronExpression: '0 7 * * * ?' },
    });
    await must('GET', '/connections');
    await must('GET', `/connections/${connectionId}`);
    await must('PATCH', `/connections/${connectionId}`, { body: { prefix: 'p_' } });
    const { jobId } = (await must('POST', '/jobs', { body: { connectionId, jobType: 'sync' } })).body;
    await must('GET', '/jobs');
    await must('GET', `/jobs/${jobId}`);
    await must('DELETE', `/jobs/${jobId}`);
    await must('DELETE', `/tags/${tag.tagId}`);
    await must('DELETE', `/connections/${connectionId}`);
    await must('DELETE', `/sources/${sourceId}`);
    await must('DELETE', `/destinations/${destinationId}`);
    await must('DELETE', `/workspaces/${await workspace(session, 'gone')}`);
    expect(session.operations.size).toBe(38);
    expect([...session.operations].filter((name) => name.includes(' '))).toEqual([]);
  });

  it.each([
    [
      'an unknown path',
      { method: 'get', path: '/nope', status: 200 },
      'request: the document has no get /nope',
    ],
    [
      'a limit over 100',
      { method: 'get', path: '/tags', query: { limit: 101 }, status: 200, responseBody: { data: [] } },
      'request: query parameter limit is not in the document',
    ],
    [
      'a bad number',
      { method: 'get', path: '/jobs', query: { limit: '101' }, status: 403 },
      'request: query parameter limit must be <= 100',
    ],
    [
      'a path id that is no UUID',
      { method: 'get', path: '/sources/x', status: 404 },
      'request: path parameter sourceId must match format "UUID"',
    ],
    [
      'a missing field',
      { method: 'post', path: '/jobs', requestBody: { jobType: 'sync' }, status: 400 },
      "request must have required property 'connectionId'",
    ],
    [
      'an unknown field',
      {
        method: 'post',
        path: '/connections',
        requestBody: { sourceId: id, destinationId: id, namspace: 1 },
        status: 400,
      },
      'request/namspace is not in the document',
    ],
    [
      'a deep wrong value',
      {
        method: 'post',
        path: '/connections',
        requestBody: { sourceId: id, destinationId: id, configurations: { streams: [{}] } },
        status: 400,
      },
      "request/configurations/streams/0 must have required property 'name'",
    ],
    ['a missing body', { method: 'post', path: '/tags', status: 400 }, 'request: the body is missing'],
    [
      'an undocumented status',
      { method: 'delete', path: `/tags/${id}`, status: 200 },
      'response: status 200 is not in the document',
    ],
    [
      'an answer of another shape',
      { method: 'get', path: '/tags', status: 200, responseBody: [] },
      'response must be object',
    ],
    [
      'an answer with an unknown field',
      { method: 'get', path: '/tags', status: 200, responseBody: { data: [], more: 1 } },
      'response/more is not in the document',
    ],
  ])('shows %s', (_name, exchange, line) => {
    expect(checkExchange(exchange)).toContain(line);
  });
});
