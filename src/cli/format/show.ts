/** What every text of results needs: colours, complete hints, names and numbers as people read them. */
import { completeHints, type Hint } from '../hints.ts';
import type { Io } from '../io.ts';
import type { StackOptions } from '../session.ts';

export interface Show {
  readonly style: Io['style'];
  /** Completes the commands in a hint. */
  readonly hint: Hint;
}

export function showFor(io: Pick<Io, 'style'>, options: Partial<StackOptions>): Show {
  return { style: io.style, hint: completeHints(options) };
}

/** The name without the id of its workspace in Airbyte, which tells people nothing. */
export function shortName(name: string): string {
  return name.replace(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\//, '');
}

/** `1 tenant`, `2 tenants`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
