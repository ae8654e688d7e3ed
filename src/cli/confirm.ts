/** Asks a person; where nobody can answer, says which option answers instead. */
import { confirm, isCancel, text } from '@clack/prompts';
import { TenantryError } from '../errors.ts';
import type { Io } from './io.ts';

/** @throws ConfirmationRequired where there is no terminal; Cancelled when the answer is no. */
export async function confirmYes(io: Io, question: string): Promise<void> {
  if (!io.interactive) {
    throw new TenantryError('ConfirmationRequired', 'there is no terminal to ask at', { hint: 'pass --yes' });
  }
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer) || !answer) {
    throw new TenantryError('Cancelled', 'nothing was changed', {
      hint: 'run the command again when you are sure',
    });
  }
}

/** Asks for a name to be typed, for what cannot be undone. */
export async function confirmName(io: Io, question: string, name: string): Promise<void> {
  if (!io.interactive) {
    throw new TenantryError('ConfirmationRequired', 'there is no terminal to ask at', {
      hint: `pass --confirm ${name}`,
    });
  }
  const answer = await text({ message: question, placeholder: name, output: process.stderr });
  if (isCancel(answer) || answer !== name) {
    throw new TenantryError('Cancelled', 'the name was not typed; nothing was changed', {
      hint: 'run the command again when you are sure',
    });
  }
}
