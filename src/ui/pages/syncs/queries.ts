/** What the page of a run asks the sidecar for. */
import { queryOptions } from '@tanstack/react-query';
import type { SyncPlace } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { tenantKey } from '../../parts/tenant-queries.ts';

const key = ({ tenant, integration, id }: SyncPlace): readonly string[] => [
  ...tenantKey(tenant),
  'run',
  integration,
  id,
];

export function runQuery(place: SyncPlace) {
  return queryOptions({
    queryKey: key(place),
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/syncs/{id}', { path: { ...place }, signal }),
  });
}

export function runLogQuery(place: SyncPlace) {
  return queryOptions({
    queryKey: [...key(place), 'log'],
    queryFn: ({ signal }) =>
      api.get('/tenants/{tenant}/integrations/{integration}/syncs/{id}/log', { path: { ...place }, signal }),
  });
}
