import { expect, test } from 'vitest';
import type { KubeObject } from '../../../src/operator/objects.ts';
import { trim } from '../../../src/operator/watch/trim.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function object(annotations?: Record<string, string>): KubeObject {
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: {
      name: 'acme',
      namespace: 'tenants',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(annotations && { annotations }),
    },
  };
}

test.each([
  ['without annotations', undefined, undefined],
  ['with others only', { other: 'x' }, { other: 'x' }],
  ['with the document of kubectl', { other: 'x', [LAST_APPLIED]: '{}' }, { other: 'x' }],
])('managed fields and the document of kubectl go: %s', (_, annotations, kept) => {
  const raw = object(annotations);
  const withFields = { ...raw, metadata: { ...raw.metadata, managedFields: [{ manager: 'kubectl' }] } };
  const before = structuredClone(withFields);
  expect(trim(withFields)).toEqual(object(kept));
  expect(withFields).toEqual(before);
});
