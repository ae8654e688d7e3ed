import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { emitEvent } from '../../../src/sidecar/webhooks/events.ts';
import { rewrapSecrets } from '../../../src/sidecar/webhooks/rewrap.ts';
import { queueLost } from '../../../src/sidecar/webhooks/sweep.ts';
import { startReceiver, type TestReceiver } from './receiver.ts';
import { github } from './signing.ts';
import { clearWebhooks, startWebhookWorld, type WebhookWorld } from './world.ts';

let world: WebhookWorld;
let receiver: TestReceiver;
beforeAll(async () => {
  world = await startWebhookWorld({ timeoutMs: 3_000 });
});
beforeEach(async () => {
  await clearWebhooks(world);
  await receiver?.close();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await world.close();
});

const HOUR_MS = 3_600_000;

interface Shown {
  readonly id: string;
  readonly event: string;
  readonly status: string;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

async function makeEndpoint(tenant = 'acme', body: object = {}): Promise<string> {
  const answer = await world.app.inject({
    method: 'POST',
    url: `/tenants/${tenant}/webhook-endpoints`,
    payload: { url: receiver.url, ...body },
  });
  const made = answer.json<{ id: string; secret: string }>();
  if (answer.statusCode !== 201) throw new Error(answer.body);
  receiver.secret = made.secret;
  return made.id;
}

async function deliveries(query = '', tenant = 'acme'): Promise<Shown[]> {
  const answer = await world.app.inject(`/tenants/${tenant}/webhook-deliveries${query}`);
  return answer.json<{ deliveries: Shown[] }>().deliveries;
}

/** One event of GitHub comes in for acme. */
async function comeIn(id = 'delivery-1', facts: object = {}): Promise<ReturnType<typeof github>> {
  const delivery = github({ action: 'opened', installation: { id: 101 }, id, ...facts }, { id });
  const { status } = await world.post('/webhooks/github', delivery);
  if (status !== 200) throw new Error(`answered ${status}`);
  return delivery;
}

const connectGithub = () => world.install({ tenant: 'acme', integration: 'github', account: '101' });

/** Works the queue off while the clock goes on to each next job, for so long at most. */
async function letTimePass(ms: number): Promise<void> {
  const end = world.clock.now + ms;
  await world.queue.runDue();
  for (let next = world.queue.jobs[0]; next !== undefined && next.runAt <= end; next = world.queue.jobs[0]) {
    world.clock.now = Math.max(world.clock.now, next.runAt);
    await world.queue.runDue();
  }
  world.clock.now = end;
}

describe('a delivery to a tenant’s endpoint', () => {
  it('is signed as Standard Webhooks says and holds the provider’s body as it came', async () => {
    await connectGithub();
    await makeEndpoint();
    const { body } = await comeIn('delivery-1', { number: 12, text: 'ü — \u2028' });
    await world.queue.runDue();
    const [message, ...more] = receiver.messages;
    expect(more).toEqual([]);
    expect(message?.isGenuine).toBe(true);
    expect(message?.timestamp).toBe(Math.floor(world.clock.now / 1000));
    expect(JSON.parse(message?.body ?? '')).toEqual({
      id: message?.id,
      source: 'provider',
      type: 'issues.opened',
      tenant: 'acme',
      integration: 'github',
      received_at: new Date(world.clock.now).toISOString(),
      headers: {},
      content_type: 'application/json',
      body,
      body_encoding: 'utf8',
    });
    expect(await deliveries()).toMatchObject([
      { status: 'delivered', attempts: 1, event: message?.id, lastStatus: 204 },
    ]);
  });

  it('goes to the endpoints of its tenant that want its integration, and to no other', async () => {
    await connectGithub();
    const other = await startReceiver();
    await makeEndpoint('globex', { url: other.url });
    await makeEndpoint('acme', { url: other.url, integrations: ['slack'] });
    await makeEndpoint('acme', { integrations: ['github', 'slack'] });
    await comeIn();
    await world.queue.runDue();
    await other.close();
    expect([receiver.messages.length, other.messages.length]).toEqual([1, 0]);
  });

  it('is not sent again when the provider sends its event again', async () => {
    await connectGithub();
    await makeEndpoint();
    await comeIn();
    await world.queue.runDue();
    await comeIn();
    await world.queue.runDue();
    expect(receiver.messages).toHaveLength(1);
  });

  it('keeps jobs free of everything but ids', async () => {
    await connectGithub();
    await makeEndpoint();
    await comeIn();
    expect(world.queue.jobs).toEqual([
      {
        task: 'webhooks.deliver',
        payload: { tenant: 'acme', delivery: expect.any(String) },
        runAt: world.clock.now,
      },
    ]);
  });

  it('is tried again with the same id and a new time until the endpoint takes it', async () => {
    await connectGithub();
    await makeEndpoint();
    receiver.answer = (response) =>
      void response.writeHead(receiver.messages.length < 3 ? 500 : 200).end('no');
    await comeIn();
    await letTimePass(HOUR_MS);
    expect(receiver.messages.map(({ isGenuine }) => isGenuine)).toEqual([true, true, true]);
    expect(new Set(receiver.messages.map(({ id }) => id)).size).toBe(1);
    const times = receiver.messages.map(({ timestamp }) => timestamp);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 5, 35]);
    expect(await deliveries()).toMatchObject([{ status: 'delivered', attempts: 3, lastError: null }]);
  });

