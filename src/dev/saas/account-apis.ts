/** Fake APIs of which little more is asked than whose account it is. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hubId, slackId, stableUuid, stripeAccount } from '../idp/tenant-facts.ts';
import { rows, seededNumber, seededTitle } from './seed.ts';
import { fieldsOf, textField, type VendorApi } from './vendor-api.ts';

const hubspotApi: VendorApi = {
  integration: 'hubspot',
  refuse: (reply) =>
    reply.code(401).send({
      status: 'error',
      category: 'INVALID_AUTHENTICATION',
      message: 'Authentication credentials not found or expired.',
    }),
  routes(api) {
    api.get('/account-info/v3/details', async ({ tenant }) => ({
      portalId: hubId(tenant),
      accountType: 'STANDARD',
      timeZone: 'Etc/UTC',
      uiDomain: 'app.hubspot.com',
      dataHostingLocation: 'na1',
    }));
    api.get('/crm/v3/objects/contacts', async ({ tenant }) => ({
      results: rows(seededNumber(2, 9, 'hubspot contacts', tenant), (index) => ({
        id: String(index + 1),
        properties: { email: `contact${index + 1}@${tenant}.example` },
      })),
    }));
  },
};

/** GraphQL by name of the field: no query of ours asks for more. */
const linearApi: VendorApi = {
  integration: 'linear',
  refuse: (reply) =>
    reply.code(401).send({
      errors: [
        {
          message: 'Authentication required, not authenticated',
          extensions: { code: 'AUTHENTICATION_ERROR' },
        },
      ],
    }),
  routes(api) {
    api.post('/graphql', async (request, reply) => {
      const { tenant } = request;
      const query = textField(fieldsOf(request).query) ?? '';
      if (/\borganization\b/.test(query)) {
        const id = stableUuid('linear organization', tenant);
        return { data: { organization: { id, name: tenant, urlKey: tenant } } };
      }
      if (/\bviewer\b/.test(query))
        return { data: { viewer: { id: stableUuid('linear user', tenant), name: `${tenant} owner` } } };
      return reply.code(400).send({ errors: [{ message: 'Cannot query this field here.' }] });
    });
  },
};

const stripeApi: VendorApi = {
  integration: 'stripe',
  refuse: (reply) =>
    reply.code(401).send({ error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } }),
  routes(api) {
    api.get('/v1/account', async ({ tenant }) => ({ id: stripeAccount(tenant), object: 'account' }));
    api.get('/v1/customers', async ({ tenant }) => ({
      object: 'list',
      has_more: false,
      data: rows(seededNumber(2, 9, 'stripe customers', tenant), (index) => ({
        id: slackId('cus_', tenant, String(index)),
        object: 'customer',
        email: `customer${index + 1}@${tenant}.example`,
      })),
    }));
  },
};

const airtableApi: VendorApi = {
  integration: 'airtable',
  refuse: (reply) =>
    reply.code(401).send({ error: { type: 'AUTHENTICATION_REQUIRED', message: 'Authentication required' } }),
  routes(api) {
    api.get('/v0/meta/whoami', async ({ tenant, scopes }) => ({ id: slackId('usr', tenant), scopes }));
    api.get('/v0/meta/bases', async ({ tenant }) => ({
      bases: [{ id: slackId('app', tenant), name: `${tenant} base`, permissionLevel: 'read' }],
    }));
  },
};

const sentryApi: VendorApi = {
  integration: 'sentry',
  refuse: (reply, missing) =>
    reply.code(401).send({
      detail: missing ? 'Authentication credentials were not provided.' : 'Invalid token',
    }),
  routes(api) {
    api.get('/api/0/organizations/', async ({ tenant }) => [organization(tenant)]);
    api.get('/api/0/organizations/:slug/', ofOrganization(organization));
    api.get(
      '/api/0/organizations/:slug/projects/',
      ofOrganization((tenant) => [{ id: '1', slug: 'shop', name: seededTitle('sentry project', tenant) }]),
    );
  },
};

function organization(tenant: string): object {
  return { id: String(hubId(tenant)), slug: tenant, name: tenant, status: { id: 'active' } };
}

/** A token sees its own organisation only. */
function ofOrganization(
  answer: (tenant: string) => unknown,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return async (request, reply) => {
    const { slug } = request.params as { slug: string };
    if (slug === request.tenant) return answer(request.tenant);
    return reply.code(404).send({ detail: 'The requested resource does not exist' });
  };
}

/** Every customer has a host of its own: `/@{account}/…` stands for it. */
const zendeskApi: VendorApi = {
  integration: 'zendesk',
  refuse: (reply) => reply.code(401).send({ error: "Couldn't authenticate you" }),
  routes(api) {
    api.get('/@:account/api/v2/users/me.json', async (request, reply) => {
      const { account } = request.params as { account: string };
      const { tenant } = request;
      if (account !== tenant) return reply.code(401).send({ error: "Couldn't authenticate you" });
      const url = `https://${tenant}.zendesk.com/api/v2/users/1.json`;
      return { user: { id: hubId(tenant), url, name: `${tenant} owner`, role: 'admin' } };
    });
  },
};

/** No vendor: what a client with credentials of its own may read. */
const erpApi: VendorApi = {
  integration: 'acme-erp',
  refuse: (reply) => reply.code(401).send({ error: 'invalid_token' }),
  routes(api) {
    api.get('/api/v1/orders', async ({ tenant }) => ({
      owner: tenant,
      orders: rows(seededNumber(3, 12, 'erp orders', tenant), (index) => ({
        number: index + 1,
        title: seededTitle('erp order', tenant, String(index)),
      })),
    }));
  },
};

export const accountApis: readonly VendorApi[] = [
  hubspotApi,
  linearApi,
  stripeApi,
  airtableApi,
  sentryApi,
  zendeskApi,
  erpApi,
];
