/** What a valid document from Kubernetes may not do, because its author need not be who runs the platform. */
import type { Problem } from '../../errors.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import type { OperatorSpec } from '../../spec/operator.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import { forbiddenHosts } from './hosts.ts';
import { type FoundReference, forbiddenReferences, type ReferenceRules } from './references.ts';

export interface ReachRules extends Omit<ReferenceRules, 'allowed'> {
  readonly operator: OperatorSpec;
}

/** @param references those of the document, as findReferences gives them */
export function forbiddenReach(
  document: TenantDocument | IntegrationDocument,
  references: readonly FoundReference[],
  { kvMount, operator, catalog }: ReachRules,
): Problem[] {
  const tenant = document.kind === 'Tenant' ? document.metadata.name : document.spec.tenant;
  const problems = forbiddenReferences(references, tenant, {
    kvMount,
    allowed: operator.references,
    catalog,
  });
  if (document.kind === 'TenantIntegration') {
    const entry = catalog.get(document.spec.integration);
    if (entry) problems.push(...forbiddenHosts(entry, document.spec.config, operator.hosts));
  }
  if (document.spec.adopt && !operator.adopt) problems.push(NO_ADOPTION);
  return problems;
}

const NO_ADOPTION: Problem = {
  path: 'spec.adopt',
  message:
    'a document from Kubernetes may not take over what Tenantry did not make; the Platform may allow it (spec.operator.adopt)',
};
