/** The status of the custom resources: what an operator writes there, in structural form. */
import type { JsonSchema } from './json-schema.ts';

/** metav1.Condition, with the limits that Kubernetes gives it (k8s.io/apimachinery, meta/v1 types.go). */
const condition: JsonSchema = {
  type: 'object',
  required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
  properties: {
    type: text('Kind of the condition: Ready, Reconciling, Stalled or CredentialReady.', {
      maxLength: 316,
      pattern:
        '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
    }),
    status: { type: 'string', description: 'Does it hold?', enum: ['True', 'False', 'Unknown'] },
    observedGeneration: generation('Generation of the document that the condition was set for.'),
    lastTransitionTime: time('When the status changed last.'),
    reason: text('Stable code of the reason; the same as in errors, events and metrics.', {
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
    message: text('What a person should know, and the next step.', { maxLength: 32_768 }),
  },
};

const common: Readonly<Record<string, JsonSchema>> = {
  observedGeneration: {
    ...generation('Generation of the document that was looked at last; -1 before the first time.'),
    minimum: -1,
  },
  conditions: {
    type: 'array',
    description: 'How the tenant or integration is doing.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: condition,
  },
  lastHandledReconcileAt: text(
    'Value of the annotation tenantry.dev/reconcile-requested-at that was acted on last.',
  ),
  plan: {
    type: 'object',
    description: 'What would be changed; with managementPolicy: Observe only, and where something differs.',
    required: ['total', 'changes'],
    properties: {
      total: { type: 'integer', format: 'int32', minimum: 0, description: 'Number of changes.' },
      changes: {
        type: 'array',
        description: 'The first 20 of them, in words.',
        maxItems: 20,
        items: { type: 'string' },
      },
    },
  },
  claim: text('The driver instance that owns the objects, e.g. operator:prod.'),
  ids: {
    type: 'object',
    description: 'Ids that Airbyte gave, by resource; a hint only, the names are the truth.',
    additionalProperties: { type: 'string' },
  },
};

/**
 * A new object has this status before anybody looked at it. Without it kstatus, which Flux and others wait with, takes
 * an object without conditions for done.
 */
const unseen: JsonSchema = { observedGeneration: -1 };

export const tenantStatus: JsonSchema = {
  type: 'object',
  description: 'What was observed; written by the operator.',
  default: unseen,
  properties: {
    ...common,
    owned: {
      type: 'boolean',
      description:
        'The tenant is claimed by this operator for this namespace. Until it is, no sidecar serves it and none is injected.',
    },
    schema: text('Postgres schema of the tenant.'),
    integrations: { type: 'integer', format: 'int32', description: 'Number of TenantIntegrations.' },
  },
};

export const integrationStatus: JsonSchema = {
  type: 'object',
  description: 'What was observed; written by the operator.',
  default: unseen,
  properties: {
    ...common,
    namespace: text('spec.sync.namespace as it was reconciled last; nobody else is given it.'),
    credential: {
      type: 'object',
      description: 'The tenant’s credential; never the token itself.',
      properties: {
        state: text('Ready, Missing, Expired, NeedsReauthorization or Revoked.'),
        expiresAt: time('When the access token ends; absent when it does not.'),
        lastRefreshTime: time('When it was refreshed last.'),
        scopes: { type: 'array', description: 'Scopes that were granted.', items: { type: 'string' } },
      },
    },
    lastSync: {
      type: 'object',
      description: 'The latest sync that is known.',
      properties: {
        jobId: text('Id of Airbyte’s job; absent of one that was not begun.'),
        status: text(
          'Status of Airbyte’s job, e.g. running, succeeded or failed; skipped where there is none.',
        ),
        startTime: time('When it began.'),
        completionTime: time('When it ended.'),
        rows: { type: 'integer', format: 'int64', description: 'Rows synced.' },
        bytes: { type: 'integer', format: 'int64', description: 'Bytes synced.' },
        message: text('What went wrong or holds the next one up, and what to do about it.'),
      },
    },
    nextSyncTime: time('When the next sync is due; absent: by hand only, suspended, or not known.'),
  },
};

function text(description: string, limits: JsonSchema = {}): JsonSchema {
  return { type: 'string', description, ...limits };
}

function time(description: string): JsonSchema {
  return { type: 'string', format: 'date-time', description };
}

function generation(description: string): JsonSchema {
  return { type: 'integer', format: 'int64', minimum: 0, description };
}
