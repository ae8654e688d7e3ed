/** Writes the status of an object where it says something new, and tells people what matters. */
import { asTenantryError, isErrorCode } from '../../errors.ts';
import {
  type AnyObject,
  type Condition,
  conditionOf,
  FIELD_MANAGER,
  type IntegrationObject,
  type IntegrationStatus,
  pathOf,
  type TenantObject,
} from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import { integrationStatus } from '../status/integration.ts';
import { sameStatus, statusBody } from '../status/status.ts';
import { tenantStatus } from '../status/tenant.ts';
import { type ControllerContext, nameOf } from './context.ts';

type Context = Pick<ControllerContext, 'kube' | 'tenants' | 'integrations' | 'events' | 'log' | 'now'>;

/** @returns false when the API server did not take it; the caller tries again later */
export async function writeStatus(
  object: AnyObject,
  outcome: DocumentOutcome,
  context: Context,
  signal: AbortSignal,
): Promise<boolean> {
  const { now } = context;
  const status = withoutSync(
    object.kind === 'Tenant'
      ? tenantStatus(object, outcome, { now: now() })
      : integrationStatus(object, outcome, { now: now() }),
  );
  const isNew = !sameStatus(withoutSync(object.status), status);
  if (isNew && !(await put(object, status, context, signal))) return false;
  if (isNew) tell(object, status.conditions, context);
  return true;
}

/** The last and the next sync are written by who watches the syncs, under a field manager of its own (poll/syncs.ts). */
function withoutSync(status: AnyObject['status']): NonNullable<AnyObject['status']> {
  const { lastSync: _, nextSyncTime: __, ...rest }: IntegrationStatus = status ?? {};
  return rest;
}

/** Writes a status as it is given. */
export async function put(
  object: AnyObject,
  status: NonNullable<AnyObject['status']>,
  { kube, tenants, integrations, log }: Context,
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace, name } = object.metadata;
  const path = `${pathOf(object.kind, namespace, name)}/status`;
  try {
    const body = statusBody(object, status);
    const written = await kube.apply<AnyObject>(path, body, { fieldManager: FIELD_MANAGER, signal });
    if (written.kind === 'Tenant') tenants.wrote(written as TenantObject);
    else integrations.wrote(written as IntegrationObject);
    return true;
  } catch (cause) {
    const error = asTenantryError(cause);
    // The object is gone: there is nobody to tell.
    if (error.code === 'NotFound') return true;
    if (!signal.aborted) log.warn({ ...nameOf(object), err: error }, 'the status was not written');
    return false;
  }
}

/** An Event where a person would want to know: something went wrong, or is well again. */
function tell(object: AnyObject, conditions: readonly Condition[] | undefined, { events }: Context): void {
  const ready = conditions?.find((condition) => condition.type === 'Ready');
  const before = conditionOf(object, 'Ready');
  if (ready === undefined || ready.reason === before?.reason) return;
  if (isErrorCode(ready.reason)) {
    events.record(object, { type: 'Warning', reason: ready.reason, message: ready.message });
  } else if (before !== undefined && ready.status === 'True') {
    events.record(object, { type: 'Normal', reason: ready.reason, message: ready.message });
  } else if (ready.reason === 'WaitingForCredential') {
    events.record(object, { type: 'Normal', reason: ready.reason, message: ready.message });
  }
}
