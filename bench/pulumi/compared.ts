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

/** @param root folder of the built package */
export async function compared(bench: Bench, root: string): Promise<Compared> {
  return withFreshEnvironment(bench, ({ variables: from }) =>
    withFreshEnvironment(bench, async ({ variables: to }) => {
      const ours = await workspaceOf(root, from, OUR_PROJECT);
      const plain = await workspaceOf(root, to, PLAIN_PROJECT);
      try {
        await ours.setConfig('tenantry:stack', bench.dir);
        return await inTurn(bench, { ours, plain }, { from, to });
      } finally {
        await ours.close();
        await plain.close();
      }
    }),
  );
}

async function inTurn(
  { rounds, progress }: Bench,
  workspaces: Readonly<Record<Which, PulumiWorkspace>>,
  systems: { readonly from: Variables; readonly to: Variables },
): Promise<Compared> {
  const times: Times = {
    up: { ours: [], plain: [] },
    preview: { ours: [], plain: [] },
    refresh: { ours: [], plain: [] },
  };
  const peaks: number[] = [];
  const measure = async (which: Which, command: Command): Promise<void> => {
    const measured = await measuredCommand(workspaces[which], command, { label: which, progress });
    times[command][which].push(measured.run.wallMs);
    if (which === 'ours') peaks.push(measured.peakRssMb);
  };
  await measure('ours', 'up');
  const deployment = await deploymentOf(workspaces.ours);
  await writePlainProgram(workspaces.plain, deployment, systems);
  await measure('plain', 'up');
  mustMatch(deployment, await deploymentOf(workspaces.plain));
  for (let round = 0; round < rounds; round += 1) {
    for (const command of ['preview', 'refresh'] as const) {
      for (const which of ['plain', 'ours'] as const) await measure(which, command);
    }
  }
  const peakRssMb = Math.max(...peaks);
  const report = {
    resources: deployment.resources.length,
    types: countTypes(deployment),
    up: ratios(times.up),
    emptyPreview: ratios(times.preview),
    previewWithRefresh: ratios(times.refresh),
    providerPeakRssMb: rounded(peakRssMb),
    providerRssMet: peakRssMb <= PULUMI_LIMITS.providerPeakRssMb,
  };
  return { report, refreshMs: median(times.refresh.ours) };
}

function ratios({ ours, plain }: Times[Command]): object {
  const timesAsLong = median(ours) / median(plain);
  return {
    oursMs: rounded(median(ours)),
    plainMs: rounded(median(plain)),
    timesAsLong: rounded(timesAsLong, 2),
    met: timesAsLong <= PULUMI_LIMITS.timesAsLong,
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
  plain: PulumiWorkspace,
  deployment: Deployment,
  { from, to }: { readonly from: Variables; readonly to: Variables },
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
