/** Airbyte's GitHub source: https://docs.github.com/en/rest. */
import {
  type JsonObject,
  objectAt,
  type SourceDefinition,
  type StreamRequest,
  textAt,
} from './definition.ts';

function repositories(configuration: JsonObject): readonly string[] {
  const names = configuration.repositories;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function perRepository(
  suffix: string,
  query: Readonly<Record<string, string>>,
): (configuration: JsonObject) => readonly StreamRequest[] {
  return (configuration) =>
    repositories(configuration).map((repository) => ({
      method: 'GET',
      path: `/repos/${repository}${suffix}`,
      query,
      records: [],
      next: { rule: suffix === '' ? 'none' : 'link' },
      add: suffix === '' ? {} : { repository },
    }));
}

const item = {
  repository: 'string',
  id: 'integer',
  node_id: 'string',
  number: 'integer',
  title: 'string',
  state: 'string',
  body: 'string',
  user: 'json',
  labels: 'json',
  assignees: 'json',
  html_url: 'string',
  created_at: 'timestamp',
  updated_at: 'timestamp',
  closed_at: 'timestamp',
} as const;

export const github: SourceDefinition = {
  name: 'github',
  definitionId: 'ef69ef6e-aa7f-4af1-a01d-ef775033524e',
  configuration: {
    required: ['credentials', 'repositories'],
    fields: {
      credentials: {
        type: 'oneOf',
        discriminator: 'option_title',
        variants: {
          'OAuth Credentials': {
            fields: {
              access_token: { type: 'string', secret: true },
              client_id: { type: 'string', secret: true },
              client_secret: { type: 'string', secret: true },
            },
            required: ['access_token'],
          },
          'PAT Credentials': {
            fields: { personal_access_token: { type: 'string', secret: true } },
            required: ['personal_access_token'],
          },
        },
      },
      repositories: {
        type: 'array',
        minItems: 1,
        items: { type: 'string', pattern: /^[\w.-]+\/(([\w.-]*\*)|[\w.-]+(?<!\.git))$/ },
      },
      branches: { type: 'array', items: { type: 'string' } },
      api_url: { type: 'string' },
      max_waiting_time: { type: 'integer', minimum: 1, maximum: 60 },
      start_date: {
        type: 'string',
        format: 'date-time',
        pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/,
      },
    },
  },
  headers: (configuration: JsonObject) => {
    const credentials = objectAt(configuration, 'credentials');
    const token = textAt(credentials, 'access_token') || textAt(credentials, 'personal_access_token');
    return { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' };
  },
  streams: () => [
    {
      name: 'issues',
      columns: { ...item, comments: 'integer', pull_request: 'json', milestone: 'json' },
      primaryKey: [['id']],
      cursor: 'updated_at',
      requests: perRepository('/issues', { state: 'all', per_page: '100' }),
    },
    {
      name: 'pull_requests',
      columns: { ...item, draft: 'boolean', merged_at: 'timestamp', head: 'json', base: 'json' },
      primaryKey: [['id']],
      cursor: 'updated_at',
      requests: perRepository('/pulls', { state: 'all', per_page: '100' }),
    },
    {
      name: 'repositories',
      columns: {
        id: 'integer',
        node_id: 'string',
        name: 'string',
        full_name: 'string',
        private: 'boolean',
        owner: 'json',
        description: 'string',
        default_branch: 'string',
        html_url: 'string',
        created_at: 'timestamp',
        updated_at: 'timestamp',
        pushed_at: 'timestamp',
      },
      primaryKey: [['id']],
      cursor: 'updated_at',
      requests: perRepository('', {}),
    },
  ],
};
