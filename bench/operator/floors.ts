/** The least that the same work costs: plain loops of the same calls to the same servers, in the same run. */
import { createLimit } from '../../src/clients/limit.ts';
import { type AnyObject, pathOf } from '../../src/operator/objects.ts';
import { rounded } from '../measures.ts';
import { recordedRun } from '../recorded-run.ts';
import type { Recording } from '../recording.ts';
import { replay } from '../replay.ts';
import { listAll } from './objects.ts';
import { NAMESPACE, type OperatorBenchWorld } from './world.ts';

const AT_ONCE = 32;

/** What an operator that knows everything beforehand would do: one write for each thing, and no look at anything. */
export async function applyFloor(
  world: OperatorBenchWorld,
  objects: readonly AnyObject[],
  recording: Recording,
): Promise<object> {
  const began = performance.now();
  const [kubeMs, backends] = await Promise.all([
    kubeLoop(world, objects),
    replay(recording, world.variables, 'node:http'),
  ]);
  return {
    seconds: rounded((performance.now() - began) / 1000, 1),
    kubeSeconds: rounded(kubeMs / 1000, 1),
    kubeCalls: objects.length * 3,
    backendSeconds: rounded(backends.wallMs / 1000, 1),
    backendCalls: backends.calls,
    mismatches: backends.mismatches,
  };
}

/** For each object: create it, put a finalizer on it, write its status. */
async function kubeLoop({ client }: OperatorBenchWorld, objects: readonly AnyObject[]): Promise<number> {
  const began = performance.now();
  const limit = createLimit(AT_ONCE);
  await Promise.all(
    objects.map((object) =>
      limit(async () => {
        const { apiVersion, kind } = object;
        const { name } = object.metadata;
        const path = pathOf(object.kind, NAMESPACE, name);
        await client.create(pathOf(object.kind, NAMESPACE), object);
        await client.mergePatch(path, { metadata: { finalizers: ['tenantry.dev/finalizer'] } });
        const status = { observedGeneration: 1, conditions: [condition('Ready'), condition('Reconciling')] };
        await client.apply(`${path}/status`, {
          apiVersion,
          kind,
          metadata: { name, namespace: NAMESPACE },
          status,
        });
      }),
    ),
  );
  return performance.now() - began;
}

function condition(type: string): object {
  const message = 'as wanted';
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'Ready',
    message,
    lastTransitionTime,
    observedGeneration: 1,
  };
}

/** A list of all objects, and the reads of a plan of the whole world, each at once. */
export async function restartFloor(world: OperatorBenchWorld, dir: string): Promise<object> {
  const { recording } = await recordedRun('plan', dir, world.variables);
  const began = performance.now();
  const [listMs, backends] = await Promise.all([
    listEverything(world),
    replay(recording, world.variables, 'node:http'),
  ]);
  return {
    seconds: rounded((performance.now() - began) / 1000, 1),
    listSeconds: rounded(listMs / 1000, 1),
    backendSeconds: rounded(backends.wallMs / 1000, 1),
    backendCalls: backends.calls,
    mismatches: backends.mismatches,
  };
}

async function listEverything({ client }: OperatorBenchWorld): Promise<number> {
  const began = performance.now();
  for (const kind of ['Tenant', 'TenantIntegration'] as const) {
    for await (const _object of listAll(client, kind));
  }
  return performance.now() - began;
}
