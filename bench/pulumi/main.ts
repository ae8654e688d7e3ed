/** `npm run bench -- pulumi`: the Pulumi program and provider against a plain program of the same resources. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, cleanEnvironment, withFreshEnvironment } from '../bench.ts';
import { generateStack } from '../generate.ts';
import { measuredRun } from '../measured-run.ts';
import { machine, median, rounded } from '../measures.ts';
import { buildPackage } from '../operator/package.ts';
import { compared, PULUMI_LIMITS } from './compared.ts';

const STACK = 'bench';
const TIMEOUT_MS = 60 * 60_000;
const NOTES = [
  'Everything runs on loopback: Postgres, development Vault and Airbyte emulator in one process with children. Vault and Postgres go through the small plugins of the tests, not the official ones.',
  'The plain program registers, from a list, the resources that our program made: same number, types, inputs, references and providers, on systems of its own.',
  'Our program and provider are the built package, as it is installed. Wall times are of the whole `pulumi` process.',
  'tenantry plan and pulumi preview --refresh look at worlds of the same documents, each made by its own driver.',
];

interface Options {
  readonly tenants: number;
  readonly integrations: number;
  readonly rounds: number;
}

function numberOf(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from 1 to ${most}`);
}

export async function benchPulumi(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tenants: { type: 'string', default: '100' },
      integrations: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const options: Options = {
    tenants: numberOf('--tenants', values.tenants, 1000),
    integrations: numberOf('--integrations', values.integrations, 5),
    rounds: numberOf('--rounds', values.rounds, 10),
  };
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  const built = await buildPackage();
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const about = { date: new Date().toISOString(), ...machine(), ...options };
  try {
    const size = { tenants: options.tenants, integrationsPerTenant: options.integrations };
    const accounts = await generateStack(join(dir, STACK), size);
    const bench: Bench = { dir: join(dir, STACK), accounts, rounds: options.rounds, progress };
    const root = join(built.program, '..', '..', '..');
    const { report, refreshMs } = await compared(bench, root);
    const plan = await planMs(bench);
    return {
      ...about,
      notes: NOTES,
      limits: PULUMI_LIMITS,
      ...report,
      tenantryPlanMs: rounded(plan),
      previewWithRefreshTimesAsLongAsPlan: rounded(refreshMs / plan, 2),
      loadAverageAtTheEnd: machine().loadAverage,
    };
  } finally {
    await built.remove();
    await rm(dir, { recursive: true, force: true });
  }
}

/** `tenantry plan` with nothing to do, in a world that the CLI made of the same documents. */
async function planMs(bench: Bench): Promise<number> {
  return withFreshEnvironment(bench, async (_environment, envFile) => {
    const args = ['--stack', bench.dir, '--env-file', envFile];
    const apply = await measuredRun(['apply', '--yes', ...args], cleanEnvironment(), TIMEOUT_MS);
    if (apply.exitCode !== 0) throw new Error(`tenantry apply ended with ${apply.exitCode}`);
    const rounds: number[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      const run = await measuredRun(['plan', ...args], cleanEnvironment(), TIMEOUT_MS);
      if (run.exitCode !== 0) throw new Error(`tenantry plan ended with ${run.exitCode}`);
      bench.progress(`tenantry plan ${rounded(run.wallMs)} ms`);
      rounds.push(run.wallMs);
    }
    return median(rounds);
  });
}
