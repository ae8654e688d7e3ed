/** The states of the table in docs/kubernetes/reasons.md, as the operator would write them. */
import type { AnyObject, IntegrationObject } from '../../../src/operator/objects.ts';
import type { DocumentOutcome } from '../../../src/operator/outcome.ts';
import { integrationStatus } from '../../../src/operator/status/integration.ts';
import { tenantStatus } from '../../../src/operator/status/tenant.ts';
import { DELETED, integrationObject, tenantObject } from '../documents/objects.ts';
import { CLEAN, FOR_CREDENTIAL, failed, failedWith, outcome, result, step } from './outcomes.ts';

const T0 = Date.UTC(2026, 0, 1);
const tint = integrationObject('acme-notion', { tenant: 'acme', integration: 'notion' });

function reconciled<O extends AnyObject>(object: O, found: DocumentOutcome, minutes = 0): O {
  const now = T0 + minutes * 60_000;
  const status =
    object.kind === 'Tenant'
      ? tenantStatus(object, found, { now })
      : integrationStatus(object, found, { now });
  return { ...object, status };
}

function changed(object: IntegrationObject): IntegrationObject {
  return { ...object, metadata: { ...object.metadata, generation: 2 } };
}

const ready = reconciled(tint, CLEAN);
const away = failedWith('VaultUnreachable');
const state = (reason: NonNullable<DocumentOutcome['state']>['reason']) =>
  outcome({ state: { reason, message: 'in words' } });
const leaving = { meta: { ...DELETED, generation: 2 } };
const something = result('vault:transit-key/acme', 'waiting', {
  waiting: { waitsFor: 'confirmation', nextStep: 'confirm' },
});

/** By the first column. */
export const STATES: Readonly<Record<string, AnyObject>> = {
  // As the API server fills in the default of the definition.
  'new, not looked at yet': { ...tint, status: { observedGeneration: -1 } },
  'as the document says': ready,
  'as the document says, suspended': reconciled(tint, outcome({ suspended: true })),
  'changed, not looked at yet': changed(ready),
  'long work under way': reconciled(tint, state('Progressing')),
  'waits for its credential': reconciled(tint, outcome({ results: [FOR_CREDENTIAL] })),
  'credential refused by the provider': reconciled(
    tint,
    outcome({ credential: { state: 'NeedsReauthorization' } }),
  ),
  'waits for something else': reconciled(tint, outcome({ results: [something] })),
  'its Tenant is not there': reconciled(tint, state('TenantNotFound')),
  'its Tenant is not ready': reconciled(tint, state('TenantNotReady')),
  'only observed, and differs': reconciled(tint, outcome({ observeOnly: true, changes: [step({})] })),
  'a system is away for a moment': reconciled(ready, away, 1),
  'a system is away for five minutes': reconciled(reconciled(ready, away, 1), away, 6),
  'changed while a system is away': reconciled(changed(ready), away, 1),
  'not valid': reconciled(tint, failedWith('InvalidDocument')),
  'refused: not ours': reconciled(tint, outcome({ results: [failed('postgres:schema/a', 'NotOwned')] })),
  'being deleted': reconciled(tenantObject('acme', leaving), CLEAN),
  'being deleted, integrations remain': reconciled(
    tenantObject('acme', leaving),
    state('IntegrationsRemain'),
  ),
  'being deleted, a system refuses': reconciled(tenantObject('acme', leaving), failedWith('VaultForbidden')),
};
