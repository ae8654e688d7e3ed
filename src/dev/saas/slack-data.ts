/** A tenant's sandbox workspace in Slack: people, channels and messages. */
import { slackId } from '../idp/tenant-facts.ts';
import { remember, rows, seededNumber, seededTime, seededTitle } from './seed.ts';

export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  readonly is_archived: boolean;
  readonly [field: string]: unknown;
}

export interface SlackMessage {
  /** Seconds since 1970 with six decimals; the message's id in its channel. */
  readonly ts: string;
  readonly thread_ts?: string;
  readonly [field: string]: unknown;
}

export interface SlackWorkspace {
  readonly teamId: string;
  readonly users: readonly { readonly id: string }[];
  readonly channels: readonly SlackChannel[];
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

export const slackWorkspace = remember((tenant): SlackWorkspace => {
  const teamId = slackId('T', tenant);
  const users = rows(seededNumber(5, 60, 'slack users', tenant), (index) => slackUser(tenant, index));
  const channels = rows(seededNumber(4, 24, 'slack channels', tenant), (index) =>
    slackChannel(tenant, index, users.length),
  );
  return { teamId, users, channels };
});

/** Newest first, as conversations.history answers. */
export function slackMessages(tenant: string, channel: string): SlackMessage[] {
  const { users } = slackWorkspace(tenant);
  return rows(seededNumber(20, 150, 'slack messages', tenant, channel), (index) => {
    const words = ['slack message', tenant, channel, String(index)];
    const ts = `${seconds(seededTime(...words))}.${String(index).padStart(6, '0')}`;
    const thread = index % 10 === 0 ? { thread_ts: ts, reply_count: 2, reply_users_count: 1 } : {};
    const user = users[seededNumber(0, users.length - 1, ...words)]?.id;
    const text = `${tenant}: ${seededTitle(...words)}, please`;
    return { type: 'message', user, text, ts, team: slackId('T', tenant), ...thread };
  }).toSorted((a, b) => b.ts.localeCompare(a.ts));
}

/** A thread: its first message and the replies, oldest first. */
export function slackThread(tenant: string, channel: string, ts: string): SlackMessage[] {
  const parent = slackMessages(tenant, channel).find((message) => message.ts === ts);
  if (parent === undefined) return [];
  if (parent.thread_ts === undefined) return [parent];
  const replies = rows(2, (index) => ({
    type: 'message',
    user: slackId('U', tenant, '0'),
    text: seededTitle('slack reply', channel, ts, String(index)),
    thread_ts: ts,
    parent_user_id: parent.user,
    ts: `${Number(ts.split('.')[0]) + 60 * (index + 1)}.${ts.split('.')[1]}`,
  }));
  return [parent, ...replies];
}

function slackUser(tenant: string, index: number): { id: string } & Record<string, unknown> {
  const name = `member${index + 1}`;
  return {
    id: slackId('U', tenant, String(index)),
    team_id: slackId('T', tenant),
    name,
    deleted: false,
    real_name: `${tenant} member ${index + 1}`,
    tz: 'Etc/UTC',
    tz_offset: 0,
    profile: { email: `${name}@${tenant}.example`, display_name: name, team: slackId('T', tenant) },
    ...{ is_admin: index === 0, is_owner: index === 0, is_bot: false, is_app_user: false },
    updated: seconds(seededTime('slack user', tenant, String(index))),
  };
}

function slackChannel(tenant: string, index: number, members: number): SlackChannel {
  const words = ['slack channel', tenant, String(index)];
  const created = seededTime(...words);
  const name = index === 0 ? 'general' : `${tenant.toLowerCase()}-topic-${index}`;
  return {
    id: slackId('C', tenant, String(index)),
    name,
    name_normalized: name,
    ...{ is_channel: true, is_group: false, is_im: false, is_mpim: false, is_private: false },
    is_archived: index > 0 && index % 7 === 0,
    ...{ is_general: index === 0, is_member: true, is_shared: false, is_org_shared: false },
    created: seconds(created),
    updated: created.getTime(),
    creator: slackId('U', tenant, '0'),
    context_team_id: slackId('T', tenant),
    topic: { value: seededTitle('topic', ...words), creator: slackId('U', tenant, '0'), last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
    num_members: members,
  };
}
