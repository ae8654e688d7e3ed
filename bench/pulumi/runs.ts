/** The runs that are measured: up, empty preview and preview with refresh, of our program and of a plain one. */
import type { PulumiRun, PulumiWorkspace } from '../../test/support/pulumi/workspace.ts';
import { rounded } from '../measures.ts';
import { withPeakRss } from './plugin-memory.ts';
import type { Deployment } from './state.ts';

export interface RunsOptions {
  readonly label: string;
  readonly progress: (text: string) => void;
}

export type Command = 'up' | 'preview' | 'refresh';

/** Runs one command, which must succeed. */
export async function measuredCommand(
  workspace: PulumiWorkspace,
  command: Command,
  { label, progress }: RunsOptions,
): Promise<{ readonly run: PulumiRun; readonly peakRssMb: number }> {
  const args = command === 'refresh' ? ['--refresh'] : [];
  const { value: run, peakRssMb } = await withPeakRss(
    { name: 'pulumi-resource-tenantry', environment: workspace.folder },
    () => (command === 'up' ? workspace.up({ args }) : workspace.preview({ args })),
  );
  const done = `${label}: ${command} ${rounded(run.wallMs)} ms ${JSON.stringify(run.changes)}`;
  progress(`${done}, provider ${rounded(peakRssMb)} MB`);
  if (run.code !== 0)
    throw new Error(`${label}: ${command} ended with ${run.code}\n${run.stdout}${run.stderr}`);
  const changes = run.operations.filter(({ op }) => op !== 'refresh').length;
  if (command !== 'up' && changes > 0) throw new Error(`${label}: ${command} shows ${changes} changes`);
  return { run, peakRssMb };
}

/** The deployment with its secrets in clear: the plain program needs them. */
export async function deploymentOf(workspace: PulumiWorkspace): Promise<Deployment> {
  const { stdout } = await workspace.run(['stack', 'export', '--show-secrets']);
  return (JSON.parse(stdout) as { deployment: Deployment }).deployment;
}
