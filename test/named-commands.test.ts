import { describe, expect, it } from 'vitest';
import { completeCommands, WITH_DOCUMENTS } from '../src/named-commands.ts';

const IN_CLUSTER = { of: WITH_DOCUMENTS, options: ['--documents kubernetes', '--namespace x'] };

describe('a command in a text', () => {
  it.each([
    [
      'alone',
      'tenantry connect acme notion',
      'tenantry connect acme notion --documents kubernetes --namespace x',
    ],
    [
      'at the end',
      'a link: tenantry connect a b',
      'a link: tenantry connect a b --documents kubernetes --namespace x',
    ],
    [
      'in backticks',
      'run `tenantry status`, then',
      'run `tenantry status --documents kubernetes --namespace x`, then',
    ],
    ['of another kind', 'run `tenantry apply --tenant acme`', 'run `tenantry apply --tenant acme`'],
    ['amid a sentence', 'a tenantry connect would do', 'a tenantry connect would do'],
  ])('%s is completed where it takes the options', (_where, text, completed) => {
    expect(completeCommands(text, IN_CLUSTER)).toBe(completed);
    expect(completeCommands(completed, IN_CLUSTER)).toBe(completed);
  });

  it('keeps the options that it has, and its text where there are none to add', () => {
    const own = 'tenantry plan --namespace y';
    expect(completeCommands(own, IN_CLUSTER)).toBe(`${own} --documents kubernetes`);
    expect(completeCommands(own, { of: WITH_DOCUMENTS, options: [] })).toBe(own);
  });
});
