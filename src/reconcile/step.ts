/** A plan as data: what would be done with each resource, and why. Holds no secret. */
import type { ErrorCode, TenantryError } from '../errors.ts';
import type { Change } from '../resources/kind.ts';

/**
 * - `create`, `update`, `delete`, `retire` (make a retained object harmless): changes;
 * - `observe`: its document is only observed; `would` says what would be done, and nothing is;
 * - `none`: as wanted; `keep`: no longer wanted, but retained by its deletion policy;
 * - `wait`: an input or a confirmation must come first; `refuse`: not ours; `block`: what it needs is refused.
 */
export type Action =
  | 'create'
  | 'update'
  | 'delete'
  | 'retire'
  | 'observe'
  | 'none'
  | 'keep'
  | 'wait'
  | 'refuse'
  | 'block';

/** What would be done with a resource that is only observed. */
export type WouldBe = 'create' | 'update' | 'delete' | 'retire' | 'refuse' | 'block';

/** What a step waits for and what a person does about it. */
export interface Waiting {
  readonly waitsFor: string;
  readonly nextStep: string;
}

export interface StepProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface Step {
  readonly id: string;
  readonly kind: string;
  /** Name for people. */
  readonly name: string;
  readonly tenant: string | undefined;
  readonly integration: string | undefined;
  readonly action: Action;
  /** With `observe` only. */
  readonly would?: WouldBe;
  readonly changes: readonly Change[];
  readonly waiting?: Waiting;
  readonly problem?: StepProblem;
}

const CHANGING: ReadonlySet<Action> = new Set(['create', 'update', 'delete', 'retire']);

/** Would this step change the world? Never true of what is only observed. */
export function isChange(step: Step): boolean {
  return CHANGING.has(step.action);
}

/** The same step of a document that is only observed. What is as wanted, is kept or waits stays as it is. */
export function observedStep(step: Step): Step {
  const { action } = step;
  if (action === 'none' || action === 'keep' || action === 'wait' || action === 'observe') return step;
  return { ...step, action: 'observe', would: action };
}

export function countActions(steps: readonly Step[]): Record<Action, number> {
  const counts = {
    create: 0,
    update: 0,
    delete: 0,
    retire: 0,
    observe: 0,
    none: 0,
    keep: 0,
    wait: 0,
    refuse: 0,
    block: 0,
  };
  for (const step of steps) counts[step.action]++;
  return counts;
}

export function problemOf(error: TenantryError): StepProblem {
  return { code: error.code, message: error.message, hint: error.hint };
}
