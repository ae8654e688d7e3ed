/** What the parts of the controller share while this replica leads. */
import type { Catalog } from '../../catalog/entry.ts';
import type { Backends } from '../../clients/connect.ts';
import type { Logger } from '../../log.ts';
import type { World } from '../../resources/kind.ts';
import type { Owner } from '../../resources/mark.ts';
import type { Loaded } from '../../spec/documents.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { EventRecorder } from '../events/recorder.ts';
import type { KubeClient } from '../kube/client.ts';
import type { OperatorMetrics } from '../metrics.ts';
import type { AnyObject, CredentialStatus, IntegrationObject, TenantObject } from '../objects.ts';
import type { WorkQueue } from '../queue/work-queue.ts';
import type { Informer } from '../watch/informer.ts';
import type { DocumentsView } from './documents-view.ts';
import type { Due } from './due.ts';
import type { Fence } from './fence.ts';
import type { Memory } from './memory.ts';
import type { SlowTenants } from './slow.ts';
import type { Units } from './units.ts';

export interface ControllerContext {
  readonly owner: Owner;
  readonly platform: Loaded<PlatformDocument>;
  readonly catalog: Catalog;
  readonly backends: Backends;
  /** With a signal of its own: it ends the calls of a replica that no longer leads. */
  readonly world: World;
  readonly kube: KubeClient;
  readonly tenants: Informer<TenantObject>;
  readonly integrations: Informer<IntegrationObject>;
  readonly units: Units;
  readonly documents: DocumentsView;
  readonly queue: WorkQueue;
  readonly due: Due;
  readonly memory: Memory;
  readonly slow: SlowTenants;
  readonly fence: Fence;
  readonly events: EventRecorder;
  readonly metrics: OperatorMetrics;
  readonly log: Logger;
  readonly now: () => number;
  /** Aborts when no further resource shall be begun; what is under way is finished. */
  readonly stop: AbortSignal;
  /** What the sidecar says of the credentials of these tenants, by `tenant/integration`; empty where there is none. Never rejects. */
  readonly credentials: (tenants: readonly string[]) => Promise<ReadonlyMap<string, CredentialStatus>>;
}

/** For the log: never more than names. */
export function nameOf(object: AnyObject): {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
} {
  const { kind, metadata } = object;
  return { kind, namespace: metadata.namespace, name: metadata.name };
}
