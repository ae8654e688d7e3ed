/** What every group of metrics is made with. */
import type { Registry } from 'prom-client';
import type { OperatorMetrics } from '../metrics.ts';

/** Values that are asked for when the metrics are read. */
export type Source = Parameters<OperatorMetrics['observe']>[0];

export interface Group {
  readonly registers: Registry[];
  /** Undefined until the operator tells it. */
  readonly source: () => Source | undefined;
}
