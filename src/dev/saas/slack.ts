/** Fake Slack Web API (https://docs.slack.dev/apis/web-api): errors come with status 200. */
import type { FastifyRequest } from 'fastify';
import { slackId } from '../idp/tenant-facts.ts';
import { type SlackMessage, slackMessages, slackThread, slackWorkspace } from './slack-data.ts';
import { fieldsOf, sizeField, textField, type VendorApi } from './vendor-api.ts';

type Fields = Record<string, unknown>;
type Method = (tenant: string, fields: Fields) => unknown;

const MOST = 1000;

export const slackApi: VendorApi = {
  integration: 'slack',
  refuse: (reply, missing) => reply.code(200).send(fail(missing ? 'not_authed' : 'invalid_auth')),
  tokenOf: (request: FastifyRequest) => textField(fieldsOf(request).token),
  headers: (request) => ({ 'x-oauth-scopes': request.scopes.join(',') }),
  routes(api) {
    for (const [name, method] of Object.entries(methods)) {
      const handler = async (request: FastifyRequest): Promise<unknown> =>
        method(request.tenant, fieldsOf(request));
      for (const path of [`/${name}`, `/api/${name}`]) {
        api.get(path, handler);
        api.post(path, handler);
      }
    }
    api.setNotFoundHandler((_request, reply) => reply.code(200).send(fail('unknown_method')));
  },
};

const methods: Readonly<Record<string, Method>> = {
  'auth.test': (tenant) => ({
    ok: true,
    url: `https://${tenant}.slack.com/`,
    team: tenant,
    user: 'tenantry-development',
    team_id: slackId('T', tenant),
    user_id: slackId('U', tenant, 'bot'),
    bot_id: slackId('B', tenant),
    is_enterprise_install: false,
  }),
  'users.list': (tenant, fields) => page('members', slackWorkspace(tenant).users, fields),
  'conversations.list'(tenant, fields) {
    const types = (textField(fields.types) ?? 'public_channel').split(',');
    const open = String(fields.exclude_archived) === 'true';
    const { channels } = slackWorkspace(tenant);
    const wanted = types.includes('public_channel')
      ? channels.filter((row) => !(open && row.is_archived))
      : [];
    return page('channels', wanted, fields);
  },
  'conversations.history': (tenant, fields) =>
    inChannel(tenant, fields, (channel) => {
      const answer = page('messages', slackMessages(tenant, channel).filter(between(fields)), fields);
      return { pin_count: 0, ...answer };
    }),
  'conversations.replies': (tenant, fields) =>
    inChannel(tenant, fields, (channel) => {
      const thread = slackThread(tenant, channel, textField(fields.ts) ?? '');
      return thread.length === 0 ? fail('thread_not_found') : page('messages', thread, fields);
    }),
  'conversations.members': (tenant, fields) =>
    inChannel(tenant, fields, () => {
      const ids = slackWorkspace(tenant).users.map(({ id }) => id);
      return page('members', ids, fields);
    }),
  'conversations.join': (tenant, fields) =>
    inChannel(tenant, fields, (id) => ({
      ok: true,
      channel: slackWorkspace(tenant).channels.find((row) => row.id === id),
    })),
};

function inChannel(tenant: string, fields: Fields, answer: (channel: string) => object): object {
  const known = slackWorkspace(tenant).channels.some(({ id }) => id === fields.channel);
  return known ? answer(String(fields.channel)) : fail('channel_not_found');
}

/** `oldest` and `latest` are exclusive unless `inclusive` says otherwise. */
function between(fields: Fields): (message: SlackMessage) => boolean {
  const inclusive = ['true', '1'].includes(String(fields.inclusive));
  const oldest = Number(fields.oldest ?? 0);
  const latest = Number(fields.latest ?? Number.POSITIVE_INFINITY);
  return ({ ts }) => {
    const time = Number(ts);
    return (time > oldest && time < latest) || (inclusive && (time === oldest || time === latest));
  };
}

/** Cursor paging: https://docs.slack.dev/apis/web-api/pagination */
function page(name: string, items: readonly unknown[], fields: Fields): object {
  const limit = sizeField(fields.limit, 100, MOST);
  const cursor = textField(fields.cursor);
  const start = cursor === undefined ? 0 : readCursor(cursor);
  if (start === undefined || start > items.length) return fail('invalid_cursor');
  const more = start + limit < items.length;
  const next = more ? Buffer.from(`next:${start + limit}`).toString('base64') : '';
  return {
    ok: true,
    [name]: items.slice(start, start + limit),
    ...(name === 'messages' ? { has_more: more } : {}),
    response_metadata: { next_cursor: next },
  };
}

function readCursor(cursor: string): number | undefined {
  const digits = /^next:(\d{1,9})$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
