import { expect, it } from 'vitest';
import { concernsReconcile } from '../../../src/operator/controller/units.ts';
import { FINALIZER, type TenantObject } from '../../../src/operator/objects.ts';

function tenant(metadata: Partial<TenantObject['metadata']>, status: object = {}): TenantObject {
  const own = {
    name: 'acme',
    namespace: 'a',
    uid: 'u',
    generation: 1,
    creationTimestamp: '',
    resourceVersion: '1',
  };
  return {
    apiVersion: 'x',
    kind: 'Tenant',
    metadata: { ...own, ...metadata },
    spec: {},
    status,
  } as TenantObject;
}

const update = (before: TenantObject, object: TenantObject): boolean =>
  concernsReconcile({ type: 'updated', before, object });

it('what the operator writes itself, and labels, bring no reconcile', () => {
  expect(update(tenant({}), tenant({ resourceVersion: '2' }, { schema: 'x' }))).toBe(false);
  expect(update(tenant({}), tenant({ finalizers: [FINALIZER] }))).toBe(false);
  expect(update(tenant({}), tenant({ labels: { a: 'b' } }))).toBe(false);
});

it('a change of the spec, an annotation, a deletion, and a finalizer that is lost bring one', () => {
  expect(update(tenant({}), tenant({ generation: 2 }))).toBe(true);
  expect(update(tenant({}), tenant({ annotations: { a: 'b' } }))).toBe(true);
  expect(update(tenant({}), tenant({ deletionTimestamp: 'now' }))).toBe(true);
  expect(update(tenant({ finalizers: [FINALIZER] }), tenant({}))).toBe(true);
});
