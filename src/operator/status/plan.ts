/** What would be done with what is only observed, as lines of a status. */
import type { Step } from '../../reconcile/step.ts';
import type { Change } from '../../resources/kind.ts';
import type { PlanStatus } from '../objects.ts';

const MOST_CHANGES = 20;
const MOST_CHARACTERS = 300;
const MOST_VALUE_CHARACTERS = 80;

/** Undefined where nothing differs. In the order of the plan, removals first. */
export function planStatus(steps: readonly Step[]): PlanStatus | undefined {
  if (steps.length === 0) return undefined;
  return { total: steps.length, changes: steps.slice(0, MOST_CHANGES).map(line) };
}

function line({ action, would, kind, name, changes, problem }: Step): string {
  const what = `${would ?? action} ${kind} ${name}`;
  // What is made or removed as a whole is described by its document.
  const isUpdate = (would ?? action) === 'update' && changes.length > 0;
  const more = problem ? `: ${problem.message}` : isUpdate ? `: ${changes.map(sayChange).join(', ')}` : '';
  return cut(`${what}${more}`.replace(/\s+/g, ' '), MOST_CHARACTERS);
}

function sayChange({ path, before, after }: Change): string {
  const value = (text: string | undefined): string =>
    text === undefined ? 'nothing' : JSON.stringify(cut(text, MOST_VALUE_CHARACTERS));
  return `${path} ${value(before)} → ${value(after)}`;
}

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
