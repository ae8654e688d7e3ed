import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decryptText } from '../../../src/sidecar/oauth/tenant-key.ts';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import { type ScriptedProvider, scriptedProvider } from '../oauth/scripted-provider.ts';
import { KEY, type OAuthWorld, startOAuthWorld } from '../oauth/world.ts';

let world: OAuthWorld;
let script: ScriptedProvider;

type Row = Record<string, unknown> & { id: string; tenantId: string; platform: string };

beforeAll(async () => {
  script = scriptedProvider();
  const tenants = ['acme', 'globex', 'initech'];
  world = await startOAuthWorld({
    documents: tenants
      .map((name) => tenantYaml(name) + integrationYaml(name, 'notion') + integrationYaml(name, 'linear'))
      .join(''),
    providers: () => script.providers,
  });
  for (const tenant of tenants) {
    await connect(tenant, 'notion', { workspace_id: `ws-${tenant}`, workspace_name: tenant });
    await connect(tenant, 'linear', { organization_id: `org-${tenant}` });
  }
});
afterAll(() => world?.close());
beforeEach(() => {
  world.caller = { ...KEY, role: 'admin', tenants: 'all' };
});

async function connect(tenant: string, integration: string, facts: Record<string, string>): Promise<void> {
  const { url } = await world.link(integration, {}, tenant);
  const browser = world.browser();
  const pressed = await browser.press(await browser.visit(url));
  const done = await browser.visit(script.agree(pressed.location ?? '', { facts }));
  if (done.status !== 200) throw new Error(done.text);
}

