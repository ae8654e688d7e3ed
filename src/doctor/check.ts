/** One question that `tenantry doctor` asks of a system, and its answer. */
import { asTenantryError } from '../errors.ts';

export type Verdict = 'ok' | 'warning' | 'failed';

export interface CheckResult {
  readonly system: 'vault' | 'postgres' | 'airbyte' | 'sidecar';
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly detail: string;
  /** What to do, where something is wrong. */
  readonly fix?: string;
}

export type Finding = Pick<CheckResult, 'detail'> & Partial<Pick<CheckResult, 'verdict' | 'fix'>>;

/** Asks; an error is the answer `failed` with its hint. */
export async function ask(
  system: CheckResult['system'],
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
