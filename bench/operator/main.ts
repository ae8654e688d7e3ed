/** `npm run bench -- operator`: the operator on a real API server, Vault and Postgres. */
import { parseArgs } from 'node:util';
import { machine } from '../measures.ts';
import type { OperatorBench } from './context.ts';
import { CONVERGED_PARTS, type ConvergedPart, measureConverged } from './converged.ts';
import { failover } from './failover.ts';
import { memory } from './memory.ts';
import { buildPackage } from './package.ts';
import { slow } from './slow.ts';
import { soak } from './soak.ts';

const PARTS = [...CONVERGED_PARTS, 'memory', 'failover', 'soak', 'slow'] as const;
type Part = (typeof PARTS)[number];

/** What is measured with faults is smaller: it is about what happens and not about how much of it. */
const FAILOVER_TENANTS = 200;
const SLOW_TENANTS = 100;
const SOAK_TENANTS = 40;
/** Numbers of tenants: with 3 integrations each 1,000, 4,000 and 16,000 objects. */
const MEMORY_SIZES = '250,1000,4000';

const OPTIONS = {
  only: { type: 'string' },
  tenants: { type: 'string' },
  integrations: { type: 'string', default: '3' },
  minutes: { type: 'string', default: '10' },
  'poll-interval': { type: 'string', default: '600' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  sizes: { type: 'string', default: MEMORY_SIZES },
} as const;

export async function benchOperator(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const only = values.only === undefined ? PARTS : values.only.split(',').map(partOf);
  const has = (part: Part): boolean => only.includes(part);
  const tenants = values.tenants === undefined ? undefined : numberOf('--tenants', values.tenants, 5_000);
  const sizes = values.sizes.split(',').map((text) => numberOf('--sizes', text, 5_000));
  const parameters = {
    tenants: tenants ?? 1_000,
    integrations: numberOf('--integrations', values.integrations, 5),
    minutes: numberOf('--minutes', values.minutes, 120),
    pollSeconds: numberOf('--poll-interval', values['poll-interval'], 86_400),
    seed: numberOf('--seed', values.seed, 2 ** 31),
  };
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const built = await buildPackage();
  const bench: OperatorBench = { ...parameters, program: built.program, progress };
  const report: Record<string, unknown> = { date: new Date().toISOString(), ...machine(), ...parameters };
  const measure = async (part: Part, work: () => Promise<object>): Promise<void> => {
    if (!has(part)) return;
    report[part] = { ...(await work()), loadAverage: machine().loadAverage };
    progress(`${part}: ${JSON.stringify(report[part])}`);
  };
  try {
    const needed = (part: ConvergedPart): boolean => has(part);
    if (CONVERGED_PARTS.some(needed)) Object.assign(report, await measureConverged(bench, needed));
    await measure('memory', () => memory(bench, sizes));
    await measure('failover', () => failover(bench, tenants ?? FAILOVER_TENANTS));
    await measure('slow', () => slow(bench, tenants ?? SLOW_TENANTS));
    await measure('soak', () => soak(bench, tenants ?? SOAK_TENANTS));
    return report;
  } finally {
    await built.remove();
  }
}

function partOf(text: string): Part {
  const part = PARTS.find((each) => each === text);
  if (part === undefined) throw new RangeError(`--only must be some of ${PARTS.join(',')}`);
  return part;
}

function numberOf(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= most) return value;
  throw new RangeError(`${name} must be a number above 0, at most ${most}`);
}
