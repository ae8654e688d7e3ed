/** What the pages of a tenant ask the sidecar for. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from '../app/api.ts';
import { isUnderWay } from './runs/run-words.ts';

const BUSY_MS = 3_000;
const QUIET_MS = 30_000;
const STREAMS_MS = 60_000;

export const tenantKey = (tenant: string): readonly string[] => ['tenant', tenant];

export function tenantQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'itself'],
    async queryFn({ signal }) {
      const { tenants } = await api.get('/tenants', { query: { search: tenant, limit: 500 }, signal });
      // Null: the head of the page does without.
      return tenants.find(({ name }) => name === tenant) ?? null;
    },
    staleTime: QUIET_MS,
  });
}

export function integrationsQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'integrations'],
    queryFn: ({ signal }) => api.get('/tenants/{tenant}/integrations', { path: { tenant }, signal }),
    refetchInterval: QUIET_MS,
  });
}

/** Asks more often while a sync is under way. */
export function syncStatesQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'sync-states'],
    queryFn: ({ signal }) => api.get('/tenants/{tenant}/sync-states', { path: { tenant }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.syncs.some(({ last }) => last && isUnderWay(last)) ? BUSY_MS : QUIET_MS,
  });
}

/** Accounts at the providers, and what is needed to suspend one. */
export function installationsQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'installations'],
    queryFn: ({ signal }) => api.get('/oauth/installations', { query: { tenant, limit: 200 }, signal }),
  });
}

/** What an integration has to give. */
export function streamsQuery(tenant: string, integration: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'preview', integration],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/preview', {
        path: { tenant, integration },
        signal,
      }),
    staleTime: STREAMS_MS,
  });
}

/** @param limit of rows; undefined: as many as the sidecar gives by itself */
export function sampleRowsQuery(tenant: string, integration: string, stream: string, limit?: number) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'preview', integration, stream, limit],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/preview/{stream}', {
        path: { tenant, integration, stream },
        query: { limit },
        signal,
      }),
    // Each look is a call to the provider that counts.
    staleTime: Number.POSITIVE_INFINITY,
    // Rows of a tenant are kept no longer than they are looked at.
    gcTime: 0,
  });
}

/** Name that people see; its id until that is known. */
export function useIntegrationName(tenant: string, integration: string): string {
  const { data } = useQuery(integrationsQuery(tenant));
  return data?.integrations.find((each) => each.integration === integration)?.name ?? integration;
}
