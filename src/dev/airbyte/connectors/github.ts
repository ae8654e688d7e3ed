/** Airbyte's GitHub source: https://docs.github.com/en/rest. */
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

const PAGE = { per_page: '100' };

function list(path: string, query: Readonly<Record<string, string>> = {}): StreamRequest {
  return { method: 'GET', path, query: { ...PAGE, ...query }, records: [], next: { rule: 'link' } };
}

/** What one of `repositories` stands for: a repository, or those of an owner that begin like `acme/infra-*`. */
function repositoryRequest(name: string): StreamRequest {
  if (!name.endsWith('*')) return { ...list(`/repos/${name}`), next: { rule: 'none' } };
  const owner = name.slice(0, name.indexOf('/'));
  const beginning = name.slice(0, -1).toLowerCase();
  const transform = (record: Json): JsonObject | undefined =>
    isObject(record) && textAt(record, 'full_name').toLowerCase().startsWith(beginning) ? record : undefined;
  // An owner is an organisation or a person.
  return {
    ...list(`/orgs/${owner}/repos`),
    transform,
    fallback: { ...list(`/users/${owner}/repos`), transform },
  };
}

const repositories: Stream = {
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
  requests: (configuration) => textsAt(configuration, 'repositories').map(repositoryRequest),
};

/** A stream that is read for each repository and goes by `updated_at`. */
function perRepository(stream: {
  readonly name: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly columns: Stream['columns'];
}): Stream {
  const { name, path, query, columns } = stream;
  return {
    name,
    columns,
    primaryKey: [['id']],
    cursor: 'updated_at',
    partition: 'repository',
    parent: repositories,
    requests(configuration, parent) {
      const repository = textAt(parent, 'full_name');
      return [
        {
          ...list(`/repos/${repository}${path}`, query),
          transform: (record) =>
            isObject(record) && isSince(configuration, record, 'updated_at')
              ? { ...record, repository }
              : undefined,
        },
      ];
    },
  };
}

/** Commits of the configured branches of a repository, else of its default branch. */
const commits: Stream = {
  name: 'commits',
  columns: {
    repository: 'string',
    branch: 'string',
    sha: 'string',
    node_id: 'string',
    html_url: 'string',
    commit: 'json',
    author: 'json',
    committer: 'json',
    parents: 'json',
    created_at: 'timestamp',
  },
  primaryKey: [['sha']],
  cursor: 'created_at',
  partition: 'repository',
  parent: repositories,
  requests(configuration, parent) {
    const repository = textAt(parent, 'full_name');
    const own = `${repository}/`;
    const named = textsAt(configuration, 'branches').filter((branch) => branch.startsWith(own));
    const branches = named.map((branch) => branch.slice(own.length));
    return (named.length > 0 ? branches : [textAt(parent, 'default_branch')]).map((branch) => ({
      ...list(`/repos/${repository}/commits`, branch === '' ? {} : { sha: branch }),
      transform: (record) => {
        if (!isObject(record)) return undefined;
        const created_at = textAt(objectAt(objectAt(record, 'commit'), 'author'), 'date');
        const row = { ...record, repository, branch, created_at };
        return isSince(configuration, row, 'created_at') ? row : undefined;
      },
    }));
  },
};

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
    perRepository({
      name: 'issues',
      path: '/issues',
      query: { state: 'all' },
      columns: { ...item, comments: 'integer', pull_request: 'json', milestone: 'json' },
    }),
    perRepository({
      name: 'pull_requests',
      path: '/pulls',
      query: { state: 'all' },
      columns: { ...item, draft: 'boolean', merged_at: 'timestamp', head: 'json', base: 'json' },
    }),
    perRepository({
      name: 'comments',
      path: '/issues/comments',
      query: {},
      columns: {
        repository: 'string',
        id: 'integer',
        node_id: 'string',
        user: 'json',
        body: 'string',
        html_url: 'string',
        issue_url: 'string',
        author_association: 'string',
        created_at: 'timestamp',
        updated_at: 'timestamp',
      },
    }),
    commits,
    repositories,
  ],
};
