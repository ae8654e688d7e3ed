/** The outcome of an apply as text and as JSON. */
import { countOutcomes, type ResourceResult } from '../../reconcile/events.ts';
import type { Io } from '../io.ts';

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

export function formatResults(results: readonly ResourceResult[], io: Pick<Io, 'style'>): string {
  const lines: string[] = [];
  for (const { result, more } of failures(results)) {
    const { kind, name, tenant, problem } = result;
    const whose = tenant === undefined ? '' : ` of tenant ${tenant}`;
    lines.push(`${io.style('red', `! ${kind} ${name}`)}${whose}`);
    if (problem) lines.push(`    ${problem.code}: ${problem.message}`, `    → ${problem.hint}`);
    if (more > 0) lines.push(`    and ${more} more with the same error`);
  }
  for (const waiting of waits(results)) {
    lines.push(`${io.style('cyan', '…')} waits for ${waiting.waitsFor}`, `    → ${waiting.nextStep}`);
  }
  lines.push(outcomeLine(results));
  return `${lines.join('\n')}\n`;
}

/** Failures, those of one kind with one message told once. */
function failures(results: readonly ResourceResult[]): { result: ResourceResult; more: number }[] {
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const groups = Map.groupBy(failed, ({ kind, problem }) => `${kind} ${problem?.code} ${problem?.message}`);
  return [...groups.values()].flatMap(([result, ...others]) =>
    result ? [{ result, more: others.length }] : [],
  );
}

function waits(results: readonly ResourceResult[]): NonNullable<ResourceResult['waiting']>[] {
  const found = new Map<string, NonNullable<ResourceResult['waiting']>>();
  for (const { waiting } of results) if (waiting) found.set(waiting.waitsFor, waiting);
  return [...found.values()];
}

function outcomeLine(results: readonly ResourceResult[]): string {
  const counts = countOutcomes(results);
  const parts = [`${counts.created} created`, `${counts.updated} updated`, `${counts.deleted} deleted`];
  for (const outcome of ['retired', 'kept', 'waiting', 'failed', 'blocked', 'cancelled'] as const) {
    if (counts[outcome] > 0) parts.push(`${counts[outcome]} ${outcome === 'kept' ? 'retained' : outcome}`);
  }
  const title = succeeded(results)
    ? 'Applied'
    : counts.cancelled > 0
      ? 'Stopped'
      : 'Not everything was applied';
  const again = succeeded(results) ? '' : ' Run the command again to go on where it ended.';
  return `${title}: ${parts.join(', ')}; ${counts.unchanged} unchanged.${again}`;
}

export function resultsJson(results: readonly ResourceResult[]): Record<string, unknown> {
  return {
    ok: succeeded(results),
    applied: appliedCount(results),
    summary: countOutcomes(results),
    results: results.filter(({ outcome }) => outcome !== 'unchanged' && outcome !== 'kept'),
  };
}
