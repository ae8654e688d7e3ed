/** Airbyte's Jira source: https://developer.atlassian.com/cloud/jira/platform/rest/v3. */
import { type JsonObject, type SourceDefinition, type StreamRequest, textAt } from './definition.ts';

const SIZE = 50;

function offset(path: string, records: readonly string[], query: Record<string, string> = {}): StreamRequest {
  return {
    method: 'GET',
    path,
    query: { maxResults: String(SIZE), ...query },
    records,
    next: { rule: 'offset', to: 'startAt', size: SIZE },
  };
}

function issues(configuration: JsonObject): readonly StreamRequest[] {
  const projects = Array.isArray(configuration.projects) ? configuration.projects : [];
  const jql = `${projects.length > 0 ? `project in (${projects.join(',')}) ` : ''}ORDER BY updated ASC`;
  const query = { jql, fields: '*all' };
  const lift = { created: ['fields', 'created'], updated: ['fields', 'updated'] };
  return [
    {
      ...offset('/rest/api/3/search/jql', ['issues'], query),
      next: { rule: 'cursor', from: ['nextPageToken'], to: 'nextPageToken', in: 'query' },
      lift,
      fallback: { ...offset('/rest/api/3/search', ['issues'], query), lift },
    },
  ];
}

export const jira: SourceDefinition = {
  name: 'jira',
  definitionId: '68e63de2-bb83-4c7e-93fa-a8a9051e3993',
  configuration: {
    required: ['api_token', 'domain', 'email'],
    fields: {
      api_token: { type: 'string', secret: true },
      domain: { type: 'string' },
      email: { type: 'string' },
      projects: { type: 'array', items: { type: 'string' } },
      lookback_window_minutes: { type: 'integer', minimum: 0, maximum: 576_000 },
      num_workers: { type: 'integer', minimum: 1, maximum: 40 },
      start_date: {
        type: 'string',
        format: 'date-time',
        pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/,
      },
    },
  },
  headers: (configuration: JsonObject) => {
    const pair = `${textAt(configuration, 'email')}:${textAt(configuration, 'api_token')}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  },
  streams: () => [
    {
      name: 'issues',
      columns: {
        id: 'string',
        key: 'string',
        self: 'string',
        expand: 'string',
        fields: 'json',
        created: 'timestamp',
        updated: 'timestamp',
      },
      primaryKey: [['id']],
      cursor: 'updated',
      requests: issues,
    },
    {
      name: 'projects',
      columns: {
        id: 'string',
        key: 'string',
        name: 'string',
        self: 'string',
        projectTypeKey: 'string',
        style: 'string',
        isPrivate: 'boolean',
        lead: 'json',
        avatarUrls: 'json',
      },
      primaryKey: [['id']],
      requests: () => [offset('/rest/api/3/project/search', ['values'])],
    },
    {
      name: 'users',
      columns: {
        accountId: 'string',
        accountType: 'string',
        displayName: 'string',
        emailAddress: 'string',
        active: 'boolean',
        self: 'string',
        timeZone: 'string',
        avatarUrls: 'json',
      },
      primaryKey: [['accountId']],
      requests: () => [offset('/rest/api/3/users', [])],
    },
  ],
};
