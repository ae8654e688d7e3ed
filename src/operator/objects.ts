/** The custom resources as the API server gives them, and the names that the operator writes into them. */
import type { ErrorCode } from '../errors.ts';
import type { SyncJob } from '../reconcile/recent-jobs.ts';
import type { StatusReason } from './status/reasons.ts';

export const GROUP = 'tenantry.dev';
export const VERSION = 'v1alpha1';

/** Keeps an object until what it stands for is removed or released. */
export const FINALIZER = `${GROUP}/finalizer`;

export const ANNOTATIONS = {
  /** A new value (a time, by convention) has the object reconciled at once. */
  reconcileRequested: `${GROUP}/reconcile-requested-at`,
  /** `Abandon`: when the object is deleted nothing outside of Kubernetes is touched. For systems that are gone for good. */
  onDelete: `${GROUP}/on-delete`,
} as const;

/** Field manager of everything that the operator applies on the server side. */
export const FIELD_MANAGER = 'tenantry-operator';

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled' | 'CredentialReady';

/** A reason is a code of the registry of errors, or of that of states which are no errors. */
export type Reason = ErrorCode | StatusReason;

/** metav1.Condition. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  /** RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
  readonly reason: Reason;
  readonly message: string;
}

/** What would be done; written where the document says `managementPolicy: Observe`. */
export interface PlanStatus {
  /** All changes, also those that `changes` leaves out. */
  readonly total: number;
  /** At most 20, e.g. `update airbyte:connection acme-notion: schedule "manual" → "0 0 3 * * ?"`. Never a secret. */
  readonly changes: readonly string[];
}

export interface CommonStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  /** The driver instance that owns the objects, e.g. `operator:prod`. */
  readonly claim?: string;
  /** Value of the annotation reconcile-requested-at that was acted on last. */
  readonly lastHandledReconcileAt?: string;
  readonly plan?: PlanStatus;
  /** Ids that Airbyte gave, by resource; a hint only. */
  readonly ids?: Readonly<Record<string, string>>;
}

export interface TenantStatus extends CommonStatus {
  /**
   * The claim is this operator's, for a Tenant of this namespace. Whoever acts for a tenant without looking at the claim goes
   * by this, and takes absent for false.
   */
  readonly owned?: boolean;
  readonly schema?: string;
  /** Number of TenantIntegrations. */
  readonly integrations?: number;
}

export type CredentialState = 'Ready' | 'Missing' | 'Expired' | 'NeedsReauthorization' | 'Revoked';

export interface CredentialStatus {
  readonly state: CredentialState;
  readonly expiresAt?: string;
  readonly lastRefreshTime?: string;
  readonly scopes?: readonly string[];
}

/** Without a job id: one that was not begun. */
export interface LastSyncStatus extends Omit<SyncJob, 'jobId'>, Partial<Pick<SyncJob, 'jobId'>> {
  readonly message?: string;
}

export interface IntegrationStatus extends CommonStatus {
  /** `spec.sync.namespace` as it was reconciled last: who was given a schema keeps it. */
  readonly namespace?: string;
  readonly credential?: CredentialStatus;
  readonly lastSync?: LastSyncStatus;
  /** RFC 3339. */
  readonly nextSyncTime?: string;
}

/** `spec` is as the API server keeps it; documents/read.ts checks it and fills in what is left out. */
export interface TenantObject extends KubeObject {
  readonly kind: 'Tenant';
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: TenantStatus;
}

export interface IntegrationObject extends KubeObject {
  readonly kind: 'TenantIntegration';
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: IntegrationStatus;
}

export type AnyObject = TenantObject | IntegrationObject;

export const PLURALS = { Tenant: 'tenants', TenantIntegration: 'tenantintegrations' } as const;

/** Path of the objects of a kind: all, those of a namespace, or one. */
export function pathOf(kind: keyof typeof PLURALS, namespace?: string, name?: string): string {
  const base = `/apis/${GROUP}/${VERSION}`;
  const scoped = namespace === undefined ? base : `${base}/namespaces/${namespace}`;
  return `${scoped}/${PLURALS[kind]}${name === undefined ? '' : `/${name}`}`;
}

/** Undefined before the object was looked at for the first time. */
export function conditionOf({ status }: AnyObject, type: ConditionType): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** `namespace/name`. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** `Kind namespace/name`: the same as long as the object is there, and for each object another. */
export function objectKeyOf(object: KubeObject): string {
  return `${object.kind} ${keyOf(object)}`;
}

/** Name of the tenant that an object is, or belongs to. */
export function tenantOf(object: AnyObject): string {
  return object.kind === 'Tenant' ? object.metadata.name : String(object.spec?.['tenant']);
}

/** Key of the work queue: the tenant that an object belongs to, as `namespace/tenant`; both reconcile together. */
export function tenantKeyOf(object: AnyObject): string {
  return `${object.metadata.namespace}/${tenantOf(object)}`;
}