  it('is given up after about a day, is listed as dead and can be sent again by hand', async () => {
    await connectGithub();
    await makeEndpoint();
    receiver.answer = (response) => void response.writeHead(503).end();
    await comeIn();
    await letTimePass(25 * HOUR_MS);
    expect(world.queue.jobs).toEqual([]);
    const tries = receiver.messages.map(({ timestamp }) => timestamp);
    expect(tries.length).toBeGreaterThan(8);
    const hours = ((tries.at(-1) ?? 0) - (tries[0] ?? 0)) / 3600;
    expect([hours > 12, hours < 24.5]).toEqual([true, true]);
    expect(await deliveries('?status=pending')).toEqual([]);
    const [dead] = await deliveries('?status=dead');
    expect(dead).toMatchObject({ lastStatus: 503, lastError: 'the endpoint answered 503' });
    receiver.answer = (response) => void response.writeHead(200).end();
    const again = { method: 'POST', url: `/tenants/acme/webhook-deliveries/${dead?.id}/retry` } as const;
    expect((await world.app.inject(again)).statusCode).toBe(202);
    await world.queue.runDue();
    expect(await deliveries()).toMatchObject([{ status: 'delivered' }]);
    expect((await world.app.inject(again)).statusCode).toBe(404);
  });

  it('waits as long as the endpoint asks for, an hour at most', async () => {
    await connectGithub();
    await makeEndpoint();
    for (const [asked, seconds] of [
      ['120', 120],
      ['86400', 3600],
    ] as const) {
      receiver.answer = (response) => void response.writeHead(429, { 'retry-after': asked }).end();
      await comeIn(`retry-after-${asked}`);
      const before = world.clock.now;
      await world.queue.runDue();
      expect(world.queue.jobs.at(-1)?.runAt).toBe(before + seconds * 1000);
    }
  });

  it('is not redirected anywhere', async () => {
    await connectGithub();
    await makeEndpoint();
    const inside = await startReceiver();
    receiver.answer = (response) => void response.writeHead(307, { location: inside.url }).end();
    await comeIn();
    await world.queue.runDue();
    await inside.close();
    expect(inside.requests()).toBe(0);
    expect(await deliveries()).toMatchObject([{ status: 'pending', lastStatus: 307 }]);
  });

