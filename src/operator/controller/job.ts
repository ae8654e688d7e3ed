/** A unit that is ready to be looked at: valid documents and what is to be done about deletions. */
import type { Loaded } from '../../spec/documents.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import type { IntegrationObject, TenantObject } from '../objects.ts';
import type { Unit } from './units.ts';

export interface Job {
  readonly unit: Unit & { readonly tenant: TenantObject };
  readonly document: Loaded<TenantDocument>;
  /** The valid ones that stay. */
  readonly integrations: readonly Loaded<IntegrationDocument>[];
  /** Being deleted, and what belongs to them may be removed. */
  readonly removing: readonly {
    readonly object: IntegrationObject;
    readonly document: Loaded<IntegrationDocument> | undefined;
  }[];
  /** The Tenant is being deleted and nothing of it is left in Kubernetes. */
  readonly leaves: boolean;
  /** The Tenant is being deleted and is not valid: what belongs to deleted integrations goes, and nothing is made. */
  readonly makesNothing?: boolean;
  /** A document that stays is not valid: nothing but what is being deleted may go. */
  readonly held: boolean;
  /** The last full look may be used for what nobody changes. */
  readonly light: boolean;
}

/** `managementPolicy: Observe` of the Tenant covers all its integrations. */
export function isObserveOnly(job: Job, integration?: IntegrationDocument): boolean {
  return job.document.spec.managementPolicy === 'Observe' || integration?.spec.managementPolicy === 'Observe';
}

export function isSuspended(job: Job, integration?: IntegrationDocument): boolean {
  return job.document.spec.suspend || integration?.spec.suspend === true;
}
