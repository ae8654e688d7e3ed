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
  const wanted = (now: AnyObject): readonly string[] | undefined =>
    hasFinalizer(now) || now.metadata.deletionTimestamp !== undefined
      ? undefined
      : [...(now.metadata.finalizers ?? []), FINALIZER];
  await patch(object, wanted, { ...context, signal });
}

/** The object goes as soon as nobody else holds it. */
export async function removeFinalizer(
  object: AnyObject,
  context: FinalizerContext,
  signal: AbortSignal,
): Promise<void> {
  const wanted = (now: AnyObject): readonly string[] | undefined =>
    hasFinalizer(now) ? (now.metadata.finalizers ?? []).filter((name) => name !== FINALIZER) : undefined;
  await patch(object, wanted, { ...context, signal });
}

/** Looks again and tries again so many times: a status was written, or somebody applies the object at the same time. */
const TRIES = 4;

type Wanted = (now: AnyObject) => readonly string[] | undefined;

/** The resourceVersion guards the finalizers of others: a merge patch replaces the whole list. */
async function patch(
  object: AnyObject,
  wanted: Wanted,
  context: FinalizerContext & { readonly signal: AbortSignal },
): Promise<void> {
  const { namespace, name, uid } = object.metadata;
  const path = pathOf(object.kind, namespace, name);
  let now: AnyObject | undefined = object;
  for (let tries = 0; tries < TRIES; tries++) {
    // Gone, or another of its name is there: nothing holds it any more.
    const finalizers = now?.metadata.uid === uid ? wanted(now) : undefined;
    if (now === undefined || finalizers === undefined) return;
    if (await write(now, finalizers, context)) return;
    now = await context.kube.get<AnyObject>(path, { signal: context.signal });
  }
  throw new TenantryError('Conflict', `${object.kind} ${name} was changed at the same time`);
}

/** @returns false when somebody else has written meanwhile */
async function write(
  { kind, metadata }: AnyObject,
  finalizers: readonly string[],
  { kube, tenants, integrations, signal }: FinalizerContext & { readonly signal: AbortSignal },
): Promise<boolean> {
  const { namespace, name, uid, resourceVersion } = metadata;
  const body = { metadata: { uid, resourceVersion, finalizers } };
  try {
    const written = await kube.mergePatch<AnyObject>(pathOf(kind, namespace, name), body, { signal });
    if (written.kind === 'Tenant') tenants.wrote(written);
    else integrations.wrote(written);
    return true;
  } catch (cause) {
    const error = asTenantryError(cause);
    if (error.code === 'NotFound') return true;
    if (error.code === 'Conflict') return false;
    throw error;
  }
}
