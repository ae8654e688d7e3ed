/** A provider goes away: its tokens serve until they end, others are not touched, and refreshes come by themselves. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../support/sidecar-replicas.ts';
import { startUnderFault, type UnderFault } from '../support/sidecar-under-fault.ts';

let world: UnderFault;

beforeAll(async () => {
  world = await startUnderFault();
  await world.connect('acme', 'jira');
});
afterEach(async () => {
  await world.calm();
  for (const integration of ['notion', 'jira']) {
    world.environment.idp.faults(integration).reset();
    world.environment.saas.faults(integration).reset();
  }
});
afterAll(() => world.close());

describe('a provider is away', () => {
  const away = /^ProviderUnavailable$/;
  const OUTAGES = {
    'cuts connections': (on: boolean) => jira().outage(on),
    'answers 500': (on: boolean) => jira().outage(on ? 500 : false),
    'answers 429': (on: boolean) => jira().outage(on ? 429 : false),
  } as const;
  const jira = (): ReturnType<typeof world.environment.idp.faults> => world.environment.idp.faults('jira');
  const HOUR_MS = 3_600_000;

  async function jiraRow(): Promise<{ credential_state: string; refresh_failures: number }> {
    const [row] = await world.sql<{ credential_state: string; refresh_failures: number }>(
      `select credential_state, refresh_failures from tenantry.installations
       where tenant = 'acme' and integration = 'jira' and status = 'active'`,
    );
    if (!row) throw new Error('acme is not connected to jira');
    return row;
  }

  const token = (integration: string): Promise<Answer> => world.token(integration);

  test.each(Object.keys(OUTAGES) as (keyof typeof OUTAGES)[])(
    'and %s: its token serves until it ends, then 503; others go on; the refresh comes by itself',
    async (how) => {
      const old = JSON.parse((await token('jira')).text) as { accessToken: string; expiresAt: string };
      OUTAGES[how](true);
      // Due, and not ended.
      world.clock.now = Date.parse(old.expiresAt) - 60_000;
      expect(JSON.parse((await token('jira')).text)).toMatchObject({ accessToken: old.accessToken });
      world.clock.now = Date.parse(old.expiresAt) + 1_000;
      const [refused, other, health, ready] = await Promise.all([
        token('jira'),
        token('slack'),
        world.call('/health'),
        world.call('/ready'),
      ]);
      expect(refused).toMatchObject({ status: 503, code: expect.stringMatching(away) as string });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.ms).toBeLessThan(31_000);
      expect([other.status, health.status, ready.status]).toEqual([200, 200, 200]);

      jira().reset();
      await vi.waitFor(
        async () => {
          world.clock.now += 20_000;
          expect(await jiraRow()).toMatchObject({ credential_state: 'active', refresh_failures: 0 });
        },
        { timeout: 20_000, interval: 200 },
      );
      const fresh = JSON.parse((await token('jira')).text) as { accessToken: string };
      expect(fresh.accessToken).not.toBe(old.accessToken);
      expect(jira().calls('refresh_token')).toBe(1);
    },
  );

  test('and answers nothing: nobody waits longer than 30 s, and the refresh comes by itself', async () => {
    const old = JSON.parse((await token('jira')).text) as { accessToken: string; expiresAt: string };
    const never = new Promise<void>(() => undefined);
    jira().delay(() => never);
    world.clock.now = Date.parse(old.expiresAt) + 1_000;
    const asked = token('jira');
    expect(await token('slack')).toMatchObject({ status: 200 });
    const refused = await asked;
    expect(refused).toMatchObject({ status: 503, code: expect.stringMatching(away) as string });
    expect(refused.ms).toBeLessThan(31_000);
    jira().reset();
    await vi.waitFor(
      async () => {
        world.clock.now += 20_000;
        expect(await jiraRow()).toMatchObject({ credential_state: 'active', refresh_failures: 0 });
      },
      { timeout: 20_000, interval: 200 },
    );
  });

  test('Vault goes away while the provider answers: the new token is kept until it can be stored', async () => {
    const old = JSON.parse((await token('jira')).text) as { accessToken: string; expiresAt: string };
    const before = jira().calls('refresh_token');
    jira().delayAnswer(() => world.vault.set('refuse'));
    world.clock.now += HOUR_MS;
    const asked = token('jira');
    await vi.waitFor(() => expect(jira().calls('refresh_token')).toBe(before + 1));
    expect(await token('notion')).toMatchObject({ status: expect.any(Number) as number });
    await world.vault.set('pass');
    jira().delayAnswer(undefined);
    const answer = await asked;
    expect(answer.status, answer.text).toBe(200);
    expect((JSON.parse(answer.text) as { accessToken: string }).accessToken).not.toBe(old.accessToken);
    expect(await jiraRow()).toMatchObject({ credential_state: 'active', refresh_failures: 0 });
    expect(jira().calls('refresh_token')).toBe(before + 1);
  });

  test('a refresh that fell due while Postgres was away is done afterwards, once', async () => {
    const old = JSON.parse((await token('jira')).text) as { accessToken: string };
    const before = jira().calls('refresh_token');
    await world.postgres.set('refuse');
    world.clock.now += HOUR_MS;
    const refused = await token('jira');
    expect(refused).toMatchObject({ status: 503 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await world.postgres.set('pass');
    await vi.waitFor(
      async () => {
        world.clock.now += 1_000;
        const answer = await token('jira');
        expect(answer.status).toBe(200);
        expect((JSON.parse(answer.text) as { accessToken: string }).accessToken).not.toBe(old.accessToken);
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(jira().calls('refresh_token')).toBe(before + 1);
    expect(await jiraRow()).toMatchObject({ credential_state: 'active' });
  });

  test('its API is away: 502 or 504 with Retry-After for calls to it, and others are not touched', async () => {
    const vendor = world.environment.idp.faults('notion');
    const api = world.environment.saas.faults('notion');
    const call = async (integration: string, path: string): Promise<Answer> =>
      await world.call(`/proxy/${integration}/${path}`, { key: await world.jwt('app') });
    vendor.outage(true);
    const [cut, other] = await Promise.all([
      call('notion', 'v1/users'),
      call('slack', 'api/conversations.list'),
    ]);
    expect(cut).toMatchObject({ status: 502, code: 'UpstreamUnreachable' });
    expect(Number(cut.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(other.status).toBe(200);
    vendor.reset();
    const answer = Promise.withResolvers<void>();
    api.delay(() => answer.promise);
    const slow = await call('notion', 'v1/users');
    expect(slow).toMatchObject({ status: 504, code: 'UpstreamTimeout' });
    expect(slow.ms).toBeLessThan(8_000);
    answer.resolve();
    api.reset();
    expect(await call('notion', 'v1/users')).toMatchObject({ status: 200 });
  });
});
