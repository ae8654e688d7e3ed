/** The sidecar on the real Vault with the policy `gateway-service` and a Postgres login of its own, and nothing more. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectByLink } from '../../src/dev/browser.ts';
import { stableUuid } from '../../src/dev/idp/tenant-facts.ts';
import { rowSecurityBypass } from '../../src/sidecar/database/bypass.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { startReceiver, type TestReceiver } from '../sidecar/webhooks/receiver.ts';
import { type RealVault, startVault } from '../support/engines/vault.ts';
import { call, prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { sql } from '../support/sql.ts';

let world: SidecarWorld<RealVault>;
let sidecar: Sidecar;
let keys: Awaited<ReturnType<typeof prepare>>;
let receiver: TestReceiver;
/** Written by hand before the sidecar was started. */
let byHand: string;
/** Tokens that were seen; none may be anywhere in clear. */
const seen = new Set<string>();

beforeAll(async () => {
  [world, receiver] = await Promise.all([
    startSidecarWorld(() => startVault({ storage: 'file' })),
    startReceiver(),
  ]);
  keys = await prepare(world);
  byHand = (await world.idp.issue('notion', { tenant: 'acme', scopes: [] })).accessToken;
  seen.add(byHand);
  await world.asRoot('POST', 'secret/data/acme/notion', { data: { access_token: byHand } });
  sidecar = await world.start();
});
afterAll(() => Promise.all([world?.close(), receiver?.close()]));

const signal = AbortSignal.timeout(300_000);
const tokenPath = (integration: string): string => `/tenants/acme/integrations/${integration}/token`;

async function tokenOf(integration: string): Promise<string> {
  const { status, json, text } = await call<{ accessToken: string }>(sidecar, tokenPath(integration), {
    key: keys.app,
  });
  expect(status, text).toBe(200);
  seen.add(json.accessToken);
  return json.accessToken;
}

async function stored(integration: string): Promise<Record<string, unknown> | undefined> {
  const path = `secret/data/acme/${integration}`;
  const answer = await world.asRoot<{ data?: { data: Record<string, unknown> | null } }>('GET', path);
  return answer.data?.data ?? undefined;
}

async function rowOf(integration: string): Promise<Record<string, unknown> | undefined> {
  const text = `select * from tenantry.installations where tenant = 'acme' and integration = $1
    order by created_at desc`;
  return (await sql(world.systems, text, [integration]))[0];
}

/** Waits for what happens in the background; the last failure is told. */
function soon<T>(look: () => Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 20_000, interval: 50 });
}

async function linkFor(integration: string): Promise<string> {
  const path = `/tenants/acme/integrations/${integration}/connect-links`;
  const { status, json, text } = await call<{ url: string }>(sidecar, path, {
    key: keys.app,
    method: 'POST',
    body: {},
  });
  expect(status, text).toBe(201);
  return json.url;
}

