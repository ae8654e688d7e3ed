import { expect, it } from 'vitest';
import { completeHints } from '../../src/cli/hints.ts';

it('gives the cluster of this run to the commands that read one, and the stack to all', () => {
  const hint = completeHints({ stack: 'prod', documents: 'kubernetes', namespace: 'team a', cluster: 'eu' });
  expect(hint('connect: tenantry connect acme notion')).toBe(
    "connect: tenantry connect acme notion --stack prod --documents kubernetes --namespace 'team a' --cluster eu",
  );
  expect(hint('run `tenantry migrate`')).toBe('run `tenantry migrate --stack prod`');
});

it('does not repeat what the environment says', () => {
  expect(completeHints({ documents: 'auto' })('tenantry status')).toBe('tenantry status');
  expect(completeHints({ documents: 'auto', namespace: 'x' })('tenantry status')).toBe(
    'tenantry status --namespace x',
  );
  // Of a command that reads no cluster, or means another by it.
  expect(completeHints({ namespace: 'x', cluster: 'eu' })('tenantry status')).toBe('tenantry status');
});
