/** Outcomes of a reconcile as the controller would hand them on. */
import type { ErrorCode } from '../../../src/errors.ts';
import { TenantryError } from '../../../src/errors.ts';
import type { DocumentOutcome } from '../../../src/operator/outcome.ts';
import type { ResourceResult } from '../../../src/reconcile/events.ts';
import type { Step } from '../../../src/reconcile/step.ts';

export const CLEAN: DocumentOutcome = {
  results: [],
  changes: [],
  observeOnly: false,
  suspended: false,
  ids: {},
};

export function outcome(given: Partial<DocumentOutcome>): DocumentOutcome {
  return { ...CLEAN, ...given };
}

export function failedWith(code: ErrorCode, message = 'it went wrong'): DocumentOutcome {
  return outcome({ error: new TenantryError(code, message) });
}

export function result(
  id: string,
  how: ResourceResult['outcome'],
  more: Partial<ResourceResult> = {},
): ResourceResult {
  const [kind = '', name = ''] = id.split('/');
  return { id, kind, name, tenant: 'acme', integration: 'acme-notion', outcome: how, ...more };
}

export function failed(id: string, code: ErrorCode, message = 'it went wrong'): ResourceResult {
  return result(id, 'failed', { problem: { code, message, hint: 'do this' } });
}

export const FOR_CREDENTIAL: ResourceResult = result('airbyte:source/acme-notion', 'waiting', {
  waiting: {
    waitsFor: 'credential acme/notion',
    nextStep: 'make a link: tenantry connect acme notion',
  },
});

export function step(given: Partial<Step>): Step {
  return {
    id: 'airbyte:connection/acme-notion',
    kind: 'airbyte:connection',
    name: 'acme-notion',
    tenant: 'acme',
    integration: 'acme-notion',
    action: 'observe',
    would: 'update',
    changes: [{ path: 'schedule', before: 'manual', after: '0 0 3 * * ?' }],
    ...given,
  };
}
