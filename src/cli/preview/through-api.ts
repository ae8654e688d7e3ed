/** Previews through the API of a sidecar: needs its address and a key, and neither documents nor database. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { type ApiOptions, sidecarApi } from '../sidecar-api.ts';
import type { PreviewAccess } from './access.ts';

export function throughApi(
  { url, credential, signal }: ApiOptions,
  { tenant, integration }: CredentialPlace,
): PreviewAccess {
  const { client, told } = sidecarApi({ url, credential });
  const path = { tenant, integration };
  return {
    streams: () => told(client.get('/tenants/{tenant}/integrations/{integration}/preview', { path, signal })),
    rows: (stream, limit) =>
      told(
        client.get('/tenants/{tenant}/integrations/{integration}/preview/{stream}', {
          path: { ...path, stream },
          query: { limit },
          signal,
        }),
      ),
  };
}
