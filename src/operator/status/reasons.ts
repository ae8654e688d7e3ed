/** Reasons of conditions that are no errors. Errors have their code of src/errors.ts. Every one is in docs/kubernetes/reasons.md. */
export const STATUS_REASONS = [
  /** Everything is as the document says. */
  'Reconciled',
  /** Everything is as the document says, and the syncs are paused. */
  'Suspended',
  /** The credential is there and can be used. */
  'Connected',
  /** The access token has ended and was not refreshed yet. */
  'CredentialExpired',
  /** The work is under way. */
  'Progressing',
  /** A person has to connect the integration. */
  'WaitingForCredential',
  /** Something else must come first; the message says what. */
  'Waiting',
  /** The TenantIntegration names a Tenant that is not there (yet). */
  'TenantNotFound',
  /** The Tenant is not ready, so nothing was done for the integration. */
  'TenantNotReady',
  /** managementPolicy: Observe, and apply would change something. */
  'Differs',
  /** The object is being deleted. */
  'Deleting',
  /** The Tenant is being deleted, and integrations of it are still there. */
  'IntegrationsRemain',
  /** Of an Event only: something was changed from outside, and is as the document says again. */
  'DriftRepaired',
  /** Nothing was seen of it yet. */
  'Pending',
] as const;

export type StatusReason = (typeof STATUS_REASONS)[number];
