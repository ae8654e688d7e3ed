import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { requireIntegration } from '../../../src/sidecar/stack/view.ts';
import { takePendingCode } from '../../../src/sidecar/webhooks/handshakes.ts';
import { github, linear, notion, sentry, slack } from './signing.ts';
import { clearWebhooks, startWebhookWorld, type WebhookWorld } from './world.ts';

let world: WebhookWorld;
beforeAll(async () => {
  world = await startWebhookWorld();
});
beforeEach(() => clearWebhooks(world));
afterAll(() => world.close());

const events = (): Promise<{ event_type: string | null }[]> =>
  world.rows('select event_type from tenantry.webhook_events order by received_at, external_id');

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
    expect(told).toEqual(expect.arrayContaining(['integration.suspended', 'integration.resumed']));
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
