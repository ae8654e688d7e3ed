import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { decryptAll } from '../../../src/sidecar/webhooks/ciphertext.ts';
import { purgeWebhooks, queueLost } from '../../../src/sidecar/webhooks/sweep.ts';
import { airtable, github, hubspot, slack } from './signing.ts';
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

async function withoutPostgres<T>(work: () => Promise<T>): Promise<T> {
  const { database } = world.context;
  const away = () => Promise.reject(new TenantryError('PostgresUnavailable', 'Postgres is away'));
  const asTenant = database.asTenant;
  Object.assign(database, { asTenant: away });
  try {
    return await work();
  } finally {
    Object.assign(database, { asTenant });
  }
}
