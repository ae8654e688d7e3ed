/** What the pages are answered where somebody else chooses the texts. */

const AT = '2026-01-02T03:04:05.000Z';
/** Of the run. */
export const ID = 'b5d7c7a4-0000-4000-8000-000000000001';
export const NOTION = '/tenants/acme/integrations/notion';

/** Answers of every route that the pages ask, with this text wherever somebody else chooses it. */
export function answersWith(text: string): Readonly<Record<string, unknown>> {
  const run = {
    ...{ id: ID, tenant: 'acme', integration: 'notion', trigger: 'manual', status: 'failed', attempt: 1 },
    ...{ dueAt: AT, startedAt: AT, endedAt: AT, rows: 1, bytes: 1, retryAt: null },
    error: { code: 'ProviderRejected', class: 'provider', message: text, nextStep: text },
  };
  const column = { name: text, type: 'string', isHidden: false };
  const stream = {
    ...{ name: text, columns: [column], syncModes: [text], primaryKey: [], cursor: [], isSynced: true },
    noRows: null,
  };
  const tenant = {
    ...{ name: 'acme', displayName: text, suspended: false, failingSyncs: 0 },
    integrations: { total: 1, healthy: 1, needPerson: 0, waiting: 0, suspended: 0 },
    ...{ nextSyncAt: AT, lastSyncAt: AT },
  };
  const integration = {
    ...{ integration: 'notion', name: text, category: text, hasCredentials: true, createdAt: AT },
    ...{ status: 'needs_reauthorization', reason: { code: 'NeedsReauthorization', message: text } },
    ...{ expiresAt: null, lastRefreshedAt: null, scopes: [text], missingScopes: [text] },
    connectStyle: 'redirect',
  };
  const counts = { tenants: 1, integrations: 1, healthy: 0, needPerson: 1, waiting: 0, suspended: 0 };
  const need = {
    ...{ tenant: 'acme', tenantName: text, integration: 'notion', name: text, about: 'sync', since: AT },
    ...{ code: 'ProviderRejected', reason: text, remedy: text },
  };
  const state = {
    ...{ tenant: 'acme', integration: 'notion', schedule: text, nextAt: AT, last: run },
    ...{ consecutiveFailures: 2, held: { code: 'QuotaExceeded', message: text } },
  };
  const key = { id: 'abcdefghijkl', tenant: 'acme', name: text, role: 'app', createdBy: text, createdAt: AT };
  const record = { id: '1', at: AT, integration: text, action: text, actor: text, outcome: text };
  const endpoint = { id: ID, url: text, integrations: [text], createdAt: AT };
  const delivery = { id: ID, event: text, endpoint: ID, integration: text, type: text, status: 'dead' };
  return {
    '/tenants': { tenants: [tenant], total: 1, next: null },
    '/admin/overview': {
      counts: { ...counts, failingSyncs: 1, heldSyncs: 1, syncsToday: 1, rowsToday: 1 },
      ...{ needs: [need], needsTotal: 1, at: AT },
    },
    '/admin/syncs': { failing: 1, held: 1, syncs: [state] },
    '/tenants/acme/integrations': { tenantId: 'acme', integrations: [integration] },
    '/tenants/acme/sync-states': { syncs: [state] },
    '/oauth/installations': {
      installations: [
        { id: ID, platform: 'notion', tenantId: 'acme', status: 'active', externalOrgName: text },
      ],
      next: null,
    },
    '/tenants/acme/syncs': { runs: [run], next: null },
    '/tenants/acme/access-log': {
      tenant: 'acme',
      records: [{ ...record, requestId: text, detail: text }],
    },
    '/tenants/acme/api-keys': {
      apiKeys: [{ ...key, expiresAt: null, lastUsedAt: null, revokedAt: null }],
    },
    '/tenants/acme/webhook-endpoints': {
      endpoints: [{ ...endpoint, disabledAt: null, pausedUntil: null }],
    },
    '/tenants/acme/webhook-deliveries': {
      deliveries: [
        {
          ...delivery,
          ...{ attempts: 1, lastStatus: 500, lastError: text, createdAt: AT },
          ...{ nextAttemptAt: null, deliveredAt: null },
        },
      ],
    },
    [`${NOTION}/syncs`]: { runs: [run], next: null },
    [`${NOTION}/syncs/${ID}`]: run,
    [`${NOTION}/syncs/${ID}/log`]: { lines: [{ at: AT, text }] },
    [`${NOTION}/schema-changes`]: {
      ...{ tenantId: 'acme', integration: 'notion', policy: 'ignore', lookedAt: AT },
      held: { since: AT, message: text, nextStep: text },
      changes: [{ noticedAt: AT, stream: text, kind: 'field_added', field: text, isBreaking: true }],
    },
    [`${NOTION}/preview`]: { tenantId: 'acme', integration: 'notion', from: 'source', streams: [stream] },
    [`${NOTION}/preview/${text}`]: {
      ...{ tenantId: 'acme', integration: 'notion', stream: text, columns: [column], isCut: false },
      rows: [{ [text]: text }],
    },
  };
}
