/** The outcome of an apply as text and as JSON. */
import { countOutcomes, type Outcome, type ResourceResult } from '../../reconcile/events.ts';
import type { StepProblem, Waiting } from '../../reconcile/step.ts';
import type { Hint } from '../hints.ts';
import { completed } from './plan.ts';
import { type Show, shortName } from './show.ts';

/** True when a run did all it could: what waits is no failure. */
export function succeeded(results: readonly ResourceResult[]): boolean {
  return results.every(
    ({ outcome }) => outcome !== 'failed' && outcome !== 'blocked' && outcome !== 'cancelled',
  );
}

/** Results that changed something. */
export function appliedCount(results: readonly ResourceResult[]): number {
  const counts = countOutcomes(results);
  return counts.created + counts.updated + counts.deleted + counts.retired;
}

/** What a person has read already, in the plan above: it is not told again. */
export type AlreadyTold = Iterable<{ readonly waiting?: Waiting; readonly problem?: StepProblem }>;

export function formatResults(
  results: readonly ResourceResult[],
  show: Show,
  told: AlreadyTold = [],
): string {
  const before = [...told];
  const known = new Set(before.map(({ waiting }) => waiting?.waitsFor));
  const refused = new Set(before.map(({ problem }) => problem?.message));
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const lines: string[] = [];
  for (const group of alike(failed.filter(({ problem }) => !refused.has(problem?.message)))) {
    lines.push(...formatFailure(group, show));
  }
  const again = failed.filter(({ problem }) => refused.has(problem?.message)).length;
  for (const waiting of waits(results)) {
    if (known.has(waiting.waitsFor)) continue;
    lines.push(
      `${show.style('cyan', '…')} waits for ${waiting.waitsFor}`,
      `    → ${show.hint(waiting.nextStep)}`,
    );
  }
  lines.push(outcomeLine(results, again));
  return `${lines.join('\n')}\n`;
}

function formatFailure(group: readonly ResourceResult[], show: Show): string[] {
  const [first] = group;
  if (!first) return [];
  const { kind, name, tenant, problem } = first;
  const whose = tenant === undefined ? '' : ` of tenant ${tenant}`;
  const lines = [`${show.style('red', `! ${kind} ${shortName(name)}`)}${whose}`];
  if (problem) lines.push(`    ${problem.code}: ${problem.message}`, `    → ${show.hint(problem.hint)}`);
  if (group.length > 1) lines.push(`    and ${group.length - 1} more with the same error`);
  return lines;
}

/** Failures with one cause together: a system that is away says the same of everything. */
function alike(failed: readonly ResourceResult[]): ResourceResult[][] {
  const groups = Map.groupBy(failed, ({ kind, problem }) => {
    const isSystem = /(Unreachable|Sealed|Unauthorized)$/.test(problem?.code ?? '');
    return isSystem ? `${problem?.code}` : `${kind} ${problem?.code} ${problem?.message}`;
  });
  return [...groups.values()];
}

function waits(results: readonly ResourceResult[]): Waiting[] {
  const found = new Map<string, Waiting>();
  for (const { waiting } of results) if (waiting) found.set(waiting.waitsFor, waiting);
  return [...found.values()];
}

const DONE: readonly (readonly [Outcome, string])[] = [
  ['created', 'created'],
  ['updated', 'updated'],
  ['deleted', 'deleted'],
  ['retired', 'retired'],
  ['kept', 'retained'],
  ['observed', 'only observed'],
  ['waiting', 'waiting'],
];

const NOT_DONE: readonly (readonly [Outcome, string])[] = [
  ['blocked', 'not done because of those'],
  ['cancelled', 'not begun'],
  ['unchanged', 'unchanged'],
];

function outcomeLine(results: readonly ResourceResult[], refused: number): string {
  const counts = countOutcomes(results);
  const said = ([outcome, words]: readonly [Outcome, string]): string[] =>
    counts[outcome] > 0 ? [`${counts[outcome]} ${words}`] : [];
  const failed = counts.failed - refused;
  const parts = [
    ...DONE.flatMap(said),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(refused > 0 ? [`${refused} refused as the plan says`] : []),
    ...NOT_DONE.flatMap(said),
  ];
  return `${titleOf(results)}: ${parts.join(', ') || 'nothing to do'}.${nextOf(results, failed)}`;
}

function titleOf(results: readonly ResourceResult[]): string {
  if (succeeded(results)) return 'Applied';
  return countOutcomes(results).cancelled > 0 ? 'Stopped' : 'Not everything was applied';
}

function nextOf(results: readonly ResourceResult[], failed: number): string {
  if (succeeded(results)) return '';
  if (failed > 0 || countOutcomes(results).cancelled > 0) {
    return ' Run the command again to go on where it ended.';
  }
  return ' Clear what is in the way, then run the command again.';
}

export function resultsJson(results: readonly ResourceResult[], hint: Hint): Record<string, unknown> {
  return {
    ok: succeeded(results),
    applied: appliedCount(results),
    summary: countOutcomes(results),
    results: results
      .filter(({ outcome }) => outcome !== 'unchanged' && outcome !== 'kept')
      .map((result) => completed(result, hint)),
  };
}
