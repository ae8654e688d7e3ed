/** `kill -9` of a replica at every step of a refresh, again and again: what becomes of the credential. */
import { parseArgs } from 'node:util';
import { type KillRuns, startKillRuns } from '../../test/sidecar/tokens/kill-runs.ts';
import { rounded } from '../measures.ts';

export interface RefreshKillReport {
  readonly runs: number;
  /** Calls to Vault, messages to Postgres and the call to the provider in one refresh. */
  readonly steps: number;
  /** Runs in which the process was killed; in the others the refresh took fewer steps than usual. */
  readonly killed: number;
  /** `valid` and `needs_reauthorization` are right; anything else is silently wrong. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Refresh tokens that came to the provider a second time. */
  readonly reused: number;
  readonly wrong: number;
  readonly wallMs: number;
}

export async function benchRefreshKill(
  runs: number,
  progress: (text: string) => void,
): Promise<RefreshKillReport> {
  const harness: KillRuns = await startKillRuns();
  try {
    const steps = (await harness.countSteps()).length;
    const outcomes: Record<string, number> = {};
    let killed = 0;
    const begin = performance.now();
    for (let run = 0; run < runs; run++) {
      const point = { at: 1 + (Math.floor(run / 2) % steps), done: run % 2 === 1 };
      const { outcome, hit } = await harness.kill(point);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (hit) killed++;
      if (run % 50 === 49) progress(`refresh-kill: ${run + 1} of ${runs} runs`);
    }
    const { valid = 0, needs_reauthorization: judged = 0 } = outcomes;
    return {
      runs,
      steps,
      killed,
      outcomes,
      reused: harness.world.provider.reused,
      wrong: runs - valid - judged,
      wallMs: rounded(performance.now() - begin),
    };
  } finally {
    await harness.close();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '1000' } } });
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const report = await benchRefreshKill(Number(values.runs), progress);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}
