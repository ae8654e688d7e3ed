/** Our program and a plain one, each on systems of its own, in turn. */
import { join } from 'node:path';
import { type PulumiWorkspace, pulumiWorkspace } from '../../test/support/pulumi/workspace.ts';
import { type Bench, withFreshEnvironment } from '../bench.ts';
import { median, rounded } from '../measures.ts';
import { plainResources } from './plain-resources.ts';
import { type Command, deploymentOf, measuredCommand } from './runs.ts';
import { countTypes, type Deployment } from './state.ts';

export const PULUMI_LIMITS = { timesAsLong: 1.15, providerPeakRssMb: 150 } as const;

const STACK = 'bench';
const TIMEOUT_MS = 60 * 60_000;

const OUR_PROJECT = `name: tenantry
runtime: { name: nodejs, options: { typescript: false } }
main: dist/pulumi/program.js
plugins: { providers: [{ name: tenantry, path: bin }] }
`;
const PLAIN_PROJECT = OUR_PROJECT.replace('dist/pulumi/program.js', 'plain/main.ts');

type Variables = Readonly<Record<string, string>>;
type Which = 'ours' | 'plain';
type Times = Readonly<Record<Command, Readonly<Record<Which, number[]>>>>;

export interface Compared {
  readonly report: object;
  /** Our preview with refresh, the median in milliseconds. */
  readonly refreshMs: number;
}

interface Pair {
  readonly workspaces: Readonly<Record<Which, PulumiWorkspace>>;
  /** Variables of the systems of each. */
  readonly systems: Readonly<Record<Which, Variables>>;
}

/** @param root folder of the built package */
export async function compared(bench: Bench, root: string): Promise<Compared> {
  const times: Times = {
    up: { ours: [], plain: [] },
    preview: { ours: [], plain: [] },
    refresh: { ours: [], plain: [] },
  };
  const peaks: number[] = [];
  const measure = async (pair: Pair, which: Which, command: Command): Promise<void> => {
    const how = { label: which, progress: bench.progress };
    const measured = await measuredCommand(pair.workspaces[which], command, how);
    times[command][which].push(measured.run.wallMs);
    if (which === 'ours') peaks.push(measured.peakRssMb);
  };
  const first = await withPair(bench, root, async (pair) => {
    await measure(pair, 'ours', 'up');
    const deployment = await deploymentOf(pair.workspaces.ours);
    await writePlainProgram(pair, deployment, pair.systems.ours);
    await measure(pair, 'plain', 'up');
    mustMatch(deployment, await deploymentOf(pair.workspaces.plain));
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const command of ['preview', 'refresh'] as const) {
        for (const which of ['plain', 'ours'] as const) await measure(pair, which, command);
      }
    }
    return { deployment, madeOn: pair.systems.ours };
  });
  // An up needs empty systems each time. The two take turns to be first.
  for (let round = 1; round < bench.rounds; round += 1) {
    await withPair(bench, root, async (pair) => {
      await writePlainProgram(pair, first.deployment, first.madeOn);
      const turns = ['plain', 'ours'] as const;
      for (const which of round % 2 === 1 ? turns : turns.toReversed()) await measure(pair, which, 'up');
    });
  }
  const report = reportOf(first.deployment, times, Math.max(...peaks));
  return { report, refreshMs: median(times.refresh.ours) };
}

/** Both programs on empty systems of their own. */
async function withPair<T>(bench: Bench, root: string, work: (pair: Pair) => Promise<T>): Promise<T> {
  return withFreshEnvironment(bench, ({ variables: forOurs }) =>
    withFreshEnvironment(bench, async ({ variables: forPlain }) => {
      const ours = await workspaceOf(root, forOurs, OUR_PROJECT);
      const plain = await workspaceOf(root, forPlain, PLAIN_PROJECT);
      try {
        await ours.setConfig('tenantry:stack', bench.dir);
        return await work({ workspaces: { ours, plain }, systems: { ours: forOurs, plain: forPlain } });
      } finally {
        await ours.close();
        await plain.close();
      }
    }),
  );
}

function reportOf(deployment: Deployment, times: Times, peakRssMb: number): object {
  return {
    resources: deployment.resources.length,
    types: countTypes(deployment),
    up: ratios(times.up),
    emptyPreview: ratios(times.preview),
    previewWithRefresh: ratios(times.refresh),
    providerPeakRssMb: rounded(peakRssMb),
    providerRssMet: peakRssMb <= PULUMI_LIMITS.providerPeakRssMb,
  };
}

function ratios({ ours, plain }: Times[Command]): object {
  const timesAsLong = median(ours) / median(plain);
  return {
    oursMs: rounded(median(ours)),
    plainMs: rounded(median(plain)),
    timesAsLong: rounded(timesAsLong, 2),
    met: timesAsLong <= PULUMI_LIMITS.timesAsLong,
    rounds: { ours: ours.map((ms) => rounded(ms)), plain: plain.map((ms) => rounded(ms)) },
  };
}

async function workspaceOf(root: string, env: Variables, project: string): Promise<PulumiWorkspace> {
  const files = { 'Pulumi.yaml': project };
  const workspace = await pulumiWorkspace({ env, files, root, timeoutMs: TIMEOUT_MS });
  await workspace.initStack(STACK);
  return workspace;
}

/** The list as a file, and a main that hands it to the program. */
async function writePlainProgram(
  { workspaces: { plain }, systems: { plain: to } }: Pair,
  deployment: Deployment,
  from: Variables,
): Promise<void> {
  // Only what differs, and is long enough not to be met by chance; an address before the port in it.
  const moved = Object.entries(from)
    .filter(([name, value]) => value.length >= 5 && to[name] !== value)
    .map(([name, value]): [string, string] => [value, to[name] ?? ''])
    .toSorted(([a], [b]) => b.length - a.length);
  const file = join(plain.folder, 'plain', 'resources.json');
  await plain.write('plain/resources.json', JSON.stringify(plainResources(deployment, new Map(moved))));
  const program = join(import.meta.dirname, 'plain-program.ts');
  const lines = [
    `process.env['PLAIN_RESOURCES'] = ${JSON.stringify(file)};`,
    `await import(${JSON.stringify(program)});`,
  ];
  await plain.write('plain/main.ts', `${lines.join('\n')}\n`);
}

function mustMatch(ours: Deployment, plain: Deployment): void {
  const [a, b] = [JSON.stringify(countTypes(ours)), JSON.stringify(countTypes(plain))];
  if (a !== b) throw new Error(`the plain program registers other resources:\n${a}\n${b}`);
}
