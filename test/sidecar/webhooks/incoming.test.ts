import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { requireIntegration } from '../../../src/sidecar/stack/view.ts';
import { decryptAll } from '../../../src/sidecar/webhooks/ciphertext.ts';
import { takePendingCode } from '../../../src/sidecar/webhooks/handshakes.ts';
import { purgeWebhooks, queueLost } from '../../../src/sidecar/webhooks/sweep.ts';
import { airtable, github, hubspot, linear, notion, sentry, slack } from './signing.ts';
import { clearWebhooks, startWebhookWorld, type WebhookWorld } from './world.ts';

let world: WebhookWorld;
beforeAll(async () => {
  world = await startWebhookWorld();
});
beforeEach(() => clearWebhooks(world));
afterAll(() => world.close());

interface EventRow extends Record<string, unknown> {
  tenant: string;
  integration: string;
  external_id: string;
  event_type: string | null;
  headers: string;
  body: string;
}

const events = (): Promise<EventRow[]> =>
  world.rows<EventRow>('select * from tenantry.webhook_events order by tenant, received_at, external_id');

const opened = async (event: EventRow | undefined): Promise<string> => {
  const [body] = await decryptAll(world.vault, event?.tenant ?? '', [event?.body ?? '']);
  return body?.toString('utf8') ?? '';
};

