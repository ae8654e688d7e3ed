/** Checks what a person typed into a form. No message repeats it. */
import { TenantryError } from '../../errors.ts';

const MOST_CHARACTERS = 16_384;

/**
 * The field without the white space around it, which comes with copy and paste.
 * @throws InvalidRequest when it is empty, or holds characters that no credential has
 */
export function typedText(typed: Readonly<Record<string, string>>, field: string, label: string): string {
  const text = (Object.hasOwn(typed, field) ? (typed[field] ?? '') : '').trim();
  if (text === '') throw new TenantryError('InvalidRequest', `${label} (${field}) is missing`);
  if (text.length > MOST_CHARACTERS || /\p{Cc}/u.test(text) || !text.isWellFormed()) {
    throw new TenantryError(
      'InvalidRequest',
      `${label} (${field}) holds line breaks or other characters that it cannot have`,
    );
  }
  return text;
}
