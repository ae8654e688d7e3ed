import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { createDeadline, endedBy } from '../../../src/sidecar/proxy/deadline.ts';

const cancelled = new TenantryError('Cancelled', 'stopped before the end');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is stopped because the time is up ends as a time-out', () => {
  const deadline = createDeadline(1_000, 'Notion');
  vi.advanceTimersByTime(1_001);
  expect(endedBy(cancelled, deadline)).toMatchObject({ code: 'UpstreamTimeout', retryable: true });
});

test('an error of its own stays what it is, and so does a stop within the time', () => {
  const deadline = createDeadline(1_000, 'Notion');
  expect(endedBy(cancelled, deadline)).toBe(cancelled);
  vi.advanceTimersByTime(1_001);
  const own = new TenantryError('VaultUnreachable', 'no answer from Vault');
  expect(endedBy(own, deadline)).toBe(own);
});
