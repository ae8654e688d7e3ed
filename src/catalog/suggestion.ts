/** What to say after an unknown name: the one that was most likely meant, else all that are allowed. */
import { didYouMean } from '../spec/suggest.ts';

export function suggestion(name: string, allowed: readonly string[]): string {
  const meant = didYouMean(name, allowed);
  if (meant !== '') return meant;
  return allowed.length === 0 ? '; there is none here' : `; allowed: ${allowed.join(', ')}`;
}
