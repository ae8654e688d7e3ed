/** Airbyte's Slack source: https://docs.slack.dev/reference/methods. */
import {
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type SourceDefinition,
  type StreamRequest,
  textAt,
} from './definition.ts';

function list(path: string, records: string, query: Readonly<Record<string, string>>): StreamRequest {
  return {
    method: 'GET',
    path,
    query: { limit: '100', ...query },
    records: [records],
    next: { rule: 'cursor', from: ['response_metadata', 'next_cursor'], to: 'cursor', in: 'query' },
  };
}

export const slack: SourceDefinition = {
  name: 'slack',
  definitionId: 'c2281cee-86f9-4a86-bb48-d23286b4c7bd',
  configuration: {
    required: ['start_date', 'lookback_window', 'join_channels'],
    fields: {
      credentials: {
        type: 'oneOf',
        discriminator: 'option_title',
        variants: {
          'Default OAuth2.0 authorization': {
            fields: {
              client_id: { type: 'string' },
              client_secret: { type: 'string', secret: true },
              access_token: { type: 'string', secret: true },
            },
            required: ['option_title', 'client_id', 'client_secret', 'access_token'],
          },
          'API Token Credentials': {
            fields: { api_token: { type: 'string', secret: true } },
            required: ['option_title', 'api_token'],
          },
        },
      },
      start_date: {
        type: 'string',
        format: 'date-time',
        pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/,
      },
      lookback_window: { type: 'integer', minimum: 0, maximum: 365 },
      join_channels: { type: 'boolean' },
      include_private_channels: { type: 'boolean' },
      channel_filter: { type: 'array', items: { type: 'string' } },
      channel_messages_window_size: { type: 'integer', minimum: 1, maximum: 100 },
      num_workers: { type: 'integer', minimum: 2, maximum: 10 },
    },
  },
  headers: (configuration: JsonObject) => {
    const credentials = objectAt(configuration, 'credentials');
    const token = textAt(credentials, 'access_token') || textAt(credentials, 'api_token');
    return { authorization: `Bearer ${token}` };
  },
  // Slack says no with status 200.
  failure: (answer: Json) =>
    isObject(answer) && answer.ok === false
      ? `Slack answers ok: false, error: ${textAt(answer, 'error')}`
      : undefined,
  streams: () => [
    {
      name: 'channels',
      columns: {
        id: 'string',
        name: 'string',
        is_channel: 'boolean',
        is_private: 'boolean',
        is_archived: 'boolean',
        is_general: 'boolean',
        is_member: 'boolean',
        created: 'integer',
        creator: 'string',
        num_members: 'integer',
        topic: 'json',
        purpose: 'json',
      },
      primaryKey: [['id']],
      requests: (configuration) => [
        list('/conversations.list', 'channels', {
          types:
            configuration.include_private_channels === true
              ? 'public_channel,private_channel'
              : 'public_channel',
        }),
      ],
    },
    {
      name: 'users',
      columns: {
        id: 'string',
        team_id: 'string',
        name: 'string',
        real_name: 'string',
        tz: 'string',
        deleted: 'boolean',
        is_bot: 'boolean',
        is_admin: 'boolean',
        updated: 'integer',
        profile: 'json',
      },
      primaryKey: [['id']],
      requests: () => [list('/users.list', 'members', {})],
    },
  ],
};
