/** Small copies of the Tenants and TenantIntegrations of a cluster: no more of each than makes a document. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '../../operator/kube/client.ts';
import { type AnyObject, type IntegrationObject, pathOf, type TenantObject } from '../../operator/objects.ts';
import type { Change, Informer, InformerHooks } from '../../operator/watch/informer.ts';
import { createInformer } from '../../operator/watch/reflector.ts';

export interface Copies {
  objects(): {
    readonly tenants: readonly TenantObject[];
    readonly integrations: readonly IntegrationObject[];
  };
  /** Both lists are in. Rejects when the signal aborts before. */
  synced(): Promise<void>;
  hasSynced(): boolean;
  /** Resolves when all that was written before the call is in. */
  relist(signal: AbortSignal): Promise<void>;
  /** Told of what may change a document, and not of a status. */
  onChange(listener: () => void): void;
  silentSeconds(): readonly { readonly kind: string; readonly seconds: number }[];
}

export interface CopyOptions {
  readonly kube: KubeClient;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly hooks: InformerHooks;
  readonly signal: AbortSignal;
  /** Milliseconds; never jumps. */
  readonly clock: () => number;
}

export function copyObjects(options: CopyOptions): Copies {
  const tenants = follow<TenantObject>('Tenant', options);
  const integrations = follow<IntegrationObject>('TenantIntegration', options);
  return {
    objects: () => ({
      tenants: [...tenants.objects.values()],
      integrations: [...integrations.objects.values()],
    }),
    async synced() {
      await Promise.all([tenants.synced(), integrations.synced()]);
    },
    hasSynced: () => tenants.hasSynced() && integrations.hasSynced(),
    async relist(signal) {
      await Promise.all([tenants.relist(signal), integrations.relist(signal)]);
    },
    onChange(listener) {
      const changed = (change: Change<AnyObject>): void => {
        if (concernsDocument(change)) listener();
      };
      tenants.onChange(changed);
      integrations.onChange(changed);
    },
    silentSeconds: () => [
      { kind: 'Tenant', seconds: tenants.silentSeconds() },
      { kind: 'TenantIntegration', seconds: integrations.silentSeconds() },
    ],
  };
}

function follow<T extends AnyObject>(
  kind: T['kind'],
  { kube, namespace, hooks, signal, clock }: CopyOptions,
): Informer<T> {
  const keep = (raw: T): T => essence(raw) as T;
  const path = pathOf(kind);
  return createInformer<T>({
    kube,
    kind,
    path,
    namespace,
    signal,
    hooks,
    keep,
    now: clock,
    random: Math.random,
  });
}

/**
 * Of the status only which schema the object was given: of two that want the same, that one keeps it; and whether the
 * tenant is the operator's.
 */
function essence({ apiVersion, kind, metadata, spec, status }: AnyObject): object {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } =
    metadata;
  const kept = keptOf(kind, status);
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      generation,
      creationTimestamp,
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec,
    ...(Object.keys(kept).length > 0 && { status: kept }),
  };
}

const KEPT = { Tenant: ['schema', 'owned'], TenantIntegration: ['namespace'] } as const;

function keptOf(kind: string, status: AnyObject['status']): Readonly<Record<string, unknown>> {
  const all = (status ?? {}) as Readonly<Record<string, unknown>>;
  const fields = KEPT[kind as keyof typeof KEPT];
  return Object.fromEntries(
    fields.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]),
  );
}

function concernsDocument(change: Change<AnyObject>): boolean {
  if (change.type !== 'updated') return true;
  const { object, before } = change;
  return (
    object.metadata.generation !== before.metadata.generation ||
    object.metadata.deletionTimestamp !== before.metadata.deletionTimestamp ||
    !isDeepStrictEqual(keptOf(object.kind, object.status), keptOf(before.kind, before.status))
  );
}
