/** Airbyte's Jira source: https://developer.atlassian.com/cloud/jira/platform/rest/v3. */
import {
  isObject,
  isSince,
  type Json,
  type JsonObject,
  objectAt,
  type SourceDefinition,
  type Stream,
  type StreamRequest,
  textAt,
  textsAt,
} from './definition.ts';

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

/** Is it a project that the configuration asks for? None named means all. */
function isWanted(configuration: JsonObject, project: string): boolean {
  const wanted = textsAt(configuration, 'projects');
  return wanted.length === 0 || wanted.includes(project);
}

/** https://support.atlassian.com/jira-software-cloud/docs/jql-fields: a time in JQL has no seconds. */
function jqlOf(configuration: JsonObject): string {
  const projects = textsAt(configuration, 'projects');
  const start = Date.parse(textAt(configuration, 'start_date'));
  const conditions = [
    ...(projects.length > 0 ? [`project in (${projects.join(',')})`] : []),
    ...(Number.isNaN(start)
      ? []
      : [
          `updated >= '${new Date(start).toISOString().slice(0, 16).replace('T', ' ').replaceAll('-', '/')}'`,
        ]),
  ];
  return [conditions.join(' AND '), 'ORDER BY updated ASC'].filter((part) => part !== '').join(' ');
}

const issues: Stream = {
  name: 'issues',
  columns: {
    id: 'string',
    key: 'string',
    self: 'string',
    expand: 'string',
    projectId: 'string',
    projectKey: 'string',
    fields: 'json',
    created: 'timestamp',
    updated: 'timestamp',
  },
  primaryKey: [['id']],
  cursor: 'updated',
  requests(configuration) {
    const query = { jql: jqlOf(configuration), fields: '*all' };
    return [
      {
        ...offset('/rest/api/3/search/jql', ['issues'], query),
        next: { rule: 'cursor', from: ['nextPageToken'], to: 'nextPageToken', in: 'query' },
        transform: issueRow,
        fallback: { ...offset('/rest/api/3/search', ['issues'], query), transform: issueRow },
      },
    ];
  },
};

function issueRow(record: Json): JsonObject | undefined {
  if (!isObject(record)) return undefined;
  const fields = objectAt(record, 'fields');
  const { id = null, key = null } = objectAt(fields, 'project');
  const { created = null, updated = null } = fields;
  return { ...record, projectId: id, projectKey: key, created, updated };
}

const issueComments: Stream = {
  name: 'issue_comments',
  columns: {
    id: 'string',
    issueId: 'string',
    self: 'string',
    author: 'json',
    updateAuthor: 'json',
    body: 'json',
    created: 'timestamp',
    updated: 'timestamp',
  },
  primaryKey: [['id']],
  cursor: 'updated',
  parent: issues,
  requests(configuration, issue) {
    const issueId = textAt(issue, 'id');
    return [
      {
        ...offset(`/rest/api/3/issue/${encodeURIComponent(issueId)}/comment`, ['comments']),
        transform: (record) =>
          isObject(record) && isSince(configuration, record, 'updated') ? { ...record, issueId } : undefined,
      },
    ];
  },
};

const boards: Stream = {
  name: 'boards',
  columns: {
    id: 'integer',
    name: 'string',
    type: 'string',
    self: 'string',
    projectId: 'string',
    projectKey: 'string',
    location: 'json',
  },
  primaryKey: [['id']],
  requests: (configuration) => [
    {
      ...offset('/rest/agile/1.0/board', ['values']),
      transform: (record) => {
        if (!isObject(record)) return undefined;
        const { projectId = null, projectKey = null } = objectAt(record, 'location');
        const row = { ...record, projectId, projectKey };
        return isWanted(configuration, textAt(row, 'projectKey')) ? row : undefined;
      },
    },
  ],
};

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
    boards,
    issues,
    issueComments,
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
      requests: (configuration) => [
        {
          ...offset('/rest/api/3/project/search', ['values']),
          transform: (record) =>
            isObject(record) && isWanted(configuration, textAt(record, 'key')) ? record : undefined,
        },
      ],
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
