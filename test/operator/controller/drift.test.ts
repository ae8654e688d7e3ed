import { expect, it } from 'vitest';
import { noteDrift } from '../../../src/operator/controller/drift.ts';
import type { Job } from '../../../src/operator/controller/job.ts';
import type { IntegrationObject, TenantObject } from '../../../src/operator/objects.ts';
import { Graph } from '../../../src/plan/graph.ts';
import type { ResourceResult } from '../../../src/reconcile/events.ts';
import type { Step } from '../../../src/reconcile/step.ts';
import { result, step } from '../status/outcomes.ts';

const meta = { namespace: 'tenants', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: '' };
const conditions = [
  {
    type: 'Ready',
    status: 'True',
    observedGeneration: 1,
    lastTransitionTime: '',
    reason: 'Reconciled',
    message: '',
  },
] as const;
const READY = { apiVersion: 'tenantry.dev/v1alpha1', status: { observedGeneration: 1, conditions } };

function note(changes: readonly Step[]): { readonly drift: string[]; readonly events: string[] } {
  const tenant: TenantObject = { ...READY, kind: 'Tenant', metadata: { ...meta, name: 'acme' }, spec: {} };
  const integration: IntegrationObject = {
    ...READY,
    kind: 'TenantIntegration',
    metadata: { ...meta, name: 'acme-notion' },
    spec: { tenant: 'acme', integration: 'notion' },
  };
  const unit = {
    key: 'tenants/acme',
    namespace: 'tenants',
    name: 'acme',
    tenant,
    integrations: [integration],
  };
  const job = { unit, removing: [], leaves: false } as unknown as Job;
  const drift: string[] = [];
  const events: string[] = [];
  const results: ResourceResult[] = changes.map(({ id }) => result(id, 'updated'));
  const run = { graph: new Graph(), plan: {} as never, results, outputs: new Map() };
  const context = {
    metrics: { onDrift: (kind: string) => drift.push(kind) },
    log: { info: () => undefined },
    events: { record: (_object: unknown, { message }: { message: string }) => events.push(message) },
  } as never;
  noteDrift(job, changes, { run, context });
  return { drift, events };
}

const update = (kind: string, ...paths: string[]): Step => {
  const changes = paths.map((path) => ({ path, after: 'x' }));
  return step({ id: `${kind}/acme-notion`, kind, action: 'update', changes });
};

it.each([
  ['a token that was refreshed', 'airbyte:source', 'secrets'],
  ['a password that was rotated', 'airbyte:destination', 'secrets'],
  ['a credential that was written by hand', 'vault:credential', 'encryption'],
])('%s is no drift', (_what, kind, path) => {
  expect(note([update(kind, path)])).toEqual({ drift: [], events: [] });
});

it('what somebody changed beside a secret is drift all the same, and so is what was removed', () => {
  const both = note([update('airbyte:source', 'configuration.start_date', 'secrets')]);
  expect(both.drift).toEqual(['airbyte:source']);
  expect(both.events.join()).toContain('update airbyte:source');
  const created = { ...update('airbyte:source', 'secrets'), action: 'create' as const };
  expect(note([created]).drift).toEqual(['airbyte:source']);
});
