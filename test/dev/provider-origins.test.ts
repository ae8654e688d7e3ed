import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../src/catalog/entry.ts';
import { loadCatalog } from '../../src/catalog/load.ts';
import { agree } from '../../src/dev/idp/agree.ts';
import { tokenRequest } from '../../src/dev/idp/connect.ts';
import { vendorOf, vendorProfile } from '../../src/dev/idp/profile.ts';
import { type DevIdp, startDevIdp } from '../../src/dev/idp/server.ts';
import { type DevNotionMcp, startDevNotionMcp } from '../../src/dev/mcp/notion.ts';
import { devProviderOrigins } from '../../src/dev/provider-origins.ts';
import { type DevSaas, startDevSaas } from '../../src/dev/saas/server.ts';
import { type DevSts, startDevSts } from '../../src/dev/sts/server.ts';
import { redirectOrigin } from '../../src/sidecar/providers/fill-url.ts';

const REDIRECT = 'http://127.0.0.1:9/callback';
const INTEGRATIONS = [
  ...['notion', 'slack', 'github', 'jira', 'google-drive', 'google-sheets', 'sentry'],
  ...['hubspot', 'linear', 'stripe', 'airtable', 'zendesk', 'acme-erp'],
];

let idp: DevIdp;
let saas: DevSaas;
let mcp: DevNotionMcp;
let sts: DevSts;
let origins: Record<string, string>;
let catalog: readonly CatalogEntry[];
beforeAll(async () => {
  idp = await startDevIdp({ integrations: INTEGRATIONS });
  [saas, mcp, sts] = await Promise.all([
    startDevSaas({ introspect: idp.introspect }),
    startDevNotionMcp({ introspect: idp.introspect }),
    startDevSts(),
  ]);
  origins = devProviderOrigins({ idp, saas, mcp, sts, accounts: { zendesk: ['acme', 'globex'] } });
  catalog = [...(await loadCatalog()).values()];
});
afterAll(() => Promise.all([idp.close(), saas.close(), mcp.close(), sts.close()]));

/** The real URL where it is in the development environment. */
const at = (url: string): URL => redirectOrigin(new URL(url), origins);

/** URLs that the sidecar calls for an entry, without their placeholders. */
function urlsOf({ auth, proxy }: CatalogEntry): string[] {
  const own = Object.values(auth).filter((value): value is string => /^https:/.test(String(value)));
  const account = 'account' in auth && auth.account !== undefined ? [auth.account.url] : [];
  const base = proxy === undefined ? [] : [proxy.baseUrl];
  return [...own, ...account, ...base].map((url) => url.replace('{hostname}', 'sentry.io'));
}

const originOf = (url: string): string => /^https:\/\/[^/]+/.exec(url)?.[0] ?? '';

