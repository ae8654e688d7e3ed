/** Words of conditions: the same for the same state, so that a status is written only when there is news. */
import { completeCommands, WITH_DOCUMENTS } from '../../named-commands.ts';
import type { ResourceResult } from '../../reconcile/events.ts';

/** Longest message of a condition, in characters. */
const MOST_CHARACTERS = 1024;

/** Control characters and those that turn the direction of text: a terminal would obey them. */
const UNSEEN = /[\p{Cc}\p{Cf}]/gu;

/** Who reads a status has a cluster and no files. */
const IN_CLUSTER = { of: WITH_DOCUMENTS, options: ['--documents kubernetes'] };

/** One line with the next step behind it, cut where it is too long. */
export function say(message: string, nextStep?: string): string {
  const all = nextStep ? `${message}; next step: ${completeCommands(nextStep, IN_CLUSTER)}` : message;
  const line = all.replace(/\s+/g, ' ').replace(UNSEEN, '\u{fffd}').trim();
  const characters = [...line];
  if (characters.length <= MOST_CHARACTERS) return line;
  return `${characters.slice(0, MOST_CHARACTERS - 1).join('')}…`;
}

/** The first by id, whatever the order in which they ended. */
export function firstOf(results: readonly ResourceResult[]): ResourceResult | undefined {
  return results.reduce<ResourceResult | undefined>(
    (first, result) => (first === undefined || result.id < first.id ? result : first),
    undefined,
  );
}

/** Words for several that failed: the first in full, the others as a number. */
export function sayFailed(first: ResourceResult, others: number): string {
  const { kind, name, problem } = first;
  const more = others === 0 ? '' : ` (and ${others} more)`;
  return say(`${kind} ${name}: ${problem?.message ?? 'failed'}${more}`, problem?.hint);
}
