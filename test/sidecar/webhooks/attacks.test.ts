import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import { airtable, github, hubspot, linear, type SignedDelivery, slack } from './signing.ts';
import { clearWebhooks, SECRETS, startWebhookWorld, type WebhookWorld } from './world.ts';

let world: WebhookWorld;
let port: number;
beforeAll(async () => {
  world = await startWebhookWorld();
  await world.app.listen({ port: 0, host: '127.0.0.1' });
  port = (world.app.server.address() as { port: number }).port;
});
beforeEach(() => clearWebhooks(world));
afterAll(() => world.close());

const tenantsOfEvents = async (): Promise<string[]> =>
  (await world.rows<{ tenant: string }>('select tenant from tenantry.webhook_events order by tenant')).map(
    ({ tenant }) => tenant,
  );

/** The answer without what differs from request to request. */
async function refused(path: string, delivery: { headers: Record<string, string>; body: string }) {
  const { status, text } = await world.post(path, delivery);
  const { requestId: _, ...problem } = JSON.parse(text) as { requestId: string };
  return { status, problem };
}

const EVENT = { action: 'opened', installation: { id: 101 } };
const message = (id: string, team = 'T1') => ({
  type: 'event_callback',
  team_id: team,
  event_id: id,
  event: { type: 'message' },
});

describe('a forged webhook', () => {
  it.each<[string, (delivery: SignedDelivery) => SignedDelivery]>([
    ['is not signed', ({ headers: { 'x-hub-signature-256': _, ...headers }, body }) => ({ headers, body })],
    ['has an empty signature', (given) => withHeader(given, 'x-hub-signature-256', '')],
    [
      'has half a signature',
      (given) =>
        withHeader(given, 'x-hub-signature-256', given.headers['x-hub-signature-256']?.slice(0, 39) ?? ''),
    ],
    [
      'has a signature with something behind it',
      (given) => withHeader(given, 'x-hub-signature-256', `${given.headers['x-hub-signature-256']}zz`),
    ],
    [
      'has a signature of another scheme',
      (given) =>
        withHeader(
          given,
          'x-hub-signature-256',
          (given.headers['x-hub-signature-256'] ?? '').replace('sha256=', 'sha1='),
        ),
    ],
    ['has another body', ({ headers, body }) => ({ headers, body: body.replace('opened', 'closed') })],
    ['has a body with a space more', ({ headers, body }) => ({ headers, body: `${body} ` })],
  ])('that %s is refused', async (_name, forge) => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    expect((await refused('/webhooks/github', forge(github(EVENT)))).status).toBe(401);
    expect(await tenantsOfEvents()).toEqual([]);
  });

  it('is refused when it is signed with the client secret, an empty key or the secret of another provider', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    for (const key of [SECRETS.GITHUB_CLIENT_SECRET, '', SECRETS.SLACK_WEBHOOK_SECRET, 'undefined']) {
      expect((await world.post('/webhooks/github', github(EVENT, { key }))).status).toBe(401);
    }
  });

  it('is refused when nobody has set a secret, also one that is signed with nothing', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    delete world.env['GITHUB_WEBHOOK_SECRET'];
    for (const key of ['', 'undefined', SECRETS.GITHUB_WEBHOOK_SECRET]) {
      expect((await world.post('/webhooks/github', github(EVENT, { key }))).status).toBe(401);
    }
  });

  it('is answered in the same way whether it, the installation or the integration is not there', async () => {
    const id = await world.install({ tenant: 'acme', integration: 'airtable', secret: 'a2V5LW9mLWFjbWU=' });
    const forged = airtable({ base: {} }, 'Z3Vlc3NlZA==');
    const answers = [
      await refused(`/webhooks/airtable/${id}`, forged),
      await refused('/webhooks/airtable/00000000-0000-4000-8000-000000000000', forged),
      await refused('/webhooks/airtable/no-uuid', forged),
      await refused('/webhooks/airtable', forged),
      await refused(`/webhooks/github/${id}`, forged),
      await refused('/webhooks/nothing', forged),
      await refused('/webhooks/aws', forged),
      await refused('/webhooks/github', github({ installation: { id: 999 } }, { key: 'guessed' })),
      await refused(
        '/webhooks/slack',
        slack(message('E1', 'T-unknown'), world.clock.now, { key: 'guessed' }),
      ),
    ];
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(401);
    // The operator's log says what the sender may not know.
    const reasons = world.context.lines.join('\n');
    expect(reasons).toContain('the catalog knows no webhook of this integration');
    expect(reasons).toContain('there is no such installation');
    expect(reasons).toContain('no signing secret is known for it, or the signature is not made with it');
  });
});