describe('with the rights of the sidecar and no more', () => {
  it('starts, is ready, and nothing of its logins gets around row-level security', async () => {
    expect((await call(sidecar, '/ready')).status).toBe(200);
    expect(await rowSecurityBypass(sidecar.context.database)).toBeUndefined();
  });

  it('takes what was written by hand into its books at the start, encrypted in place and counted', async () => {
    await soon(async () => expect(await rowOf('notion')).toMatchObject({ credential_state: 'active' }));
    expect((await stored('notion'))?.['access_token']).toMatch(/^vault:v1:/);
    const { values } = await sidecar.context.metrics.encryptedInPlace.get();
    expect(values).toEqual([{ labels: { tenant: 'acme' }, value: 1 }]);
    expect(await tokenOf('notion')).toBe(byHand);
  });

  it('connects by a link of the command line, with an app whose secret is in Vault', async () => {
    const { code, stdout, stderr } = await world.run(['connect', 'acme', 'linear', '--no-open']);
    expect(code, stderr).toBe(0);
    await connectByLink(stdout.trim(), 'acme', signal);
    expect(await stored('linear')).toMatchObject({
      access_token: expect.stringMatching(/^vault:v1:/),
      refresh_token: expect.stringMatching(/^vault:v1:/),
    });
    expect(await world.idp.introspect('linear', await tokenOf('linear'))).toMatchObject({
      active: true,
      sub: 'acme',
    });
  });

  it('calls the service through the proxy', async () => {
    const { status, json } = await call(sidecar, '/proxy/linear/graphql', {
      key: keys.app,
      method: 'POST',
      body: { query: '{ viewer { id name } }' },
    });
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { data: { viewer: { name: 'acme owner' } } },
    });
  });

  it('refreshes before the end, once, and Airbyte’s source gets the new token', async () => {
    const applied = await world.run(['apply', '--yes']);
    expect(applied.code, applied.stderr).toBe(0);
    const before = await tokenOf('linear');
    const sourceHas = async (token: string): Promise<void> =>
      expect(await world.sourceConfiguration('acme-linear')).toMatchObject({ api_key: `Bearer ${token}` });
    await soon(() => sourceHas(before));
    world.idp.faults('linear').reset();
    world.clock.now += 86_400_000 - 700_000;
    await soon(async () =>
      expect(await rowOf('linear')).toMatchObject({ last_refreshed_at: expect.any(Date) }),
    );
    const after = await tokenOf('linear');
    expect(after).not.toBe(before);
    expect(world.idp.faults('linear').calls('refresh_token')).toBe(1);
    await soon(() => sourceHas(after));
  });

  it('leaves nothing to plan that is not its own work', async () => {
    const { json } = await world.json<{ changes: number; steps: { id: string; action: string }[] }>(['plan']);
    expect(json.steps.filter(({ action }) => !['none', 'wait'].includes(action)).map(({ id }) => id)).toEqual(
      [],
    );
    expect(json.changes).toBe(0);
  });

  it('takes webhooks signed with a secret in Vault, and signs its own with one that only Transit opens', async () => {
    const made = await call<{ secret: string }>(sidecar, '/tenants/acme/webhook-endpoints', {
      key: keys.admin,
      method: 'POST',
      body: { url: receiver.url },
    });
    expect(made.status, made.text).toBe(201);
    receiver.secret = made.json.secret;
    seen.add(made.json.secret);
    const body = {
      type: 'Issue',
      action: 'create',
      organizationId: stableUuid('linear organization', 'acme'),
      webhookTimestamp: world.clock.now,
    };
    const sign = (key: string): Promise<{ status: number }> =>
      call(sidecar, '/webhooks/linear', {
        method: 'POST',
        body,
        headers: {
          'linear-event': 'Issue',
          'linear-delivery': 'delivery-1',
          'linear-signature': createHmac('sha256', key).update(JSON.stringify(body)).digest('hex'),
        },
      });
    expect((await sign('guessed')).status).toBe(401);
    expect((await sign(world.appSecrets['linear_webhook_secret'] ?? '')).status).toBe(200);
    await soon(async () => expect(receiver.messages.length).toBeGreaterThan(0));
    const message = receiver.messages.find(({ body: text }) => text.includes('Issue.create'));
    expect(message).toMatchObject({ isGenuine: true });
    const kept = await sql(world.systems, 'select secret from tenantry.webhook_endpoints');
    expect(kept).toEqual([{ secret: expect.stringMatching(/^vault:v1:/) }]);
  });

  it('revokes: every version is destroyed, and the provider has ended the grant', async () => {
    const token = await tokenOf('linear');
    const path = '/tenants/acme/integrations/linear/credentials';
    const { status, json } = await call(sidecar, path, { key: keys.app, method: 'DELETE' });
    expect({ status, json }).toMatchObject({ status: 200, json: { success: true, atProvider: 'done' } });
    expect(await world.idp.introspect('linear', token)).toMatchObject({ active: false });
    const { data } = await world.asRoot<{
      data: { versions: Record<string, object>; current_version: number };
    }>('GET', 'secret/metadata/acme/linear');
    const { [String(data.current_version)]: tombstone, ...tokens } = data.versions;
    expect(Object.keys(tokens).length).toBeGreaterThan(1);
    for (const version of Object.values(tokens)) expect(version).toMatchObject({ destroyed: true });
    expect(tombstone).toMatchObject({ deletion_time: expect.stringMatching(/^20/) });
    expect((await call(sidecar, tokenPath('linear'), { key: keys.app })).json).toMatchObject({
      code: 'CredentialNotFoundError',
    });
    await connectByLink(await linkFor('linear'), 'acme', signal);
    expect(await tokenOf('linear')).not.toBe(token);
  });
});

