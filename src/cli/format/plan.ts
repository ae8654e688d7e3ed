/** A plan as text, grouped by tenant, and as JSON. */
import type { Plan } from '../../reconcile/plan.ts';
import { type Action, countActions, isChange, type Step } from '../../reconcile/step.ts';
import type { Change } from '../../resources/kind.ts';
import type { Io, Style } from '../io.ts';

const SIGNS: Record<Action, { readonly sign: string; readonly style: Style }> = {
  create: { sign: '+', style: 'green' },
  update: { sign: '~', style: 'yellow' },
  delete: { sign: '-', style: 'red' },
  retire: { sign: '-', style: 'yellow' },
  none: { sign: ' ', style: 'dim' },
  keep: { sign: ' ', style: 'dim' },
  wait: { sign: '…', style: 'cyan' },
  refuse: { sign: '!', style: 'red' },
  block: { sign: '!', style: 'dim' },
};

/** Every step of a plan: removals first, as they are done. */
export function allSteps(plan: Plan): Step[] {
  return [...plan.prunes.map((target) => target.step), ...plan.steps];
}

export function formatPlan(plan: Plan, io: Pick<Io, 'style'>): string {
  const steps = allSteps(plan);
  const lines: string[] = [];
  const shown = steps.filter((step) => isChange(step) || step.action === 'wait' || step.action === 'refuse');
  for (const [tenant, group] of Map.groupBy(shown, (step) => step.tenant)) {
    lines.push(io.style('bold', tenant === undefined ? 'Platform' : `Tenant ${tenant}`));
    for (const step of withoutFollowers(group)) lines.push(...formatStep(step, io));
    lines.push('');
  }
  lines.push(summaryLine(steps));
  return `${lines.join('\n')}\n`;
}

/** Of resources that wait for the same thing only the first is shown; the others follow from it. */
function withoutFollowers(steps: readonly Step[]): Step[] {
  const seen = new Set<string>();
  return steps.filter((step) => {
    if (!step.waiting) return true;
    const known = seen.has(step.waiting.waitsFor);
    seen.add(step.waiting.waitsFor);
    return !known;
  });
}

function formatStep(step: Step, io: Pick<Io, 'style'>): string[] {
  const { sign, style } = SIGNS[step.action];
  const verb = step.action === 'wait' ? `waits for ${step.waiting?.waitsFor ?? ''}` : '';
  const lines = [`  ${io.style(style, `${sign} ${step.kind}`)} ${step.name}${verb && `  ${verb}`}`];
  if (step.waiting) lines.push(`      → ${step.waiting.nextStep}`);
  if (step.problem)
    lines.push(`      ${step.problem.code}: ${step.problem.message}`, `      → ${step.problem.hint}`);
  // What is made anew is described by its document; what changes is shown.
  if (step.action === 'update') lines.push(...step.changes.map((change) => `      ${formatChange(change)}`));
  return lines;
}

const WIDEST = 100;

function formatChange({ path, before, after }: Change): string {
  const short = (text: string): string => {
    const line = text.replaceAll('\n', '⏎');
    return line.length > WIDEST ? `${line.slice(0, WIDEST)}…` : line;
  };
  if (before === undefined) return `${path}: ${short(after ?? '')}`;
  if (after === undefined) return `${path}: ${short(before)} → (removed)`;
  return `${path}: ${short(before)} → ${short(after)}`;
}

export function summaryLine(steps: readonly Step[]): string {
  const counts = countActions(steps);
  const changes = steps.filter(isChange).length;
  if (changes === 0 && counts.refuse === 0 && counts.block === 0) {
    return `No changes: ${counts.none} up to date${waitingText(counts)}.`;
  }
  const parts = [`${counts.create} to create`, `${counts.update} to update`, `${counts.delete} to delete`];
  if (counts.retire > 0) parts.push(`${counts.retire} to retire`);
  if (counts.refuse > 0) parts.push(`${counts.refuse} refused`);
  if (counts.block > 0) parts.push(`${counts.block} blocked by those`);
  return `Plan: ${parts.join(', ')}; ${counts.none} up to date${waitingText(counts)}.`;
}

function waitingText(counts: Record<Action, number>): string {
  const waiting = counts.wait > 0 ? `, ${counts.wait} waiting` : '';
  return counts.keep > 0 ? `${waiting}, ${counts.keep} retained` : waiting;
}

/** The plan as data: what changes, waits or is refused, and the counts of everything. */
export function planJson(plan: Plan): Record<string, unknown> {
  const steps = allSteps(plan);
  return {
    changes: steps.filter(isChange).length,
    summary: countActions(steps),
    steps: steps.filter((step) => step.action !== 'none' && step.action !== 'keep'),
  };
}
