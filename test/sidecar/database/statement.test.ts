import { expect, test, vi } from 'vitest';
import { statementEnd } from '../../../src/sidecar/database/statement.ts';

test('a statement that ends is handed on, with a signal or without', async () => {
  expect(await statementEnd(Promise.resolve(1), undefined)).toBe(1);
  expect(await statementEnd(Promise.resolve(2), new AbortController().signal)).toBe(2);
});

test('who cancels hears of the end that the server gives', async () => {
  const stop = new AbortController();
  const statement = Promise.withResolvers<never>();
  const waiting = statementEnd(statement.promise, stop.signal);
  stop.abort();
  statement.reject(new Error('canceling statement due to user request'));
  await expect(waiting).rejects.toThrow('user request');
});

test('who cancels does not wait for a server that says nothing', async () => {
  vi.useFakeTimers();
  try {
    const stop = new AbortController();
    const waiting = statementEnd(new Promise(() => undefined), stop.signal);
    waiting.catch(() => undefined);
    stop.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' });
  } finally {
    vi.useRealTimers();
  }
});
