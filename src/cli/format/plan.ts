/** A plan as text, grouped by tenant, and as JSON. */
import { allSteps, type Plan } from '../../reconcile/plan.ts';
import { type Action, countActions, isChange, type Step, type WouldBe } from '../../reconcile/step.ts';
import type { Change } from '../../resources/kind.ts';
import type { Hint } from '../hints.ts';
import type { Style } from '../io.ts';
import { mergeTenants } from './merge-tenants.ts';
import { type Show, shortName } from './show.ts';

const SIGNS: Record<Action, { readonly sign: string; readonly style: Style }> = {
  create: { sign: '+', style: 'green' },
  update: { sign: '~', style: 'yellow' },
  delete: { sign: '-', style: 'red' },
  retire: { sign: '-', style: 'yellow' },
  observe: { sign: '○', style: 'dim' },
  none: { sign: ' ', style: 'dim' },
  keep: { sign: '=', style: 'dim' },
  wait: { sign: '…', style: 'cyan' },
  refuse: { sign: '!', style: 'red' },
  block: { sign: '!', style: 'dim' },
};

export interface PlanTextOptions {
  /** Show what is retained too: for a tenant that is taken away, this is half of the answer. Default false. */
  readonly kept?: boolean;
}

export function formatPlan(plan: Plan, show: Show, options: PlanTextOptions = {}): string {
  const steps = allSteps(plan);
  const isShown = (step: Step): boolean =>
    isChange(step) || ['wait', 'refuse', 'observe', ...(options.kept ? ['keep'] : [])].includes(step.action);
  const groups = Map.groupBy(steps.filter(isShown), (step) => step.tenant);
  const platform = groups.get(undefined) ?? [];
  groups.delete(undefined);
  const lines: string[] = [];
  if (platform.length > 0) lines.push(show.style('bold', 'Platform'), ...blockOf(platform, show), '');
  const tenants = [...groups].map(([tenant = '', group]) => ({ tenant, lines: blockOf(group, show) }));
  for (const { title, lines: block } of mergeTenants(tenants)) {
    lines.push(show.style('bold', title), ...block, '');
  }
  lines.push(summaryLine(steps));
  return `${lines.join('\n')}\n`;
}

function blockOf(steps: readonly Step[], show: Show): string[] {
  return withoutFollowers(steps).flatMap((step) => formatStep(step, show));
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

function formatStep(step: Step, show: Show): string[] {
  const { sign, style } = SIGNS[step.action];
  const lines = [`  ${show.style(style, `${sign} ${step.kind}`)} ${shortName(step.name)}${remark(step)}`];
  if (step.waiting) lines.push(`      → ${show.hint(step.waiting.nextStep)}`);
  if (step.problem) {
    lines.push(
      `      ${step.problem.code}: ${step.problem.message}`,
      `      → ${show.hint(step.problem.hint)}`,
    );
  }
  // What is made anew is described by its document; what changes is shown.
  if ((step.would ?? step.action) === 'update')
    lines.push(...step.changes.map((change) => `      ${formatChange(change)}`));
  return lines;
}

const WOULD: Record<WouldBe, string> = {
  create: 'would be created',
  update: 'would be updated',
  delete: 'would be deleted',
  retire: 'would be retired',
  refuse: 'would be refused',
  block: 'would depend on what is refused',
};

function remark(step: Step): string {
  if (step.would) return `  ${WOULD[step.would]} (only observed)`;
  if (step.action === 'wait') return `  waits for ${step.waiting?.waitsFor ?? 'what it depends on'}`;
  if (step.action === 'retire') return '  is kept, but nobody can log in with it any more';
  if (step.action === 'keep') return '  is kept (deletionPolicy: Retain)';
  return '';
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
  const said = (pairs: readonly (readonly [Action, string])[]): string[] =>
    pairs.flatMap(([action, words]) => (counts[action] > 0 ? [`${counts[action]} ${words}`] : []));
  const changes = said([
    ['create', 'to create'],
    ['update', 'to update'],
    ['delete', 'to delete'],
    ['retire', 'to retire'],
    ['refuse', 'refused'],
    ['block', counts.block === 1 ? 'depends on what is refused' : 'depend on what is refused'],
  ]);
  const rest = said([
    ['observe', 'only observed'],
    ['none', 'up to date'],
    ['wait', 'waiting'],
    ['keep', 'retained'],
  ]);
  const title = changes.length === 0 ? 'No changes' : `Plan: ${changes.join(', ')}`;
  const separator = changes.length === 0 ? ': ' : '; ';
  return `${title}${rest.length > 0 ? `${separator}${rest.join(', ')}` : ''}.`;
}

/** What a person does after a plan with changes or refusals; nothing when all is as wanted. */
export function afterPlan(steps: readonly Step[], applyCommand: string): string {
  const counts = countActions(steps);
  if (counts.refuse > 0) {
    const what =
      counts.refuse === 1
        ? '1 thing is refused; apply leaves it as it is'
        : `${counts.refuse} things are refused; apply leaves them as they are`;
    return `${what} and does the rest.\n`;
  }
  return steps.some(isChange)
    ? `${applyCommand} makes ${steps.filter(isChange).length === 1 ? 'this change' : 'these changes'}.\n`
    : '';
}

/** The plan as data: what changes, waits or is refused, and the counts of everything. */
export function planJson(plan: Plan, hint: Hint): Record<string, unknown> {
  const steps = allSteps(plan);
  return {
    changes: steps.filter(isChange).length,
    summary: countActions(steps),
    steps: steps
      .filter((step) => step.action !== 'none' && step.action !== 'keep')
      .map((step) => completed(step, hint)),
  };
}

/** With the commands in its hints completed. */
export function completed<T extends Pick<Step, 'waiting' | 'problem'>>(step: T, hint: Hint): T {
  const { waiting, problem } = step;
  return {
    ...step,
    ...(waiting ? { waiting: { ...waiting, nextStep: hint(waiting.nextStep) } } : {}),
    ...(problem ? { problem: { ...problem, hint: hint(problem.hint) } } : {}),
  };
}