describe('a webhook of one tenant', () => {
  it('never reaches another: the secret of its subscription opens its own address only', async () => {
    const [acme, globex] = ['a2V5LW9mLWFjbWU=', 'a2V5LW9mLWdsb2JleA=='];
    await world.install({ tenant: 'acme', integration: 'airtable', secret: acme });
    const foreign = await world.install({ tenant: 'globex', integration: 'airtable', secret: globex });
    expect((await world.post(`/webhooks/airtable/${foreign}`, airtable({}, acme))).status).toBe(401);
    expect((await world.post(`/webhooks/airtable/${foreign}`, airtable({}, globex))).status).toBe(200);
    expect(await tenantsOfEvents()).toEqual(['globex']);
  });

  it('that the shared app has signed does not pass at the address of another tenant', async () => {
    const acme = await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const globex = await world.install({ tenant: 'globex', integration: 'github', account: '102' });
    expect((await world.post(`/webhooks/github/${globex}`, github(EVENT))).status).toBe(401);
    expect((await world.post(`/webhooks/github/${globex}`, github({ action: 'opened' }))).status).toBe(401);
    expect((await world.post(`/webhooks/github/${acme}`, github(EVENT))).status).toBe(200);
    expect(await tenantsOfEvents()).toEqual(['acme']);
  });

  it('with an app of its own is proved by that app, at both addresses', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    const id = await world.install({ tenant: 'globex', integration: 'slack', account: 'T2' });
    const key = SECRETS.GLOBEX_SLACK_SIGNING;
    const { now } = world.clock;
    expect((await world.post('/webhooks/slack', slack(message('E1', 'T2'), now, { key }))).status).toBe(200);
    expect((await world.post(`/webhooks/slack/${id}`, slack(message('E2', 'T2'), now, { key }))).status).toBe(
      200,
    );
    expect(await tenantsOfEvents()).toEqual(['globex', 'globex']);
    const challenge = slack({ type: 'url_verification', challenge: 'c-1' }, now, { key });
    expect((await world.post(`/webhooks/slack/${id}`, challenge)).text).toContain('c-1');
  });

  it('cannot be made by another tenant’s app, nor by the shared one for a tenant with its own', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    const id = await world.install({ tenant: 'globex', integration: 'slack', account: 'T2' });
    const { now } = world.clock;
    const globexForAcme = slack(message('E1', 'T1'), now, { key: SECRETS.GLOBEX_SLACK_SIGNING });
    expect((await world.post('/webhooks/slack', globexForAcme)).status).toBe(401);
    const sharedForGlobex = slack(message('E2', 'T2'), now);
    expect((await world.post('/webhooks/slack', sharedForGlobex)).status).toBe(200);
    expect((await world.post(`/webhooks/slack/${id}`, sharedForGlobex)).status).toBe(401);
    expect(await tenantsOfEvents()).toEqual([]);
  });

  it('cannot be claimed by a second tenant: an account is one tenant’s', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    await expect(world.install({ tenant: 'globex', integration: 'github', account: '101' })).rejects.toThrow(
      'installations_external',
    );
    await world.install({ tenant: 'globex', integration: 'hubspot', account: '101' });
    await world.post('/webhooks/github', github(EVENT));
    expect(await tenantsOfEvents()).toEqual(['acme']);
  });

  it('goes to nobody after its installation has ended', async () => {
    const id = await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    await world.rows(`update tenantry.installations set status = 'revoked'`);
    await world.post('/webhooks/github', github(EVENT));
    expect((await world.post(`/webhooks/github/${id}`, github(EVENT))).status).toBe(401);
    expect(await tenantsOfEvents()).toEqual([]);
  });

  it('is not led astray by keys that stand twice or belong to no data', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    for (const body of [
      '{"__proto__":{"installation":{"id":101}}}',
      '{"installation":{"__proto__":{"id":101}}}',
      '{"installation":{"id":101.00000000000001}}',
      '{"installation":{"id":[101]}}',
      '{"installation":{"id":101},"installation":{"id":999}}',
      '{"installation":{"id":101e300}}',
      '{"constructor":1,"installation":"101"}',
    ]) {
      expect((await world.post('/webhooks/github', signedGithub(body))).status).toBe(200);
    }
    expect(await tenantsOfEvents()).toEqual([]);
  });
});

