/** What one reconcile found and did for a document: what its status, events and metrics are made from. */
import type { TenantryError } from '../errors.ts';
import type { ResourceResult } from '../reconcile/events.ts';
import type { Step } from '../reconcile/step.ts';
import type { CredentialStatus } from './objects.ts';
import type { StatusReason } from './status/reasons.ts';

export interface DocumentOutcome {
  /**
   * Nothing could be looked at or done: the document is not valid (InvalidDocument, its message lists the mistakes), its
   * Tenant is missing or not ready, a system is away.
   */
  readonly error?: TenantryError;
  /** Ended in this state instead of the one that the results would say, e.g. `TenantNotFound`, `IntegrationsRemain`. */
  readonly state?: { readonly reason: StatusReason; readonly message: string };
  /** How each resource of the document ended; `unchanged` for what was as wanted. */
  readonly results: readonly ResourceResult[];
  /** The steps of the plan that are changes: what was done (drift, new things), or would be where only observed. */
  readonly changes: readonly Step[];
  /** The document, or its Tenant, says `managementPolicy: Observe`. */
  readonly observeOnly: boolean;
  /** The document, or its Tenant, says `suspend: true`. */
  readonly suspended: boolean;
  /** Owner of the tenant's objects as the world says, where it is known. */
  readonly claim?: string | undefined;
  readonly ids: Readonly<Record<string, string>>;
  /** Of a Tenant: the claim is ours, and for its namespace. Undefined where the claim was not looked at. */
  readonly owned?: boolean | undefined;
  readonly schema?: string;
  readonly integrations?: number;
  /** Of a TenantIntegration. */
  readonly credential?: CredentialStatus | undefined;
}
