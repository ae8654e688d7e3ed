/** Runs plan or apply in this process with every call recorded. */
import { connect } from '../src/clients/connect.ts';
import { resolveSettings } from '../src/clients/settings.ts';
import { apply } from '../src/reconcile/apply.ts';
import type { ResourceResult } from '../src/reconcile/events.ts';
import { createWorld, limitsOf, prepare } from '../src/reconcile/run.ts';
import { isChange } from '../src/reconcile/step.ts';
import { loadAndCheck } from '../src/spec/stack.ts';
import { type Recording, startRecorder } from './recording.ts';

export interface RecordedRun {
  readonly recording: Recording;
  /** Resources in the graph. */
  readonly resources: number;
  /** Changes that the plan shows. */
  readonly changes: number;
  /** Results of the apply; none for a plan. */
  readonly results: readonly ResourceResult[];
}

export async function recordedRun(
  command: 'plan' | 'apply',
  dir: string,
  variables: Readonly<Record<string, string>>,
): Promise<RecordedRun> {
  const { documents, catalog } = await loadAndCheck(dir);
  const recorder = await startRecorder(variables);
  const env = { ...recorder.variables };
  const readOnly = command === 'plan';
  const connected = await connect(resolveSettings(documents.platform, env), { env, readOnly });
  try {
    const backends = recorder.watch(connected);
    const world = createWorld(backends, `cli:${documents.platform.metadata.name}`);
    const prepared = await prepare({ documents, catalog, backends, world });
    const results =
      command === 'apply' ? await apply(prepared, world, { limits: limitsOf(backends.settings) }) : [];
    return {
      recording: recorder.recording,
      resources: prepared.graph.size,
      changes: prepared.plan.steps.filter(isChange).length,
      results,
    };
  } finally {
    await connected.close();
    recorder.close();
  }
}
