/** Airbyte's Notion source: https://developers.notion.com/reference. */
import {
  type JsonObject,
  objectAt,
  type SourceDefinition,
  type StreamRequest,
  textAt,
} from './definition.ts';

function search(object: 'page' | 'database'): StreamRequest {
  return {
    method: 'POST',
    path: '/v1/search',
    body: { filter: { property: 'object', value: object }, page_size: 100 },
    records: ['results'],
    next: { rule: 'cursor', from: ['next_cursor'], to: 'start_cursor', in: 'body' },
  };
}

const changes = {
  object: 'string',
  id: 'string',
  created_time: 'timestamp',
  last_edited_time: 'timestamp',
  created_by: 'json',
  last_edited_by: 'json',
  archived: 'boolean',
  in_trash: 'boolean',
  parent: 'json',
  icon: 'json',
  cover: 'json',
  properties: 'json',
  url: 'string',
  public_url: 'string',
} as const;

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
    {
      name: 'pages',
      columns: changes,
      primaryKey: [['id']],
      cursor: 'last_edited_time',
      requests: () => [search('page')],
    },
    {
      name: 'databases',
      columns: { ...changes, title: 'json', description: 'json', is_inline: 'boolean' },
      primaryKey: [['id']],
      cursor: 'last_edited_time',
      requests: () => [search('database')],
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
      requests: () => [
        {
          method: 'GET',
          path: '/v1/users',
          query: { page_size: '100' },
          records: ['results'],
          next: { rule: 'cursor', from: ['next_cursor'], to: 'start_cursor', in: 'query' },
        },
      ],
    },
  ],
};