describe('a webhook that comes in', () => {
  it('is kept for the tenant whose installation it names, its body only as cipher text', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    await world.install({ tenant: 'globex', integration: 'github', account: '102' });
    const delivery = github({
      action: 'opened',
      installation: { id: 102 },
      issue: { title: 'canary-title' },
    });
    expect(await world.post('/webhooks/github', delivery)).toEqual({ status: 200, text: '' });
    const [event, ...more] = await events();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      tenant: 'globex',
      integration: 'github',
      external_id: 'delivery-1',
      event_type: 'issues.opened',
    });
    expect(event?.body).toMatch(/^vault:v1:/);
    expect(JSON.stringify(event)).not.toContain('canary-title');
    expect(await opened(event)).toBe(delivery.body);
  });

  it('keeps bytes that are no text as they came', async () => {
    await world.install({
      tenant: 'acme',
      integration: 'airtable',
      secret: Buffer.from('key').toString('base64'),
    });
    const id = (await world.rows<{ id: string }>('select id from tenantry.installations'))[0]?.id;
    const { createHmac } = await import('node:crypto');
    const body = Buffer.from([0, 255, 254, 10, 0]);
    const mac = createHmac('sha256', 'key').update(body).digest('hex');
    const headers = {
      'x-airtable-content-mac': `hmac-sha256=${mac}`,
      'content-type': 'application/octet-stream',
    };
    expect((await world.post(`/webhooks/airtable/${id}`, { headers, body })).status).toBe(200);
    const [event] = await events();
    const [plain] = await decryptAll(world.vault, 'acme', [event?.body ?? '']);
    expect(plain?.equals(body)).toBe(true);
  });

  it('is taken once, whatever comes again with its id', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const first = github({ action: 'opened', installation: { id: 101 } });
    const other = github({ action: 'closed', installation: { id: 101 } });
    expect((await world.post('/webhooks/github', first)).status).toBe(200);
    expect((await world.post('/webhooks/github', first)).status).toBe(200);
    expect((await world.post('/webhooks/github', other)).status).toBe(200);
    expect((await events()).map(({ event_type }) => event_type)).toEqual(['issues.opened']);
  });

  it('is taken once when it comes twice at the same moment', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const delivery = github({ action: 'opened', installation: { id: 101 } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.post('/webhooks/github', delivery)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await events()).toHaveLength(1);
  });

  it('goes by its signature where it has no id', async () => {
    const secret = Buffer.from('airtable-mac-secret').toString('base64');
    const id = await world.install({ tenant: 'acme', integration: 'airtable', secret });
    for (const timestamp of ['1', '2', '1']) {
      const delivery = airtable({ base: { id: 'app1' }, timestamp }, secret);
      expect((await world.post(`/webhooks/airtable/${id}`, delivery)).status).toBe(200);
    }
    expect(await events()).toHaveLength(2);
  });

  it('without a body keeps the headers that the entry names', async () => {
    const id = await world.install({
      tenant: 'acme',
      integration: 'google-drive',
      secret: 'channel-token-1',
    });
    const headers = {
      'x-goog-channel-token': 'channel-token-1',
      'x-goog-channel-id': 'channel-1',
      'x-goog-message-number': '7',
      'x-goog-resource-state': 'change',
      'x-goog-resource-id': 'resource-1',
    };
    for (const change of [{}, { 'x-goog-channel-id': 'channel-2' }, {}]) {
      const answer = await world.post(`/webhooks/google-drive/${id}`, {
        headers: { ...headers, ...change },
        body: '',
      });
      expect(answer.status).toBe(200);
    }
    const kept = await events();
    expect(kept.map((event) => [event.external_id, event.event_type])).toEqual([
      ['channel-1/7', 'change'],
      ['channel-2/7', 'change'],
    ]);
    const [text] = await decryptAll(world.vault, 'acme', [kept[0]?.headers ?? '']);
    expect(JSON.parse(text?.toString() ?? '')).toEqual({
      'x-goog-channel-id': 'channel-1',
      'x-goog-resource-id': 'resource-1',
    });
  });

  it('divides a list of several accounts’ events among their tenants', async () => {
    await world.install({ tenant: 'acme', integration: 'hubspot', account: '11' });
    await world.install({ tenant: 'globex', integration: 'hubspot', account: '22' });
    const list = [
      { eventId: 1, portalId: 11, subscriptionType: 'contact.creation' },
      { eventId: 2, portalId: 22, subscriptionType: 'contact.deletion' },
      { eventId: 3, portalId: 11, subscriptionType: 'contact.creation' },
      { eventId: 4, portalId: 33, subscriptionType: 'contact.creation' },
    ];
    expect((await world.post('/webhooks/hubspot', hubspot(list, world.clock.now))).status).toBe(200);
    const kept = await events();
    const bodies = await Promise.all(kept.map(opened));
    expect(kept.map(({ tenant, event_type }) => [tenant, event_type])).toEqual([
      ['acme', 'contact.creation'],
      ['globex', 'contact.deletion'],
    ]);
    expect(
      bodies.map((body) => (JSON.parse(body) as { eventId: number }[]).map(({ eventId }) => eventId)),
    ).toEqual([[1, 3], [2]]);
  });

  it('that nobody’s account has sent is answered as taken and kept nowhere', async () => {
    const delivery = github({ zen: 'Design for failure.' }, { event: 'ping' });
    expect(await world.post('/webhooks/github', delivery)).toEqual({ status: 200, text: '' });
    expect(await events()).toEqual([]);
  });

  it('can be a command of Slack, which is a form', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    const form = slack('team_id=T1&command=%2Fshop&text=hi', world.clock.now, {
      type: 'application/x-www-form-urlencoded',
    });
    expect((await world.post('/webhooks/slack', form)).status).toBe(200);
    expect((await events()).map(({ tenant }) => tenant)).toEqual(['acme']);
  });

  it('is answered with an error that asks for another try while Postgres is away', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const answer = await withoutPostgres(() =>
      world.post('/webhooks/github', github({ action: 'opened', installation: { id: 101 } })),
    );
    expect(answer.status).toBe(503);
    expect(await events()).toEqual([]);
    const again = await world.post(
      '/webhooks/github',
      github({ action: 'opened', installation: { id: 101 } }),
    );
    expect(again.status).toBe(200);
    expect(await events()).toHaveLength(1);
  });

  it('is not lost when the queue is away at that moment', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const made = await world.app.inject({
      method: 'POST',
      url: '/tenants/acme/webhook-endpoints',
      payload: { url: 'http://127.0.0.1:9/hook' },
    });
    expect(made.statusCode).toBe(201);
    world.queue.broken = true;
    const payload = {
      action: 'deleted',
      installation: { id: 101, access_tokens_url: 'https://api.github.com/x' },
    };
    expect((await world.post('/webhooks/github', github(payload, { event: 'installation' }))).status).toBe(
      200,
    );
    world.queue.broken = false;
    expect(world.queue.jobs).toEqual([]);
    world.clock.now += 6 * 60_000;
    expect(await queueLost(world.context)).toBe(2);
    expect(world.queue.jobs.map(({ task }) => task).sort()).toEqual(['webhooks.act', 'webhooks.deliver']);
  });

  it('leaves the tables after 30 days', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    await world.post('/webhooks/github', github({ action: 'opened', installation: { id: 101 } }));
    const day = 86_400_000;
    expect(await purgeWebhooks(world.db.database, world.clock.now + 29 * day)).toBe(0);
    expect(await purgeWebhooks(world.db.database, world.clock.now + 31 * day)).toBe(1);
    expect(await events()).toEqual([]);
  });
});