describe('a replayed webhook', () => {
  it('is not taken again under an id of the attacker’s making: the id is not signed', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const delivery = github(EVENT);
    for (const id of ['delivery-1', 'delivery-2', 'delivery-3']) {
      expect(
        (await world.post('/webhooks/github', withHeader(delivery, 'x-github-delivery', id))).status,
      ).toBe(200);
    }
    expect(await tenantsOfEvents()).toEqual(['acme']);
  });

  it('is not taken when it is older than the tolerance, or from the future', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    for (const seconds of [-301, 301, -86_400, 1e9]) {
      const delivery = slack(message(`E${seconds}`), world.clock.now + seconds * 1000);
      expect((await world.post('/webhooks/slack', delivery)).status).toBe(401);
    }
    expect(
      (await world.post('/webhooks/slack', slack(message('E1'), world.clock.now - 299_000))).status,
    ).toBe(200);
  });

  it('is not taken with its time moved', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    const old = slack(message('E1'), world.clock.now - 3_600_000);
    const now = String(Math.floor(world.clock.now / 1000));
    for (const timestamp of [now, `${now}.0`, ` ${now}`, `+${now}`, 'NaN', '', '9'.repeat(20)]) {
      const moved = withHeader(old, 'x-slack-request-timestamp', timestamp);
      expect((await world.post('/webhooks/slack', moved)).status).toBe(401);
    }
  });

  it('is not taken when the time in its signed body is past, or is not there', async () => {
    await world.install({ tenant: 'acme', integration: 'linear', account: 'org-1' });
    const of = (facts: object, id: string) =>
      world.post('/webhooks/linear', linear({ action: 'create', organizationId: 'org-1', ...facts }, { id }));
    expect((await of({ webhookTimestamp: world.clock.now - 61_000 }, '1')).status).toBe(401);
    expect((await of({}, '2')).status).toBe(401);
    expect((await of({ webhookTimestamp: world.clock.now - 59_000 }, '3')).status).toBe(200);
  });

  it('of HubSpot does not pass at another address: the address is signed', async () => {
    await world.install({ tenant: 'acme', integration: 'hubspot', account: '11' });
    const list = [{ eventId: 1, portalId: 11 }];
    const elsewhere = hubspot(list, world.clock.now, 'http://127.0.0.1:7250/webhooks/other');
    expect((await world.post('/webhooks/hubspot', elsewhere)).status).toBe(401);
    const right = hubspot(list, world.clock.now);
    expect((await world.post('/webhooks/hubspot?x=1', right)).status).toBe(401);
    expect((await world.post('/webhooks/hubspot', right)).status).toBe(200);
  });
});

describe('a webhook that is made to hurt', () => {
  it('is refused when it is larger than the limit, before it is read', async () => {
    const answer = await world.post('/webhooks/github', { headers: {}, body: 'x'.repeat(4 * 1_048_576 + 1) });
    expect(answer.status).toBe(413);
  });

  it('may be a megabyte', async () => {
    await world.install({ tenant: 'acme', integration: 'github', account: '101' });
    const large = github({ ...EVENT, text: 'x'.repeat(1_100_000) });
    expect((await world.post('/webhooks/github', large)).status).toBe(200);
    expect(await tenantsOfEvents()).toEqual(['acme']);
  });

  it('nests deeply without harm, signed or not', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const unsigned = { headers: { 'content-type': 'application/json' }, body: deep };
    expect((await world.post('/webhooks/slack', unsigned)).status).toBe(401);
    expect((await world.post('/webhooks/github', signedGithub(deep))).status).toBe(200);
    expect((await world.post('/webhooks/github', signedGithub('{"a":'.repeat(50_000)))).status).toBe(200);
  });

  it('is not looked at beyond its signature when it is large and unproven', async () => {
    await world.install({ tenant: 'globex', integration: 'slack', account: 'T2' });
    const payload = { ...message('E1', 'T2'), text: 'x'.repeat(300_000) };
    const own = slack(payload, world.clock.now, { key: SECRETS.GLOBEX_SLACK_SIGNING });
    expect((await world.post('/webhooks/slack', own)).status).toBe(401);
  });

  it('is refused when a header that counts stands twice', async () => {
    await world.install({ tenant: 'acme', integration: 'slack', account: 'T1' });
    const { headers, body } = slack(message('E1'), world.clock.now);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const send = (more: readonly string[]) => raw('/webhooks/slack', [...lines, ...more], body);
    expect(await send(['x-slack-signature: v0=00'])).toContain(' 401 ');
    expect(await send([`x-slack-signature: ${headers['x-slack-signature']}`])).toContain(' 401 ');
    expect(await send(['X-Slack-Request-Timestamp: 1'])).toContain(' 401 ');
    expect(await send([])).toContain(' 200 ');
  });

  it('cannot choose a label of a metric', async () => {
    await world.post('/webhooks/canary-label', { headers: {}, body: '{}' });
    expect(await world.context.metrics.registry.metrics()).not.toContain('canary-label');
  });
});

