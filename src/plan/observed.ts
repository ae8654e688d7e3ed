/** Which documents are only observed (`managementPolicy: Observe`): nothing of theirs is written. Pure. */
import { credentialPath } from '../resources/vault/paths.ts';
import type { Documents } from '../spec/documents.ts';

export interface ObservedDocuments {
  /** Tenants that are only observed, with all their integrations. */
  readonly tenants: ReadonlySet<string>;
  /** Names of TenantIntegrations that are only observed, also by their tenant. */
  readonly integrations: ReadonlySet<string>;
  /** Places of their credentials, as `{tenant}/{integration}`. */
  readonly credentials: ReadonlySet<string>;
}

export function observedDocuments(documents: Pick<Documents, 'tenants' | 'integrations'>): ObservedDocuments {
  const tenants = new Set(
    documents.tenants
      .filter(({ spec }) => spec.managementPolicy === 'Observe')
      .map(({ metadata }) => metadata.name),
  );
  const observed = documents.integrations.filter(
    ({ spec }) => spec.managementPolicy === 'Observe' || tenants.has(spec.tenant),
  );
  return {
    tenants,
    integrations: new Set(observed.map(({ metadata }) => metadata.name)),
    credentials: new Set(observed.map(({ spec }) => credentialPath(spec.tenant, spec.integration))),
  };
}