describe('setting up an address', () => {
  it('sends Slack’s challenge back, when it is signed', async () => {
    const payload = { type: 'url_verification', token: 'old', challenge: 'challenge-1' };
    const answer = await world.post('/webhooks/slack', slack(payload, world.clock.now));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { challenge: 'challenge-1' }]);
    const forged = await world.post('/webhooks/slack', slack(payload, world.clock.now, { key: 'guessed' }));
    expect(forged.status).toBe(401);
    expect(forged.text).not.toContain('challenge-1');
  });

  it('keeps Notion’s token for the platform’s engineers, and uses it for nothing', async () => {
    const token = 'secret_notion-verification-token';
    const unsigned = {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ verification_token: token }),
    };
    expect((await world.post('/webhooks/notion', unsigned)).status).toBe(200);
    expect(JSON.stringify(await world.rows('select * from tenantry.webhook_handshakes'))).not.toContain(
      token,
    );
    const answer = await world.app.inject('/webhooks/notion/verification-tokens');
    expect(answer.json<{ tokens: { token: string }[] }>().tokens.map((each) => each.token)).toEqual([token]);
    await world.install({ tenant: 'acme', integration: 'notion', account: 'workspace-1' });
    const event = notion({ id: 'e1', type: 'page.created', workspace_id: 'workspace-1' }, token);
    expect((await world.post('/webhooks/notion', event)).status).toBe(401);
    world.env['NOTION_WEBHOOK_SECRET'] = token;
    expect((await world.post('/webhooks/notion', event)).status).toBe(200);
    expect((await events()).map(({ event_type }) => event_type)).toEqual(['page.created']);
  });

  it('keeps no token any more once there is one, and no more than five before', async () => {
    const post = (token: string) =>
      world.post('/webhooks/notion', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ verification_token: token }),
      });
    for (let index = 0; index < 8; index++) {
      world.clock.now += 1000;
      await post(`secret_number-${index}`);
    }
    const listed = async () =>
      (await world.app.inject('/webhooks/notion/verification-tokens'))
        .json<{ tokens: { token: string }[] }>()
        .tokens.map(({ token }) => token);
    expect(await listed()).toEqual([7, 6, 5, 4, 3].map((index) => `secret_number-${index}`));
    world.env['NOTION_WEBHOOK_SECRET'] = 'secret_number-7';
    expect((await post('secret_of-an-attacker')).status).toBe(401);
    expect(await listed()).not.toContain('secret_of-an-attacker');
  });
});

describe('a code that comes by webhook', () => {
  const created = (uuid: string, code: string) =>
    sentry(
      {
        action: 'created',
        data: { installation: { uuid, code, status: 'pending' } },
        installation: { uuid },
      },
      { resource: 'installation', id: `request-${uuid}` },
    );
  const view = () => requireIntegration(world.context.stack.current(), 'acme', 'sentry');

  it('waits for the flow ten minutes, is given once and stands in no table', async () => {
    expect((await world.post('/webhooks/sentry', created('uuid-1', 'canary-code-1'))).status).toBe(200);
    expect(JSON.stringify(await world.rows('select * from tenantry.webhook_handshakes'))).not.toContain(
      'canary-code-1',
    );
    expect(await takePendingCode(world.context, view(), 'uuid-2')).toBeUndefined();
    expect(await takePendingCode(world.context, view(), 'uuid-1')).toBe('canary-code-1');
    expect(await takePendingCode(world.context, view(), 'uuid-1')).toBeUndefined();
    await world.post('/webhooks/sentry', created('uuid-3', 'canary-code-3'));
    world.clock.now += 10 * 60_000 + 1;
    expect(await takePendingCode(world.context, view(), 'uuid-3')).toBeUndefined();
    expect(world.context.lines.join('')).not.toContain('canary-code');
  });

  it('is given to one of many who ask at once', async () => {
    await world.post('/webhooks/sentry', created('uuid-1', 'code-number-1'));
    const given = await Promise.all(
      Array.from({ length: 6 }, () => takePendingCode(world.context, view(), 'uuid-1')),
    );
    expect(given.filter((code) => code !== undefined)).toEqual(['code-number-1']);
  });

  it('opens for the app alone that it was made for, and is not used up by another', async () => {
    await world.post('/webhooks/sentry', created('uuid-1', 'code-number-1'));
    world.env['SENTRY_CLIENT_SECRET'] = 'client-secret-of-another-app';
    expect(await takePendingCode(world.context, view(), 'uuid-1')).toBeUndefined();
    world.env['SENTRY_CLIENT_SECRET'] = 'sentry-client-secret';
    expect(await takePendingCode(world.context, view(), 'uuid-1')).toBe('code-number-1');
  });

  it('is sent to no endpoint, also when the installation is known already', async () => {
    await world.install({ tenant: 'acme', integration: 'sentry', account: 'uuid-1' });
    expect((await world.post('/webhooks/sentry', created('uuid-1', 'code-number-1'))).status).toBe(200);
    expect(await events()).toEqual([]);
  });
});