  it('ends when the endpoint does not answer in time, whatever it drips', async () => {
    await connectGithub();
    await makeEndpoint();
    receiver.answer = () => undefined;
    await comeIn();
    await world.queue.runDue();
    expect(await deliveries()).toMatchObject([
      { status: 'pending', lastStatus: null, lastError: 'UpstreamTimeout' },
    ]);
  });

  it('takes a status for an answer, also when the body has no end', async () => {
    await connectGithub();
    await makeEndpoint();
    receiver.answer = (response) => {
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more));
      more();
    };
    await comeIn();
    await world.queue.runDue();
    const [row] = await world.rows('select * from tenantry.webhook_deliveries');
    expect(row).toMatchObject({ status: 'delivered', last_status: 200 });
    expect(JSON.stringify(row)).not.toContain('xxxx');
  });

  it('of an endpoint that says it is gone is the last', async () => {
    await connectGithub();
    await makeEndpoint();
    receiver.answer = (response) => void response.writeHead(410).end();
    await comeIn('delivery-1');
    await comeIn('delivery-2');
    await letTimePass(HOUR_MS);
    await comeIn('delivery-3');
    await letTimePass(HOUR_MS);
    expect(receiver.messages).toHaveLength(1);
    expect((await deliveries()).map(({ status, lastError }) => [status, lastError]).sort()).toEqual([
      ['dead', 'the endpoint answered 410'],
      ['dead', 'the endpoint is disabled'],
    ]);
  });

  it('waits while its endpoint is failing, so that a thousand events are not a thousand calls', async () => {
    await connectGithub();
    await makeEndpoint();
    receiver.answer = (response) => void response.writeHead(500).end();
    for (let index = 0; index < 30; index++) await comeIn(`delivery-${index}`);
    await letTimePass(30_000);
    expect(receiver.messages.length).toBeLessThan(12);
    receiver.answer = (response) => void response.writeHead(200).end();
    await letTimePass(2 * HOUR_MS);
    expect(new Set((await deliveries()).map(({ status }) => status))).toEqual(new Set(['delivered']));
    expect(await world.rows('select failures, paused_until from tenantry.webhook_endpoints')).toEqual([
      { failures: 0, paused_until: null },
    ]);
  });

  it('leaves places of the queue free when endpoints are slow', async () => {
    await connectGithub();
    await makeEndpoint();
    const open: (() => void)[] = [];
    receiver.answer = (response) => void open.push(() => response.writeHead(200).end());
    for (let index = 0; index < 6; index++) await comeIn(`delivery-${index}`);
    const running = world.queue.runDueAtOnce();
    await expect.poll(() => [open.length, world.queue.jobs.length]).toEqual([2, 4]);
    for (const answer of open) answer();
    await running;
    expect((await deliveries()).map(({ attempts }) => attempts).sort()).toEqual([0, 0, 0, 0, 1, 1]);
    receiver.answer = (response) => void response.writeHead(200).end();
    await letTimePass(60_000);
    expect(new Set((await deliveries()).map(({ status }) => status))).toEqual(new Set(['delivered']));
  });

  it('is found again when its job is lost', async () => {
    await connectGithub();
    await makeEndpoint();
    await comeIn();
    world.queue.clear();
    expect(await queueLost(world.context)).toBe(0);
    world.clock.now += 6 * 60_000;
    expect(await queueLost(world.context)).toBe(1);
    expect(await queueLost(world.context)).toBe(0);
    await world.queue.runDue();
    expect(await deliveries()).toMatchObject([{ status: 'delivered' }]);
  });

  it('is no try while Vault is away', async () => {
    await connectGithub();
    await makeEndpoint();
    await comeIn();
    const { vault } = world.context;
    const write = vault.write;
    Object.assign(vault, { write: () => Promise.reject(new TenantryError('VaultUnreachable', 'away')) });
    await expect(world.queue.runDue()).rejects.toThrow('away');
    Object.assign(vault, { write });
    expect(await deliveries()).toMatchObject([{ status: 'pending', attempts: 0 }]);
    expect(receiver.requests()).toBe(0);
  });
});

