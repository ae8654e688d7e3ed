import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { type DevSaas, startDevSaas } from '../../../src/dev/saas/server.ts';

const INTEGRATIONS = [
  'google-drive',
  'google-sheets',
  'hubspot',
  'linear',
  'stripe',
  'airtable',
  'zendesk',
  'acme-erp',
  'github',
];

let idp: DevIdp;
let saas: DevSaas;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: INTEGRATIONS });
  saas = await startDevSaas({ introspect: idp.introspect });
});
afterAll(() => Promise.all([idp.close(), saas.close()]));

interface Call {
  readonly integration: string;
  readonly path: string;
  readonly body?: object;
  /** Where the answer names the account. */
  readonly account: (answer: never) => unknown;
}

const CALLS: readonly Call[] = [
  {
    integration: 'google-drive',
    path: '/drive/v3/about?fields=user',
    account: (answer: { user: { permissionId: string } }) => answer.user.permissionId,
  },
  {
    integration: 'google-sheets',
    path: '/drive/v3/about?fields=user',
    account: (answer: { user: { emailAddress: string } }) => answer.user.emailAddress,
  },
  {
    integration: 'hubspot',
    path: '/account-info/v3/details',
    account: (answer: { portalId: number }) => answer.portalId,
  },
  {
    integration: 'linear',
    path: '/graphql',
    body: { query: '{ organization { id name urlKey } }' },
    account: (answer: { data: { organization: { id: string } } }) => answer.data.organization.id,
  },
  { integration: 'stripe', path: '/v1/account', account: (answer: { id: string }) => answer.id },
  { integration: 'airtable', path: '/v0/meta/whoami', account: (answer: { id: string }) => answer.id },
  { integration: 'acme-erp', path: '/api/v1/orders', account: (answer: { owner: string }) => answer.owner },
];

async function call(
  { integration, path, body }: Pick<Call, 'integration' | 'path' | 'body'>,
  token?: string,
): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${saas.urls[integration]}${path}`, {
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, answer: await response.json() };
}

const tokenOf = async (integration: string, tenant: string): Promise<string> =>
  (await idp.issue(integration, { tenant })).accessToken;

describe.each(CALLS)('the account of $integration', (asked) => {
  it('is told by its own token, is another for another tenant, and is not told without one', async () => {
    const accounts = new Set<unknown>();
    for (const tenant of ['acme', 'globex', 'acme']) {
      const { status, answer } = await call(asked, await tokenOf(asked.integration, tenant));
      expect(status).toBe(200);
      const account = asked.account(answer as never);
      expect(account).toBeDefined();
      accounts.add(account);
    }
    expect(accounts.size).toBe(2);
    expect((await call(asked)).status).toBe(401);
    expect((await call(asked, 'made-up')).status).toBe(401);
  });
});

describe('Google Drive', () => {
  it('wants to be told which fields', async () => {
    const token = await tokenOf('google-drive', 'acme');
    const { status } = await call({ integration: 'google-drive', path: '/drive/v3/about' }, token);
    expect(status).toBe(400);
  });
});

describe('Zendesk', () => {
  it('takes a token at its own customer’s host only', async () => {
    const token = await tokenOf('zendesk', 'acme');
    const at = (account: string): Promise<{ status: number }> =>
      call({ integration: 'zendesk', path: `/@${account}/api/v2/users/me.json` }, token);
    expect((await at('acme')).status).toBe(200);
    expect((await at('globex')).status).toBe(401);
  });
});

describe('faults of an API', () => {
  it('count and fail its calls, and leave the others alone', async () => {
    const token = await tokenOf('stripe', 'acme');
    const account = { integration: 'stripe', path: '/v1/account' };
    saas.faults('stripe').reset();
    saas.faults('stripe').failNext(1, 401);
    expect((await call(account, token)).status).toBe(401);
    expect((await call(account, token)).status).toBe(200);
    expect(saas.faults('stripe').calls('GET')).toBe(2);
    saas.faults('stripe').outage(true);
    await expect(call(account, token)).rejects.toThrow('fetch failed');
    saas.faults('stripe').reset();
    expect((await call(account, token)).status).toBe(200);
    expect(saas.faults('hubspot').calls('DELETE')).toBe(0);
    expect(() => saas.faults('nothing')).toThrow('have no nothing');
  });
});
