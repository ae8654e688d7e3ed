/** What a run tells while it works. Reporters, metrics and the operator listen; nobody parses log lines. */
import type { StepProblem, Waiting } from './step.ts';

/** How a resource ended. `observed`: its document is only observed, and something differs; nothing was written. */
export type Outcome =
  | 'created'
  | 'updated'
  | 'unchanged'
  | 'deleted'
  | 'retired'
  | 'kept'
  | 'observed'
  | 'waiting'
  | 'failed'
  | 'blocked'
  | 'cancelled';

export interface ResourceResult {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly tenant: string | undefined;
  readonly integration: string | undefined;
  readonly outcome: Outcome;
  readonly waiting?: Waiting;
  readonly problem?: StepProblem;
}

export type ReconcileEvent =
  | {
      readonly type: 'finished';
      readonly result: ResourceResult;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'retrying'; readonly id: string; readonly problem: StepProblem };

export type Listener = (event: ReconcileEvent) => void;

export function countOutcomes(results: readonly ResourceResult[]): Record<Outcome, number> {
  const counts = {
    created: 0,
    updated: 0,
    unchanged: 0,
    deleted: 0,
    retired: 0,
    kept: 0,
    observed: 0,
    waiting: 0,
    failed: 0,
    blocked: 0,
    cancelled: 0,
  };
  for (const result of results) counts[result.outcome]++;
  return counts;
}