describe('events of Tenantry itself', () => {
  it('go the same way, and the same id goes once', async () => {
    await makeEndpoint();
    for (let index = 0; index < 2; index++) {
      await emitEvent(world.context, {
        tenant: 'acme',
        integration: 'notion',
        type: 'integration.needs_reauthorization',
        data: { reason: 'invalid_grant' },
        id: 'version-7',
      });
    }
    await world.queue.runDue();
    expect(receiver.messages.map(({ isGenuine }) => isGenuine)).toEqual([true]);
    expect(JSON.parse(receiver.messages[0]?.body ?? '')).toMatchObject({
      source: 'tenantry',
      type: 'integration.needs_reauthorization',
      integration: 'notion',
      data: { reason: 'invalid_grant' },
    });
  });
});

describe('an endpoint', () => {
  it('shows its secret once, and the tables hold it as cipher text only', async () => {
    await makeEndpoint();
    expect(receiver.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const list = await world.app.inject('/tenants/acme/webhook-endpoints');
    expect(list.json()).toMatchObject({
      endpoints: [{ url: receiver.url, integrations: [], pausedUntil: null }],
    });
    const tables = JSON.stringify(await world.rows('select * from tenantry.webhook_endpoints'));
    expect(list.body + tables + world.context.lines.join('')).not.toContain(receiver.secret.slice(6, 30));
  });

  it('goes on when its tenant’s key was rotated and the old version ended', async () => {
    await connectGithub();
    await makeEndpoint();
    const { vault } = world;
    expect(await rewrapSecrets(world.context)).toBe(0);
    await vault.write('transit/keys/acme/rotate');
    expect(await rewrapSecrets(world.context)).toBe(1);
    await vault.write('transit/keys/acme/config', { min_decryption_version: 2 });
    await comeIn();
    await world.queue.runDue();
    expect(receiver.messages.map(({ isGenuine }) => isGenuine)).toEqual([true]);
  });

  it('is not tried for what can never be read again', async () => {
    await connectGithub();
    await makeEndpoint();
    await comeIn();
    await world.rows(`update tenantry.webhook_events set body = 'vault:v1:AAAA'`);
    await world.queue.runDue();
    expect(await deliveries()).toMatchObject([{ status: 'dead', lastError: 'VaultEncryptionError' }]);
    expect(receiver.requests()).toBe(0);
  });

  it('takes what waits for it with it when it is deleted', async () => {
    await connectGithub();
    const id = await makeEndpoint();
    await comeIn();
    const answer = await world.app.inject({ method: 'DELETE', url: `/tenants/acme/webhook-endpoints/${id}` });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    await world.queue.runDue();
    expect([receiver.messages, await deliveries()]).toEqual([[], []]);
  });

  it('is one of twenty at most', async () => {
    for (let index = 0; index < 20; index++) await makeEndpoint();
    await expect(makeEndpoint()).rejects.toThrow('InvalidRequest');
  });

  it('is made for tenants that there are', async () => {
    await expect(makeEndpoint('initech')).rejects.toThrow('NotFound');
  });

  it('collects no more than ten thousand deliveries; the rest can be sent by hand', async () => {
    await connectGithub();
    const id = await makeEndpoint();
    await comeIn('delivery-1');
    await world.rows(
      `with e as (insert into tenantry.webhook_events (tenant, integration, external_id, body)
         select 'acme', 'github', 'filler-' || n, 'x' from generate_series(1, 9999) n returning id)
       insert into tenantry.webhook_deliveries (tenant, event, endpoint) select 'acme', id, '${id}' from e`,
    );
    world.queue.clear();
    await comeIn('delivery-2');
    expect(world.queue.jobs).toEqual([]);
    expect(await deliveries('?status=dead')).toMatchObject([
      { lastError: expect.stringContaining('too many') },
    ]);
  });
});