describe('an event about the installation itself', () => {
  const about = (action: string, id: string) =>
    github(
      {
        action,
        installation: {
          id: 101,
          access_tokens_url: 'https://api.github.com/app/installations/101/access_tokens',
        },
      },
      { event: 'installation', id },
    );
  const status = async () =>
    (await world.rows<{ status: string }>('select status from tenantry.installations'))[0]?.status;

  it('suspends it, lets it go on, and ends it with its credential', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    for (const [action, expected] of [
      ['suspend', 'suspended'],
      ['unsuspend', 'active'],
      ['deleted', 'revoked'],
    ] as const) {
      expect((await world.post('/webhooks/github', about(action, action))).status).toBe(200);
      await world.queue.runDue();
      expect(await status()).toBe(expected);
    }
    expect(world.revoked).toEqual(['acme/github']);
    const told = (await events()).map(({ event_type }) => event_type);
    expect(told).toEqual(
      expect.arrayContaining(['integration.suspended', 'integration.resumed', 'integration.revoked']),
    );
    expect(await world.rows('select * from tenantry.webhook_actions')).toEqual([]);
  });

  it('does nothing to a tenant that has connected anew meanwhile', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    await world.post('/webhooks/github', about('deleted', 'd1'));
    await world.rows(`update tenantry.installations set status = 'revoked'`);
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    await world.queue.runDue();
    expect(world.revoked).toEqual([]);
    expect(await world.rows(`select 1 from tenantry.installations where status = 'active'`)).toHaveLength(1);
  });

  it('counts only where the signed body says so, not an unsigned header', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const renamed = github(
      { action: 'deleted', installation: { id: 101 }, repository: {} },
      { event: 'installation' },
    );
    await world.post('/webhooks/github', renamed);
    await world.queue.runDue();
    expect(await status()).toBe('active');
  });

  it('of Slack ends it when the bot’s token is revoked, not when a person’s is', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    const revoked = (id: string, tokens: object) =>
      slack(
        { type: 'event_callback', team_id: 'T1', event_id: id, event: { type: 'tokens_revoked', tokens } },
        world.clock.now,
      );
    await world.post('/webhooks/slack', revoked('Ev1', { oauth: ['U1'], bot: [] }));
    await world.queue.runDue();
    expect(await status()).toBe('active');
    await world.post('/webhooks/slack', revoked('Ev2', { oauth: [], bot: ['U2'] }));
    await world.queue.runDue();
    expect([await status(), world.revoked]).toEqual(['revoked', ['acme/slack']]);
  });

  it('of Linear ends it', async () => {
    await world.install({ tenant: 'acme', integration: 'linear', account: 'org-1' });
    const payload = {
      type: 'OAuthApp',
      action: 'revoked',
      oauthClientId: 'c1',
      organizationId: 'org-1',
      webhookTimestamp: world.clock.now,
    };
    expect((await world.post('/webhooks/linear', linear(payload, { event: 'OAuthApp' }))).status).toBe(200);
    await world.queue.runDue();
    expect(await status()).toBe('revoked');
  });
});

async function withoutPostgres<T>(work: () => Promise<T>): Promise<T> {
  const { database } = world.context;
  const { TenantryError } = await import('../../../src/errors.ts');
  const away = () => Promise.reject(new TenantryError('PostgresUnavailable', 'Postgres is away'));
  const asTenant = database.asTenant;
  Object.assign(database, { asTenant: away });
  try {
    return await work();
  } finally {
    Object.assign(database, { asTenant });
  }
}