async function list(query = ''): Promise<{ installations: Row[]; next: string | null }> {
  const answer = await world.app.inject(`/oauth/installations${query}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

async function idOf(tenant: string, platform: string): Promise<string> {
  const { installations } = await list(`?tenant=${tenant}&platform=${platform}`);
  return installations[0]?.id ?? '';
}

async function send(
  method: 'DELETE' | 'PATCH' | 'PUT',
  url: string,
  payload?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await world.app.inject({ method, url, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() };
}

describe('GET /oauth/installations', () => {
  it('shows those of the caller’s tenants and no others', async () => {
    expect((await list()).installations).toHaveLength(6);
    world.caller = { ...KEY, tenants: ['acme', 'globex'] };
    const { installations } = await list();
    expect(new Set(installations.map(({ tenantId }) => tenantId))).toEqual(new Set(['acme', 'globex']));
    expect((await world.app.inject('/oauth/installations?tenant=initech')).statusCode).toBe(403);
  });

  it('filters by platform, status and tenant', async () => {
    expect((await list('?platform=notion')).installations).toHaveLength(3);
    expect((await list('?status=revoked')).installations).toHaveLength(0);
    expect((await list('?tenant=acme&platform=notion')).installations).toEqual([
      expect.objectContaining({
        tenantId: 'acme',
        platform: 'notion',
        status: 'active',
        externalOrgId: 'ws-acme',
        externalOrgName: 'acme',
        externalInstallId: 'ws-acme',
        installedBy: KEY.id,
        hasWebhookSecret: false,
        revokedAt: null,
      }),
    ]);
  });

  it('gives every one once over its pages', async () => {
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const page: { installations: Row[]; next: string | null } = await list(
        `?limit=4${next === null ? '' : `&after=${next}`}`,
      );
      expect(page.installations.length).toBeLessThanOrEqual(4);
      seen.push(...page.installations.map(({ id }) => id));
      next = page.next;
    } while (next !== null);
    expect([seen.length, new Set(seen).size]).toEqual([6, 6]);
  });
});

describe('an installation', () => {
  it('is suspended, and goes on', async () => {
    const id = await idOf('acme', 'linear');
    const path = `/oauth/installations/${id}`;
    expect(await send('PATCH', path, { status: 'suspended' })).toMatchObject({
      body: { status: 'suspended' },
    });
    expect((await list('?status=suspended')).installations).toHaveLength(1);
    const token = '/tenants/acme/integrations/linear/token';
    expect((await world.app.inject(token)).statusCode).toBe(403);
    expect((await world.app.inject('/tenants/acme/integrations/linear')).json()).toMatchObject({
      status: 'suspended',
    });
    expect(await send('PATCH', path, { status: 'active' })).toMatchObject({ body: { status: 'active' } });
    expect((await world.app.inject(token)).statusCode).toBe(200);
    expect((await send('PATCH', path, { status: 'revoked' })).status).toBe(400);
  });

  it('has a webhook secret that stands in the row as cipher text of its tenant', async () => {
    const id = await idOf('acme', 'notion');
    const url = `/oauth/installations/${id}/webhook-secret`;
    expect((await send('PUT', url, { secret: 'webhook-canary-1' })).status).toBe(204);
    expect((await list('?tenant=acme&platform=notion')).installations[0]).toMatchObject({
      hasWebhookSecret: true,
    });
    const [row] = await world.db.admin.query<{ webhook_secret: string }>(
      'select webhook_secret from tenantry.installations where id = $1',
      [id],
    );
    expect(row?.webhook_secret).toMatch(/^vault:v1:/);
    expect(await decryptText(world.context.vault, 'acme', row?.webhook_secret ?? '')).toBe(
      'webhook-canary-1',
    );
    await expect(decryptText(world.context.vault, 'globex', row?.webhook_secret ?? '')).rejects.toThrow();
    expect(JSON.stringify(world.context.lines)).not.toContain('webhook-canary-1');
  });

  it('of another tenant is as unknown as one that nobody has', async () => {
    const foreign = await idOf('initech', 'notion');
    world.caller = { ...KEY, role: 'tenant-admin', tenants: ['acme'] };
    const nobody = '00000000-0000-4000-8000-000000000000';
    const tries = async (id: string): Promise<unknown[]> =>
      await Promise.all([
        send('DELETE', `/oauth/installations/${id}`),
        send('PATCH', `/oauth/installations/${id}`, { status: 'suspended' }),
        send('PUT', `/oauth/installations/${id}/webhook-secret`, { secret: 'x'.repeat(20) }),
      ]);
    const strip = (answers: unknown): string =>
      JSON.stringify(answers).replaceAll(/"requestId":"[^"]*"/g, '');
    const [one, other] = [await tries(foreign), await tries(nobody)];
    expect(strip(one)).toBe(strip(other));
    expect(one).toMatchObject([{ status: 404 }, { status: 404 }, { status: 404 }]);
    world.caller = { ...KEY, role: 'admin', tenants: 'all' };
    expect((await list('?tenant=initech&platform=notion')).installations[0]).toMatchObject({
      status: 'active',
      hasWebhookSecret: false,
    });
  });

  it('is ended, and its account is free for another tenant', async () => {
    const id = await idOf('globex', 'linear');
    expect(await send('DELETE', `/oauth/installations/${id}`)).toMatchObject({
      status: 200,
      body: { success: true, revokedAt: expect.any(String) },
    });
    expect((await send('DELETE', `/oauth/installations/${id}`)).status).toBe(404);
    expect(await world.stored('globex', 'linear')).toBeUndefined();
    await connect('globex', 'linear', { organization_id: 'org-other' });
    expect((await list('?tenant=globex&platform=linear')).installations).toHaveLength(2);
  });
});

describe('GET /token', () => {
  async function ask(query: string): Promise<{ status: number; tenantId?: string; code?: string }> {
    const answer = await world.app.inject(`/token?${query}`);
    return { status: answer.statusCode, ...answer.json<{ tenantId?: string; code?: string }>() };
  }

  it('finds the tenant by organisation, by installation at the provider and by installation here', async () => {
    const id = await idOf('acme', 'notion');
    for (const query of ['organization=ws-acme', 'installation=ws-acme', `installation=${id}`]) {
      expect(await ask(`platform=notion&${query}`)).toMatchObject({ status: 200, tenantId: 'acme' });
    }
    expect(world.accesses.at(-1)).toMatchObject({ action: 'token.read', tenant: 'acme', outcome: 'ok' });
  });

  it('looks among the caller’s tenants only, at ids only, on this platform only', async () => {
    world.caller = { ...KEY, tenants: ['globex'] };
    const id = (
      await world.db.admin.query<{ id: string }>(
        `select id from tenantry.installations where tenant = 'acme' and integration = 'notion'`,
      )
    )[0]?.id;
    for (const query of ['organization=ws-acme', 'installation=ws-acme', `installation=${id}`]) {
      expect(await ask(`platform=notion&${query}`)).toMatchObject({ status: 404, code: 'NotFound' });
    }
    expect((await ask('platform=notion&organization=globex')).status).toBe(404);
    expect((await ask('platform=linear&organization=ws-globex')).status).toBe(404);
    expect((await ask('platform=notion&organization=ws-globex')).status).toBe(200);
  });

  it('wants one of the two', async () => {
    expect((await ask('platform=notion')).status).toBe(400);
    expect((await ask('platform=notion&organization=a&installation=b')).status).toBe(400);
  });
});
