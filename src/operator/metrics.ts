/** What the parts of the operator tell to be counted; metrics/registry.ts gives it the names of controller-runtime. */
import type { BackendCall } from '../clients/http.ts';
import type { KubeCall } from './kube/client.ts';
import type { WorkQueueHooks } from './queue/work-queue.ts';
import type { InformerHooks } from './watch/informer.ts';

export type ReconcileResult = 'success' | 'waiting' | 'requeue' | 'error' | 'stalled';

export interface OperatorMetrics {
  readonly queue: WorkQueueHooks;
  readonly informer: InformerHooks;
  onKubeCall(call: KubeCall): void;
  onBackendCall(call: BackendCall): void;
  /** One tenant was reconciled; seconds from taken to done. */
  onReconcile(result: ReconcileResult, seconds: number): void;
  /** Something differed although no document had changed. */
  onDrift(kind: string): void;
  /** One look at the systems for several tenants at once. */
  onBatch(tenants: number, seconds: number): void;
  leading(is: boolean): void;
  /** An Event was not written. */
  onEventDropped(): void;
  /** Values that are asked for when the metrics are read. */
  observe(source: {
    readonly queueDepth: () => number;
    readonly queueUnfinishedSeconds: () => number;
    readonly queueLongestSeconds: () => number;
    /** Objects by kind and state of their Ready condition. */
    readonly objects: () => readonly {
      readonly kind: string;
      readonly ready: string;
      readonly count: number;
    }[];
    /** TenantIntegrations that wait for a credential. */
    readonly gates: () => number;
    readonly silentSeconds: () => readonly { readonly kind: string; readonly seconds: number }[];
  }): void;
  /** Text in the Prometheus format. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}
