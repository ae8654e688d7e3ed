/** `npm run bench`: measures plan, apply and rotate; one JSON document on stdout. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchApply } from './apply.ts';
import type { Bench } from './bench.ts';
import { generateStack } from './generate.ts';
import { machine } from './measures.ts';
import { benchPlan } from './plan.ts';
import { benchRotate } from './rotate.ts';

const MOST_TENANTS = 5000;
const MOST_ROUNDS = 10;
const MOST_CREDENTIALS = 100_000;
const INTEGRATIONS_PER_TENANT = 3;

const USAGE = `usage: npm run bench -- [--tenants <1-${MOST_TENANTS}>] [--rounds <1-${MOST_ROUNDS}>] [--only plan|apply|rotate] [--credentials <1-${MOST_CREDENTIALS}>]
       npm run bench -- sidecar [--only proxy|hour|kill] [--rounds <1-10>] [--credentials <1-100000>] [--speed <1-60>] [--runs <1-10000>]
       npm run bench -- operator [--only apply,restart,steady,memory,failover,slow,soak] [--tenants <1-5000>] [--minutes <number>] [--poll-interval <seconds>] [--seed <number>] [--sizes <tenants>,<tenants>,…]
       npm run bench -- syncs [--only day|away] [--connections <1-100000>] [--hours <1-168>] [--speed <1-600>] [--rate <1-1000>]
       npm run bench -- pulumi [--tenants <1-1000>] [--integrations <1-5>] [--rounds <1-10>]`;

const NOTES = [
  'Everything runs on loopback: Postgres, development Vault and Airbyte emulator in one process with children, the program in another.',
  'The credentials are in KV in plain text before the first apply, as written by hand; the apply encrypts them in place, so all sources and connections are made in one run.',
  'sync.initialSync is false in the documents: no job runs while something is measured.',
  'Wall times are of the whole process, start-up included; callingMs is from the first API call to the last answer. Rounds alternate between the program and its floors.',
  'Floors send the recorded calls again (method, path and body; ids that the servers choose are replaced) with the same concurrency.',
];

const PARTS = ['plan', 'apply', 'rotate'] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly tenants: number;
  readonly rounds: number;
  readonly only: Part | undefined;
  /** Credentials of the one tenant whose key is rotated. */
  readonly credentials: number;
}

function options(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tenants: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
      credentials: { type: 'string', default: '10000' },
    },
  });
  const only = PARTS.find((part) => part === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new RangeError(`--only must be one of ${PARTS.join(', ')}`);
  }
  return {
    tenants: count('--tenants', values.tenants, MOST_TENANTS),
    rounds: count('--rounds', values.rounds, MOST_ROUNDS),
    credentials: count('--credentials', values.credentials, MOST_CREDENTIALS),
    only,
  };
}

function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from 1 to ${most}`);
}

async function run({ tenants, rounds, only, credentials }: Options): Promise<unknown> {
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  // A rotation is measured on a real Vault, which not every machine has: it is asked for by name.
  const has = (part: Part): boolean => only === part || (only === undefined && part !== 'rotate');
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const about = { date: new Date().toISOString(), ...machine() };
    progress(`${tenants} tenants with ${INTEGRATIONS_PER_TENANT} integrations each, ${about.cores} cores`);
    const accounts = await generateStack(dir, { tenants, integrationsPerTenant: INTEGRATIONS_PER_TENANT });
    const bench: Bench = { dir, accounts, rounds, progress };
    return {
      ...about,
      tenants,
      integrations: accounts.length,
      notes: NOTES,
      ...(has('plan') ? { plan: await benchPlan(bench) } : {}),
      ...(has('apply') ? { apply: await benchApply(bench) } : {}),
      ...(has('rotate') ? { rotate: await benchRotate(credentials, progress) } : {}),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What is asked for; undefined after wrong arguments, which were told. */
async function measure(args: readonly string[]): Promise<unknown> {
  const [part, ...rest] = args;
  try {
    if (part === 'operator') {
      const { benchOperator } = await import('./operator/main.ts');
      return await benchOperator(rest);
    }
    if (part === 'pulumi') {
      const { benchPulumi } = await import('./pulumi/main.ts');
      return await benchPulumi(rest);
    }
    if (part === 'syncs') {
      const { benchSyncs } = await import('./syncs/main.ts');
      return await benchSyncs(rest);
    }
    if (part !== 'sidecar') return await run(options(args));
    const { benchSidecar } = await import('./sidecar/main.ts');
    return await benchSidecar(rest);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

const measured = await measure(process.argv.slice(2));
const text = measured === undefined ? '' : `${JSON.stringify(measured, null, 2)}\n`;
// Node waits at its end for requests of sockets that were reset, and once it did so forever.
process.stdout.write(text, () => process.exit());
