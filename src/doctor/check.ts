/** One question that `tenantry doctor` asks of a system, and its answer. */
import { asTenantryError } from '../errors.ts';

export type Verdict = 'ok' | 'warning' | 'failed';

export type System = 'vault' | 'postgres' | 'airbyte' | 'sidecar';

export interface CheckResult {
  readonly system: System;
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly detail: string;
  /** What to do, where something is wrong. May have several lines. */
  readonly fix?: string;
}

export type Finding = Pick<CheckResult, 'detail'> & Partial<Pick<CheckResult, 'verdict' | 'fix'>>;

/** Asks; an error is the answer `failed` with its hint. */
export async function ask(
  system: System,
  check: string,
  question: () => Promise<Finding>,
): Promise<CheckResult> {
  try {
    return { system, check, verdict: 'ok', ...(await question()) };
  } catch (error) {
    const { code, message, hint } = asTenantryError(error);
    return { system, check, verdict: 'failed', detail: `${code}: ${message}`, fix: hint };
  }
}

/** Asks one after the other and ends at the first failure: without a connection the rest only repeats it. */
export async function askInOrder(questions: readonly (() => Promise<CheckResult>)[]): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const question of questions) {
    const result = await question();
    results.push(result);
    if (result.verdict === 'failed') break;
  }
  return results;
}