describe('while Vault fails', () => {
  /** What is in memory would hide it. */
  async function forgetTokens(): Promise<void> {
    await sql(world.systems, 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
      world.login.user,
    ]);
    world.clock.now += 301_000;
  }

  /** An answer is used again for a second. */
  async function expectReady(status: number): Promise<void> {
    world.clock.now += 1_001;
    expect((await call(sidecar, '/ready')).status).toBe(status);
  }

  async function expectSameToken(work: () => Promise<unknown>): Promise<void> {
    const before = await tokenOf('linear');
    await forgetTokens();
    await work();
    await soon(() => expectReady(200));
    expect(await tokenOf('linear')).toBe(before);
  }

  it('sealed: 503 with a code and Retry-After, and after it is unsealed everything goes on', async () => {
    await expectSameToken(async () => {
      await world.systems.vault.seal();
      const { status, headers, json } = await call(sidecar, tokenPath('linear'), { key: keys.app });
      expect({ status, json }).toMatchObject({ status: 503, json: { code: 'VaultSealed' } });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      await soon(() => expectReady(503));
      expect((await call(sidecar, '/health')).status).toBe(200);
      await world.systems.vault.unseal();
    });
  });

  it('restarted: it goes on', () => expectSameToken(() => world.systems.vault.restart()));

  it('with its token revoked it logs in again', async () => {
    await expectSameToken(async () => {
      const revoked = await revokeTokensOf('sidecar');
      expect(revoked).toBeGreaterThan(0);
    });
  });

  it('without its policy it says which capability is missing, and to the caller no more than that', async () => {
    const { data } = await world.asRoot<{ data: { policy: string } }>(
      'GET',
      'sys/policies/acl/gateway-service',
    );
    await expectSameToken(async () => {
      await world.asRoot('POST', 'sys/policies/acl/gateway-service', {
        policy: 'path "none" { capabilities = ["deny"] }',
      });
      const { status, json } = await call(sidecar, tokenPath('linear'), { key: keys.app });
      expect(status).toBeGreaterThanOrEqual(500);
      expect(json).toMatchObject({ code: 'VaultForbidden' });
      await world.asRoot('POST', 'sys/policies/acl/gateway-service', { policy: data.policy });
    });
  });

  it('a second replica serves the same tokens, and hears of a revocation', async () => {
    const other = await world.start({ port: 0 });
    const ask = (): Promise<{ status: number; text: string }> =>
      call(other, tokenPath('linear'), { key: keys.app });
    expect((await ask()).text).toContain(await tokenOf('linear'));
    const path = '/tenants/acme/integrations/linear/credentials';
    expect((await call(sidecar, path, { key: keys.app, method: 'DELETE' })).status).toBe(200);
    await soon(async () => expect((await ask()).status).toBe(404));
    await other.close();
  });
});

it('no token and no secret of an app is in the log or in the tables', async () => {
  const dump = await sql<{ text: string }>(
    world.systems,
    `select table_name as name, query_to_xml(format('select * from tenantry.%I', table_name), true, true, '')::text as text
     from information_schema.tables where table_schema = 'tenantry'`,
  );
  const queue = await sql<{ text: string }>(
    world.systems,
    `select query_to_xml('select * from tenantry_queue._private_jobs', true, true, '')::text as text`,
  );
  const everything = [...world.lines, ...dump.map(({ text }) => text), ...queue.map(({ text }) => text)].join(
    '\n',
  );
  const secrets = [...seen, ...Object.values(world.appSecrets), world.login.password, keys.app, keys.admin];
  expect(secrets.length).toBeGreaterThan(8);
  expect(secrets.filter((secret) => everything.includes(secret))).toEqual([]);
  expect(everything).toContain('acme');
});

/** Every token that an AppRole gave out. */
async function revokeTokensOf(role: string): Promise<number> {
  const { data } = await world.asRoot<{ data: { keys: string[] } }>('GET', 'auth/token/accessors?list=true');
  let count = 0;
  for (const accessor of data.keys) {
    const found = await world.asRoot<{ data?: { meta?: { role_name?: string } } }>(
      'POST',
      'auth/token/lookup-accessor',
      { accessor },
    );
    if (found.data?.meta?.role_name !== role) continue;
    await world.asRoot('POST', 'auth/token/revoke-accessor', { accessor });
    count += 1;
  }
  return count;
}