describe('endpoints of another tenant', () => {
  const ACME: Caller = { kind: 'session', id: 'session:1', role: 'tenant-admin', tenants: ['acme'] };
  const GLOBEX: Caller = { ...ACME, id: 'session:2', tenants: ['globex'] };

  it('can be neither made, seen nor deleted, by whichever path', async () => {
    world.caller = GLOBEX;
    const made = await world.app.inject({
      method: 'POST',
      url: '/tenants/globex/webhook-endpoints',
      payload: { url: 'http://127.0.0.1:9/hook' },
    });
    const { id } = made.json<{ id: string }>();
    world.caller = ACME;
    const statuses = await Promise.all(
      (
        [
          ['POST', '/tenants/globex/webhook-endpoints', { url: 'http://127.0.0.1:9/mine' }],
          ['GET', '/tenants/globex/webhook-endpoints'],
          ['GET', '/tenants/globex/webhook-deliveries'],
          ['DELETE', `/tenants/globex/webhook-endpoints/${id}`],
          ['DELETE', `/tenants/acme/webhook-endpoints/${id}`],
          ['POST', `/tenants/acme/webhook-deliveries/${id}/retry`],
        ] as const
      ).map(async ([method, url, payload]) => {
        const answer = await world.app.inject({ method, url, ...(payload && { payload }) });
        return answer.statusCode;
      }),
    );
    expect(statuses).toEqual([403, 403, 403, 403, 404, 404]);
    const list = await world.app.inject('/tenants/acme/webhook-endpoints');
    expect(list.json()).toEqual({ endpoints: [] });
    expect(await world.rows('select 1 from tenantry.webhook_endpoints')).toHaveLength(1);
  });

  it('cannot be made for an integration that nobody has', async () => {
    world.caller = ACME;
    const answer = await world.app.inject({
      method: 'POST',
      url: '/tenants/acme/webhook-endpoints',
      payload: { url: 'http://127.0.0.1:9/hook', integrations: ['githb'] },
    });
    expect(answer.json()).toMatchObject({
      code: 'InvalidRequest',
      detail: 'integrations: "githb" is not in the catalog; did you mean "github"?',
    });
  });

  it('cannot be managed by roles that may not', async () => {
    for (const role of ['app', 'viewer'] as const) {
      world.caller = { ...ACME, role };
      const answer = await world.app.inject({
        method: 'POST',
        url: '/tenants/acme/webhook-endpoints',
        payload: { url: 'http://127.0.0.1:9/hook' },
      });
      expect(answer.statusCode).toBe(403);
    }
    expect((await world.app.inject('/webhooks/notion/verification-tokens')).statusCode).toBe(403);
  });
});

function withHeader({ headers, body }: SignedDelivery, name: string, value: string): SignedDelivery {
  return { headers: { ...headers, [name]: value }, body };
}

function signedGithub(body: string): SignedDelivery {
  const { headers } = github({});
  const mac = createHmac('sha256', SECRETS.GITHUB_WEBHOOK_SECRET).update(body).digest('hex');
  return {
    headers: { ...headers, 'x-hub-signature-256': `sha256=${mac}`, 'x-github-delivery': mac },
    body,
  };
}

/** Status line of the answer to a request of which every byte is ours. */
async function raw(path: string, lines: readonly string[], body: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const length = Buffer.byteLength(body);
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      'host: x',
      'connection: close',
      `content-length: ${length}`,
      ...lines,
      '',
      body,
    ].join('\r\n'),
  );
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text.split('\r\n')[0] ?? '';
}
