import { expect, it } from 'vitest';
import { createMemory } from '../../../src/operator/controller/memory.ts';
import { Graph } from '../../../src/plan/graph.ts';

const HOUR = 3_600_000;

function memoryAt(clock: { now: number }) {
  const memory = createMemory({ now: () => clock.now, fullEveryMs: HOUR, random: () => 0 });
  const keep = (light: boolean): void =>
    memory.keep('acme', { graph: new Graph(), outputs: new Map(), light });
  return { memory, keep };
}

it('asks for a full look once an hour, however many light ones there were in between', () => {
  const clock = { now: 0 };
  const { memory, keep } = memoryAt(clock);
  expect(memory.isFresh('acme')).toBe(false);
  keep(false);
  for (clock.now = 0; clock.now < HOUR; clock.now += 600_000) {
    expect(memory.isFresh('acme')).toBe(true);
    keep(true);
  }
  expect(memory.isFresh('acme')).toBe(false);
  keep(false);
  expect(memory.isFresh('acme')).toBe(true);
});

it('forgets what was found of a tenant that failed, and everything of one that is gone', () => {
  const { memory, keep } = memoryAt({ now: 0 });
  keep(false);
  memory.workspaceIds.set('acme', 'id');
  memory.forget('acme');
  expect(memory.isFresh('acme')).toBe(false);
  expect(memory.workspaceIds.get('acme')).toBe('id');
  memory.drop('acme');
  expect(memory.workspaceIds.size).toBe(0);
});
