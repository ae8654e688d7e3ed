/** Asks a person; where nobody can answer, says which option answers instead. */
import { confirm, isCancel, password, text } from '@clack/prompts';
import { TenantryError } from '../errors.ts';
import type { Io } from './io.ts';

/** @throws ConfirmationRequired where there is no terminal; Cancelled when the answer is no. */
export async function confirmYes(io: Io, question: string): Promise<void> {
  if (!io.interactive) throw nobodyThere('pass --yes');
  const answer = await confirm({ message: question, initialValue: false, ...terminal(io) });
  if (isCancel(answer) || !answer) throw nothingChanged('nothing was changed');
}

/**
 * Asks for a name to be typed, for what cannot be undone.
 * @param given what `--confirm` said, where it was passed
 */
export async function confirmName(
  io: Io,
  {
    question,
    name,
    given,
  }: { readonly question: string; readonly name: string; readonly given?: string | undefined },
): Promise<void> {
  if (given === name) return;
  if (given !== undefined) {
    throw new TenantryError('ConfirmationRequired', '--confirm says another name; nothing was changed', {
      hint: `pass --confirm ${name}`,
    });
  }
  if (!io.interactive) throw nobodyThere(`pass --confirm ${name}`);
  const answer = await text({ message: question, placeholder: name, ...terminal(io) });
  if (isCancel(answer) || answer !== name)
    throw nothingChanged('the name was not typed; nothing was changed');
}

/** A secret from standard input, or typed without being shown. */
export async function askSecret(io: Io, question: string): Promise<string> {
  if (!io.interactive) {
    const input = (await io.readInput()).trim();
    if (input !== '') return input;
    throw new TenantryError('InvalidUsage', 'standard input is empty', {
      hint: 'pipe the secret in, e.g. with < token.txt',
    });
  }
  const answer = await password({ message: question, ...terminal(io) });
  if (isCancel(answer) || !answer?.trim()) throw nothingChanged('no secret was typed; nothing was changed');
  return answer.trim();
}

/** Questions go to stderr, and a signal ends them as Ctrl-C at the keyboard does. */
function terminal(io: Io): { readonly output: NodeJS.WriteStream; readonly signal: AbortSignal } {
  return { output: process.stderr, signal: io.stop };
}

function nobodyThere(hint: string): TenantryError {
  return new TenantryError('ConfirmationRequired', 'there is no terminal to ask at; nothing was changed', {
    hint,
  });
}

function nothingChanged(message: string): TenantryError {
  return new TenantryError('Cancelled', message, { hint: 'run the command again when you are sure' });
}
