/** Custom resources as the API server would give them, for tests that need no API server. */
import type { IntegrationObject, ObjectMeta, TenantObject } from '../../../src/operator/objects.ts';

type Meta = Partial<ObjectMeta>;
type Spec = Readonly<Record<string, unknown>>;

function metadata(kind: string, name: string, given: Meta): ObjectMeta {
  const { namespace = 'prod' } = given;
  return {
    name,
    uid: `${kind}-${namespace}-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...given,
    namespace,
  };
}

export function tenantObject(
  name: string,
  given: { meta?: Meta; spec?: Spec; status?: TenantObject['status'] } = {},
): TenantObject {
  const { meta = {}, spec = {}, status } = given;
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: metadata('t', name, meta),
    spec,
    ...(status && { status }),
  };
}

export function integrationObject(
  name: string,
  spec: Spec,
  given: { meta?: Meta; status?: IntegrationObject['status'] } = {},
): IntegrationObject {
  const { meta = {}, status } = given;
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'TenantIntegration',
    metadata: metadata('i', name, meta),
    spec,
    ...(status && { status }),
  };
}

/** Created that many minutes after the others. */
export function later(minutes: number): Meta {
  return {
    creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString().replace('.000Z', 'Z'),
  };
}

export const DELETED = { deletionTimestamp: '2026-02-01T00:00:00Z' } as const;
