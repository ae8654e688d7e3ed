/** A replica that dies or stands still at any step of a refresh leaves the credential good, or says that it is not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KillRuns, startKillRuns } from './kill-runs.ts';

let runs: KillRuns;
let steps: readonly string[];
beforeAll(async () => {
  runs = await startKillRuns();
  steps = await runs.countSteps();
}, 60_000);
afterAll(async () => {
  await runs.close();
});

/** Only what the provider has given and Vault has not got is lost. */
function expected(at: number, done: boolean): 'valid' | 'needs_reauthorization' {
  const call = steps.indexOf('provider') + 1;
  const store = steps.indexOf('vault POST secret/data') + 1;
  const isGiven = at > call || (at === call && done);
  const isStored = at > store || (at === store && done);
  return isGiven && !isStored ? 'needs_reauthorization' : 'valid';
}

describe('a replica that is killed with -9', () => {
  it('leaves a credential that is valid or says that it needs re-authorization, at every step', async () => {
    expect(steps.indexOf('vault POST secret/data')).toBeGreaterThan(steps.indexOf('provider'));
    expect(steps.indexOf('provider')).toBeGreaterThan(0);
    const points = steps.flatMap((_, index) => [false, true].map((done) => ({ at: index + 1, done })));
    expect(points.length).toBeGreaterThanOrEqual(40);
    for (const point of points) {
      const { outcome, hit, step } = await runs.kill(point);
      expect({ ...point, step, hit, outcome }).toEqual({
        ...point,
        step,
        hit: true,
        outcome: expected(point.at, point.done),
      });
    }
  }, 300_000);
});

describe('a replica that stands still', () => {
  it('does no harm when it goes on after its lease has ended, at every step', async () => {
    const call = steps.indexOf('provider') + 1;
    for (const [index, step] of steps.entries()) {
      const at = index + 1;
      const { outcome, reused } = await runs.stop(at);
      expect(outcome, `stopped at ${at} (${step})`).toMatch(/^(valid|needs_reauthorization)$/);
      // One that had not called yet finds that its time is over, and does not send a refresh token that is used up.
      if (at < call) expect({ at, step, outcome, reused }).toEqual({ at, step, outcome: 'valid', reused: 0 });
    }
  }, 300_000);
});
