/** Puts our finalizer on objects before anything is made for them, and takes it off when nothing is left. */
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { type AnyObject, FINALIZER, type IntegrationObject, pathOf, type TenantObject } from '../objects.ts';
import type { Informer } from '../watch/informer.ts';

export interface FinalizerContext {
  readonly kube: KubeClient;
  readonly tenants: Informer<TenantObject>;
  readonly integrations: Informer<IntegrationObject>;
}

export function hasFinalizer({ metadata }: AnyObject): boolean {
  return metadata.finalizers?.includes(FINALIZER) ?? false;
}

export async function addFinalizer(
  object: AnyObject,
  context: FinalizerContext,
  signal: AbortSignal,
): Promise<void> {
  if (hasFinalizer(object) || object.metadata.deletionTimestamp !== undefined) return;
  await patch(object, [...(object.metadata.finalizers ?? []), FINALIZER], { ...context, signal });
}

/** The object goes as soon as nobody else holds it. */
export async function removeFinalizer(
  object: AnyObject,
  context: FinalizerContext,
  signal: AbortSignal,
): Promise<void> {
  if (!hasFinalizer(object)) return;
  const others = (object.metadata.finalizers ?? []).filter((name) => name !== FINALIZER);
  await patch(object, others, { ...context, signal });
}

/** The resourceVersion guards the finalizers of others: a merge patch replaces the whole list. */
async function patch(
  object: AnyObject,
  finalizers: readonly string[],
  { kube, tenants, integrations, signal }: FinalizerContext & { readonly signal: AbortSignal },
): Promise<void> {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const path = pathOf(object.kind, namespace, name);
  try {
    const body = { metadata: { uid, resourceVersion, finalizers } };
    const written = await kube.mergePatch<AnyObject>(path, body, { signal });
    if (written.kind === 'Tenant') tenants.wrote(written);
    else integrations.wrote(written);
  } catch (cause) {
    const error = asTenantryError(cause);
    // Gone meanwhile: nothing holds it any more.
    if (error.code === 'NotFound') return;
    if (error.code === 'Conflict') {
      throw new TenantryError('Conflict', `${object.kind} ${name} was changed at the same time`, {
        cause: error,
      });
    }
    throw error;
  }
}
