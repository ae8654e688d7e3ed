/** Syncs through the API of a sidecar: needs its address and a key, and neither documents nor database. */
import { createSidecarClient } from '../../client/client.ts';
import { SidecarError } from '../../client/error.ts';
import { isErrorCode, TenantryError } from '../../errors.ts';
import type { SyncAccess } from './access.ts';

export interface ApiOptions {
  readonly url: string;
  /** An API key or a JWT. */
  readonly credential: string;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

export function throughApi({ url, credential, signal }: ApiOptions): SyncAccess {
  const client = createSidecarClient({ url, credential });
  const told = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw inOurWords(error, url);
    }
  };
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

export function inOurWords(error: unknown, url: string): unknown {
  if (!(error instanceof SidecarError)) return error;
  const { code, message, hint, retryAfterSeconds } = error;
  const options = {
    cause: error,
    ...(hint !== undefined && { hint }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  if (isErrorCode(code)) return new TenantryError(code, message, options);
  return new TenantryError('UpstreamUnreachable', `${url}: ${message}`, {
    cause: error,
    hint: 'check TENANTRY_URL, and that the sidecar runs; without TENANTRY_API_KEY the command goes to the stack itself',
  });
}
