/** Syncs through the API of a sidecar: needs its address and a key, and neither documents nor database. */
import { type ApiOptions, inOurWords, sidecarApi } from '../sidecar-api.ts';
import type { SyncAccess } from './access.ts';

export function throughApi({ url, credential, signal }: ApiOptions): SyncAccess {
  const { client, told } = sidecarApi({ url, credential });
  const OF_INTEGRATION = '/tenants/{tenant}/integrations/{integration}/syncs';
  return {
    start: (path) => told(client.post(OF_INTEGRATION, { path, signal })),
    cancel: ({ tenant, integration }, id) =>
      told(client.delete(`${OF_INTEGRATION}/{id}`, { path: { tenant, integration, id }, signal })),
    async *follow(place, id, until) {
      try {
        yield* client.followSync({ ...place, id }, { signal: until });
      } catch (error) {
        if (!until.aborted) throw inOurWords(error, url);
      }
    },
    runs: (path, query) => told(client.get(OF_INTEGRATION, { path, query, signal })),
    async states(tenant) {
      return (await told(client.get('/tenants/{tenant}/sync-states', { path: { tenant }, signal }))).syncs;
    },
    trouble: (limit) => told(client.get('/admin/syncs', { query: { limit }, signal })),
    async log({ tenant, integration }, id) {
      const path = { tenant, integration, id };
      return (await told(client.get(`${OF_INTEGRATION}/{id}/log`, { path, signal }))).lines;
    },
    async usage(tenant, { from, to }) {
      const query = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      if (tenant === undefined) return (await told(client.get('/admin/usage', { query, signal }))).tenants;
      return [await told(client.get('/tenants/{tenant}/usage', { path: { tenant }, query, signal }))];
    },
    quotas: (tenant) => told(client.get('/tenants/{tenant}/quotas', { path: { tenant }, signal })),
  };
}
