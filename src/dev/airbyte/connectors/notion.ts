/** Airbyte's Notion source: https://developers.notion.com/reference. */
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
} from './definition.ts';

const EDITED = 'last_edited_time';

/** Leaves out what was edited before `start_date`. Without one everything is kept; the real connector goes back two years. */
function edited(configuration: JsonObject): (record: Json) => JsonObject | undefined {
  return (record) => (isObject(record) && isSince(configuration, record, EDITED) ? record : undefined);
}

function search(object: 'page' | 'database'): (configuration: JsonObject) => readonly StreamRequest[] {
  return (configuration) => [
    {
      method: 'POST',
      path: '/v1/search',
      body: { filter: { property: 'object', value: object }, page_size: 100 },
      records: ['results'],
      next: { rule: 'cursor', from: ['next_cursor'], to: 'start_cursor', in: 'body' },
      transform: edited(configuration),
    },
  ];
}

function list(path: string): StreamRequest {
  return {
    method: 'GET',
    path,
    query: { page_size: '100' },
    records: ['results'],
    next: { rule: 'cursor', from: ['next_cursor'], to: 'start_cursor', in: 'query' },
  };
}

const changes = {
  object: 'string',
  id: 'string',
  created_time: 'timestamp',
  [EDITED]: 'timestamp',
  created_by: 'json',
  last_edited_by: 'json',
  archived: 'boolean',
  in_trash: 'boolean',
  parent: 'json',
} as const;

const content = {
  ...changes,
  icon: 'json',
  cover: 'json',
  properties: 'json',
  url: 'string',
  public_url: 'string',
} as const;

const BLOCK_TYPES = [
  ...['audio', 'bookmark', 'breadcrumb', 'bulleted_list_item', 'callout', 'code', 'column', 'column_list'],
  ...['divider', 'embed', 'equation', 'file', 'heading_1', 'heading_2', 'heading_3', 'image'],
  ...['link_preview', 'link_to_page', 'numbered_list_item', 'paragraph', 'pdf', 'quote', 'synced_block'],
  ...['table', 'table_of_contents', 'table_row', 'template', 'to_do', 'toggle', 'unsupported', 'video'],
];

/** The real connector leaves these out. */
const LEFT_OUT = new Set(['child_page', 'child_database', 'ai_block']);

const pages: Stream = {
  name: 'pages',
  columns: content,
  primaryKey: [['id']],
  cursor: EDITED,
  requests: search('page'),
};

export const notion: SourceDefinition = {
  name: 'notion',
  definitionId: '6e00b415-b02e-4160-bf02-58176a0ae687',
  configuration: {
    fields: {
      credentials: {
        type: 'oneOf',
        discriminator: 'auth_type',
        variants: {
          'OAuth2.0': {
            fields: {
              client_id: { type: 'string', secret: true },
              client_secret: { type: 'string', secret: true },
              access_token: { type: 'string', secret: true },
            },
            required: ['auth_type', 'client_id', 'client_secret', 'access_token'],
          },
          token: {
            fields: { token: { type: 'string', secret: true } },
            required: ['auth_type', 'token'],
          },
        },
      },
      start_date: {
        type: 'string',
        format: 'date-time',
        pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}Z$/,
      },
    },
  },
  headers: (configuration: JsonObject) => {
    const credentials = objectAt(configuration, 'credentials');
    const token = textAt(credentials, 'access_token') || textAt(credentials, 'token');
    return { authorization: `Bearer ${token}`, 'notion-version': '2022-06-28' };
  },
  streams: () => [
    pages,
    {
      name: 'databases',
      columns: { ...content, title: 'json', description: 'json', is_inline: 'boolean' },
      primaryKey: [['id']],
      cursor: EDITED,
      requests: search('database'),
    },
    {
      name: 'users',
      columns: {
        object: 'string',
        id: 'string',
        type: 'string',
        name: 'string',
        avatar_url: 'string',
        person: 'json',
        bot: 'json',
      },
      primaryKey: [['id']],
      requests: () => [list('/v1/users')],
    },
    {
      name: 'blocks',
      columns: {
        ...changes,
        type: 'string',
        has_children: 'boolean',
        ...Object.fromEntries(BLOCK_TYPES.map((type) => [type, 'json'] as const)),
      },
      primaryKey: [['id']],
      cursor: EDITED,
      parent: pages,
      requests: (configuration, page) => [
        {
          ...list(`/v1/blocks/${encodeURIComponent(textAt(page, 'id'))}/children`),
          transform: (record) => {
            const block = edited(configuration)(record);
            return block === undefined || LEFT_OUT.has(textAt(block, 'type')) ? undefined : block;
          },
        },
      ],
    },
  ],
};
