import { describe, expect, it } from 'vitest';
import { untilCancelled } from '../../src/clients/http.ts';

describe('waiting for shared work with a signal', () => {
  it('hears of no failure of the work that comes after it was cancelled', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    try {
      const work = Promise.withResolvers<never>();
      await expect(untilCancelled(work.promise, AbortSignal.abort())).rejects.toMatchObject({
        code: 'Cancelled',
      });
      work.reject(new Error('the system is gone'));
      // Node tells of unhandled rejections before the next turn of its loop.
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', listen);
    }
  });
});
