/** Airbyte's sources of business tools: Stripe, HubSpot, Linear, Sentry. The embedded environment has no API of theirs. */
import type { ColumnType, Field, SourceDefinition, Stream } from './definition.ts';

function stream(name: string, cursor: string | undefined, columns: Record<string, ColumnType>): Stream {
  const all = { id: 'string', ...columns } as const;
  return { name, columns: all, primaryKey: [['id']], ...(cursor === undefined ? {} : { cursor }) };
}

const seconds: Field = {
  type: 'string',
  format: 'date-time',
  pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/,
};

const stripeObject: Record<string, ColumnType> = {
  object: 'string',
  created: 'integer',
  updated: 'integer',
  livemode: 'boolean',
  metadata: 'json',
};
const STRIPE = ['charges', 'customers', 'invoices', 'payment_intents', 'prices', 'products', 'refunds'];

export const stripe: SourceDefinition = {
  name: 'stripe',
  definitionId: 'e094cb9a-26de-4645-8761-65c0c425d1de',
  streams: () => [...STRIPE, 'subscriptions'].map((name) => stream(name, 'updated', stripeObject)),
  configuration: {
    required: ['client_secret', 'account_id'],
    fields: {
      client_secret: { type: 'string', secret: true },
      account_id: { type: 'string' },
      start_date: seconds,
      lookback_window_days: { type: 'integer', minimum: 0 },
      slice_range: { type: 'integer', minimum: 1 },
      num_workers: { type: 'integer', minimum: 1, maximum: 20 },
      call_rate_limit: { type: 'integer' },
    },
  },
};

const hubspotObject: Record<string, ColumnType> = {
  properties: 'json',
  createdAt: 'timestamp',
  updatedAt: 'timestamp',
  archived: 'boolean',
};

export const hubspot: SourceDefinition = {
  name: 'hubspot',
  definitionId: '36c891d9-4bd9-43ac-bad2-10e12756272c',
  streams: () => [
    ...['companies', 'contacts', 'deals', 'owners', 'tickets'].map((name) =>
      stream(name, 'updatedAt', hubspotObject),
    ),
    {
      name: 'deal_pipelines',
      columns: { pipelineId: 'string', label: 'string', displayOrder: 'integer', stages: 'json' },
      primaryKey: [['pipelineId']],
    },
  ],
  configuration: {
    required: ['credentials'],
    fields: {
      credentials: {
        type: 'oneOf',
        discriminator: 'credentials_title',
        variants: {
          'OAuth Credentials': {
            fields: {
              client_id: { type: 'string' },
              client_secret: { type: 'string', secret: true },
              refresh_token: { type: 'string', secret: true },
            },
            required: ['client_id', 'client_secret', 'refresh_token', 'credentials_title'],
          },
          'Private App Credentials': {
            fields: { access_token: { type: 'string', secret: true } },
            required: ['access_token', 'credentials_title'],
          },
        },
      },
      start_date: seconds,
      enable_experimental_streams: { type: 'boolean' },
      num_worker: { type: 'integer', minimum: 1, maximum: 40 },
    },
  },
};

const linearObject: Record<string, ColumnType> = {
  name: 'string',
  createdAt: 'timestamp',
  updatedAt: 'timestamp',
};

const LINEAR = [
  ...['comments', 'customers', 'cycles', 'issue_labels', 'issues', 'projects', 'teams', 'users'],
  'workflow_states',
];

export const linear: SourceDefinition = {
  name: 'linear',
  definitionId: '1c5d8316-ed42-4473-8fbc-2626f03f070c',
  // None of them has a cursor.
  streams: () => LINEAR.map((name) => stream(name, undefined, linearObject)),
  configuration: { required: ['api_key'], fields: { api_key: { type: 'string', secret: true } } },
};

export const sentry: SourceDefinition = {
  name: 'sentry',
  definitionId: 'cdaf146a-9b75-49fd-9dd2-9d64a0bb4781',
  streams: () => [
    stream('events', 'dateCreated', {
      eventID: 'string',
      dateCreated: 'timestamp',
      message: 'string',
      tags: 'json',
    }),
    stream('issues', 'lastSeen', {
      title: 'string',
      status: 'string',
      lastSeen: 'timestamp',
      project: 'json',
    }),
    stream('projects', undefined, { slug: 'string', name: 'string', dateCreated: 'timestamp' }),
    stream('releases', 'dateCreated', { version: 'string', dateCreated: 'timestamp', projects: 'json' }),
  ],
  configuration: {
    required: ['auth_token', 'organization', 'project'],
    fields: {
      auth_token: { type: 'string', secret: true },
      organization: { type: 'string' },
      project: { type: 'string' },
      hostname: { type: 'string' },
      discover_fields: { type: 'array' },
    },
  },
};
