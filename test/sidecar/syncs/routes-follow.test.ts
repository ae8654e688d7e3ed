/** Following a run: each change once, over what fails in passing, to its end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { followRun } from '../../../src/sidecar/syncs/follow.ts';

type Look = number | 'away' | 'gone';
const END = 100;

/** Yields what a follower of these looks is told; the last of them goes on for ever. */
async function told(looks: readonly Look[]): Promise<(number | undefined)[]> {
  let at = 0;
  const seen: (number | undefined)[] = [];
  const follow = followRun<number>({
    look: async () => {
      const look = looks[Math.min(at, looks.length - 1)] ?? END;
      at++;
      if (look === 'away') throw new TenantryError('PostgresUnavailable', 'it starts');
      if (look === 'gone') throw new TenantryError('NotFound', 'gone');
      return look;
    },
    isUnderWay: (run) => run !== END,
    sleep: async () => undefined,
    signal: new AbortController().signal,
  });
  for await (const run of follow) seen.push(run);
  return seen;
}

describe('a run that is followed', () => {
  it('is told after each change, once, and to its end, whatever fails in passing', async () => {
    const look = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant('away' as const));
    await fc.assert(
      fc.asyncProperty(fc.array(look, { maxLength: 9 }), async (looks) => {
        const states = [0, ...looks, END].filter((each) => typeof each === 'number');
        const changes = states.filter((state, index) => state !== states[index - 1]);
        const seen = await told([0, ...looks, END]);
        expect(seen.filter((run) => run !== undefined)).toEqual(changes);
        expect(seen).toHaveLength(looks.length + 2);
      }),
    );
  });

  it('is given up when it goes on failing, and at once when that does not pass or was so from the start', async () => {
    await expect(told([0, 'away'])).rejects.toMatchObject({ code: 'PostgresUnavailable' });
    await expect(told([0, 'gone'])).rejects.toMatchObject({ code: 'NotFound' });
    await expect(told(['away', END])).rejects.toMatchObject({ code: 'PostgresUnavailable' });
  });

  it('ends without a word when nobody wants to know any more', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const follow = followRun<number>({
      look: async () => seen.length,
      isUnderWay: () => true,
      sleep: async () => {
        if (seen.length === 3) stop.abort();
      },
      signal: stop.signal,
    });
    for await (const run of follow) if (run !== undefined) seen.push(run);
    expect(seen).toEqual([0, 1, 2]);
  });
});
