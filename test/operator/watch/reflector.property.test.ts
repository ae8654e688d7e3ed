import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { TenantObject } from '../../../src/operator/objects.ts';
import { cut, gone } from './fake-api.ts';
import { settle } from './fake-clock.ts';
import { Contradiction, type Fixture, startFixture } from './fixture.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd');
const how = fc.constantFrom('end', 'cut', 'gone', 'strange', 'silence');
const fault = fc.constantFrom('cut', 'gone', 'strange', 'mistake');
const verb = fc.constantFrom('list' as const, 'watch' as const);
const which = fc.array(fc.nat(), { minLength: 1, maxLength: 4 });
const a = <const D extends string, T extends object = object>(
  weight: number,
  what: D,
  more?: { [K in keyof T]: fc.Arbitrary<T[K]> },
): { weight: number; arbitrary: fc.Arbitrary<{ do: D } & T> } => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(what), ...more }) as fc.Arbitrary<{ do: D } & T>,
});
const command = fc.oneof(
  a(6, 'put', { name }),
  a(4, 'remove', { name }),
  a(10, 'deliver', { most: fc.integer({ min: 1, max: 8 }) }),
  // Two events in the wrong order.
  a(2, 'swap'),
  // Events of the past once more, in any order.
  a(6, 'replay', { which }),
  a(1, 'bookmark'),
  // A write of ours, of which the answer comes now or later.
  a(4, 'write', { name, late: fc.boolean() }),
  a(2, 'answers'),
  a(2, 'end', { how }),
  a(1, 'compact'),
  a(1, 'relist'),
  a(1, 'fail', { verb, fault }),
  a(6, 'wait', { ms: fc.constantFrom(10, 2_000, 20_000, 200_000) }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

const errors: Readonly<Record<string, () => Error | undefined>> = {
  end: () => undefined,
  cut,
  gone,
  strange: () => new TenantryError('KubernetesRejected', 'strange'),
  mistake: () => new TypeError('mistake'),
};

interface Run extends Fixture {
  /** Answers that are still on their way. */
  readonly answers: TenantObject[];
}

const carryOut: { readonly [D in Command['do']]: (run: Run, what: Extract<Command, { do: D }>) => unknown } =
  {
    put: ({ api }, { name }) => api.put(name),
    remove: ({ api }, { name }) => api.remove(name),
    deliver: ({ api }, { most }) => api.deliver(most),
    swap({ api }) {
      for (const event of api.watcher?.pending.splice(0, 2).reverse() ?? []) api.watcher?.push(event);
    },
    replay({ api }, { which }) {
      const arrived = api.log.slice(0, api.log.length - (api.watcher?.pending.length ?? 0));
      for (const index of which) {
        const event = arrived[index % arrived.length];
        if (event !== undefined) api.watcher?.push(event);
      }
    },
    bookmark({ api }) {
      api.deliver();
      api.bookmark();
    },
    write({ api, informer, answers }, { name, late }) {
      const answer = api.put(name, { ours: true });
      if (late) answers.push(answer);
      else informer.wrote(answer);
    },
    answers({ informer, answers }) {
      for (const answer of answers.splice(0)) informer.wrote(answer);
    },
    end({ api }, { how }) {
      if (how === 'silence') api.deaf = true;
      else api.watcher?.end(errors[how]?.());
    },
    compact: ({ api }) => api.compact(),
    relist: ({ informer }) => void informer.relist().catch(() => undefined),
    fail: ({ api }, { verb, fault }) => api.fail(verb, errors[fault]?.()),
    async wait({ api, clock }, { ms }) {
      await clock.advance(ms);
      api.deaf = false;
    },
  };

test('whatever happens on the way, the copy ends as the server has it, and the changes tell one story', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60 }), async (commands) => {
      const fixture = await startFixture({ timing: { pageSize: 2, silenceMs: 100_000, marginMs: 1_000 } });
      const run: Run = { ...fixture, answers: [] };
      for (const what of commands) {
        await (carryOut[what.do] as (run: Run, what: Command) => unknown)(run, what);
        await settle();
      }
      const { api, clock, informer, faults, heard, stop } = run;
      if (api.deaf) {
        await clock.advance(700_000);
        api.deaf = false;
      }
      // Longer than the longest pause; the server is not silent, and nothing is asked for from outside.
      for (let times = 0; times < 4; times += 1) {
        await clock.advance(20_000);
        carryOut.bookmark(run, { do: 'bookmark' });
        await settle();
      }
      carryOut.answers(run, { do: 'answers' });
      expect(Object.fromEntries(informer.objects)).toEqual(Object.fromEntries(api.objects));
      expect(Object.fromEntries(heard)).toEqual(Object.fromEntries(api.objects));
      expect(faults.filter(({ error }) => error instanceof Contradiction)).toEqual([]);
      stop();
      await settle();
    }),
    { numRuns: 1_000 },
  );
});
