/** Airbyte's Slack source: https://docs.slack.dev/reference/methods. */
import {
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type SourceDefinition,
  type Stream,
  type StreamRequest,
  textAt,
  textsAt,
} from './definition.ts';

type Transform = NonNullable<StreamRequest['transform']>;

function list(
  path: string,
  records: string,
  query: Readonly<Record<string, string>>,
  transform?: Transform,
): StreamRequest {
  return {
    method: 'GET',
    path,
    query: { limit: '100', ...query },
    records: [records],
    next: { rule: 'cursor', from: ['response_metadata', 'next_cursor'], to: 'cursor', in: 'query' },
    ...(transform === undefined ? {} : { transform }),
  };
}

const channels: Stream = {
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
  requests(configuration) {
    const withPrivate = configuration.include_private_channels === true;
    const types = withPrivate ? 'public_channel,private_channel' : 'public_channel';
    const names = textsAt(configuration, 'channel_filter');
    const chosen: Transform = (record) =>
      isObject(record) && (names.length === 0 || names.includes(textAt(record, 'name'))) ? record : undefined;
    return [list('/conversations.list', 'channels', { types }, chosen)];
  },
};

const channelMembers: Stream = {
  name: 'channel_members',
  columns: { member_id: 'string', channel_id: 'string' },
  primaryKey: [['member_id'], ['channel_id']],
  parent: channels,
  requests(_configuration, channel) {
    const channel_id = textAt(channel, 'id');
    const member: Transform = (member_id) => ({ member_id, channel_id });
    return [list('/conversations.members', 'members', { channel: channel_id }, member)];
  },
};

/** A message is known by its time in its channel. */
function inChannel(channel_id: string): Transform {
  return (record) =>
    isObject(record) ? { ...record, channel_id, float_ts: Number(textAt(record, 'ts')) } : undefined;
}

const message = {
  primaryKey: [['channel_id'], ['ts']],
  cursor: 'float_ts',
  partition: 'channel_id',
  columns: {
    channel_id: 'string',
    ts: 'string',
    float_ts: 'number',
    thread_ts: 'string',
    type: 'string',
    subtype: 'string',
    user: 'string',
    team: 'string',
    text: 'string',
    blocks: 'json',
    attachments: 'json',
    reactions: 'json',
    reply_count: 'integer',
    reply_users_count: 'integer',
    parent_user_id: 'string',
    latest_reply: 'string',
    bot_id: 'string',
  },
} as const;

const channelMessages: Stream = {
  ...message,
  name: 'channel_messages',
  parent: channels,
  requests(configuration, parent) {
    const channel = textAt(parent, 'id');
    const oldest = String(Date.parse(textAt(configuration, 'start_date')) / 1000);
    const query = { channel, oldest, inclusive: 'true' };
    return [list('/conversations.history', 'messages', query, inChannel(channel))];
  },
};

const threads: Stream = {
  ...message,
  name: 'threads',
  parent: channelMessages,
  // The real connector asks for every message; one without replies would only bring itself again.
  requests(_configuration, parent) {
    const channel = textAt(parent, 'channel_id');
    const ts = textAt(parent, 'ts');
    if (textAt(parent, 'thread_ts') !== ts) return [];
    return [list('/conversations.replies', 'messages', { channel, ts }, inChannel(channel))];
  },
};

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
    channels,
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
    channelMembers,
    channelMessages,
    threads,
  ],
};