describe('the origins of the catalog', () => {
  it('are all mapped, each to loopback', () => {
    const missing = catalog.flatMap((entry) => urlsOf(entry).map(originOf)).filter((it) => !(it in origins));
    expect(missing).toEqual([]);
    for (const base of Object.values(origins)) {
      expect(new URL(base).hostname).toBe('127.0.0.1');
      expect(base.endsWith('/')).toBe(false);
    }
  });

  it('name no vendor that is not served', () => {
    const few = devProviderOrigins({
      idp: { ...idp, clients: { slack: idp.clients.slack } } as DevIdp,
      saas,
    });
    expect(Object.keys(few)).toEqual(['https://slack.com']);
  });

  const plain = ['notion', 'slack', 'jira', 'google-drive', 'hubspot', 'linear', 'stripe', 'airtable'];
  it.each(plain)('work for %s from the authorization to the account and the API', async (id) => {
    const entry = catalog.find((known) => known.id === id);
    if (entry?.auth.kind !== 'oauth2') throw new Error(`${id} is no oauth2 entry`);
    const { auth } = entry;
    const client = idp.clients[id] ?? { clientId: '', clientSecret: '' };
    const start = at(auth.authorizationUrl);
    start.search = new URLSearchParams({
      ...auth.authorizationParams,
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: REDIRECT,
      state: 'a-state',
      scope: auth.scopes.default.join(auth.scopes.separator),
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }).toString();
    const back = await agree(start, { tenant: 'acme' });
    const fields = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    };
    // As the catalog has it, which the fake takes in no other way.
    const form = {
      clientAuthentication: auth.clientAuthentication,
      tokenRequestFormat: auth.tokenRequestFormat,
    };
    const response = await fetch(at(auth.tokenUrl), {
      method: 'POST',
      ...tokenRequest(form, client, fields),
    });
    const tokens = (await response.json()) as Record<string, unknown>;
    expect(tokens).toHaveProperty('access_token');
    expect(tokens).toHaveProperty('refresh_token');
    const authorization = `Bearer ${String(tokens.access_token)}`;
    if (auth.account !== undefined) {
      const { url, body } = auth.account;
      const answer = await fetch(at(url), {
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      expect(answer.status).toBe(200);
    }
    const profile = vendorProfile(vendorOf(id));
    expect(profile.rotates).toBe(auth.refresh.rotates);
    expect(profile.accessTokenSeconds).toBe(auth.refresh.accessTokenSeconds ?? profile.accessTokenSeconds);
  });

  it('serve APIs beside the OAuth paths, with bodies, queries and links that lead back', async () => {
    const token = async (id: string): Promise<Record<string, string>> => ({
      authorization: `Bearer ${(await idp.issue(id, { tenant: 'acme' })).accessToken}`,
    });
    const search = await fetch(at('https://api.notion.com/v1/search?page_size=2'), {
      method: 'POST',
      headers: {
        ...(await token('notion')),
        'notion-version': '2025-09-03',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ filter: { property: 'object', value: 'page' }, page_size: 2 }),
    });
    expect(((await search.json()) as { results: unknown[] }).results).toHaveLength(2);
    const test = await fetch(at('https://slack.com/api/auth.test'), { headers: await token('slack') });
    expect(await test.json()).toMatchObject({ ok: true, team: 'acme' });
    const list = await fetch(at('https://api.github.com/repos/acme/shop/issues?state=all&per_page=5'), {
      headers: await token('github'),
    });
    const next = /<([^>]+)>; rel="next"/.exec(list.headers.get('link') ?? '')?.[1] ?? '';
    expect(next.startsWith(origins['https://api.github.com'] ?? 'none')).toBe(true);
    expect((await fetch(next, { headers: await token('github') })).status).toBe(200);
  });

  it('give each customer of a vendor with many hosts its own', async () => {
    const { accessToken } = await idp.issue('zendesk', { tenant: 'acme' });
    const headers = { authorization: `Bearer ${accessToken}` };
    const status = async (host: string): Promise<number> =>
      (await fetch(at(`https://${host}.zendesk.com/api/v2/users/me.json`), { headers })).status;
    expect(await status('acme')).toBe(200);
    expect(await status('globex')).toBe(401);
    expect('https://initech.zendesk.com' in origins).toBe(false);
  });

  it('lead to the installation pages, the MCP server and STS', async () => {
    idp.github.setCallbackUrl(REDIRECT);
    idp.sentry.setCallbackUrl(REDIRECT);
    const { slug } = idp.github.app;
    const installed = await agree(at(`https://github.com/apps/${slug}/installations/new?state=s`), {
      tenant: 'acme',
    });
    expect(installed.searchParams.has('installation_id')).toBe(true);
    const external = at(`https://sentry.io/sentry-apps/${idp.sentry.slug}/external-install/`);
    expect((await agree(external, { tenant: 'acme' })).searchParams.has('installationId')).toBe(true);
    expect((await fetch(at('https://mcp.notion.com/mcp'), { method: 'POST' })).status).toBe(401);
    expect((await fetch(at('https://sts.amazonaws.com'), { method: 'POST' })).status).toBe(403);
  });

  it('cut off the API too while the vendor is out', async () => {
    idp.faults('slack').outage(503);
    expect((await fetch(at('https://slack.com/api/auth.test'))).status).toBe(503);
    idp.faults('slack').reset();
    expect((await fetch(at('https://slack.com/api/auth.test'))).status).toBe(200);
  });
});
