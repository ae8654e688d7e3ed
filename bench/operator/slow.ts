/** One tenant whose Airbyte hangs or fails: what the others notice of it. */
import { setTimeout as timer } from 'node:timers/promises';
import type { KubeClient } from '../../src/operator/kube/client.ts';
import { type AnyObject, conditionOf, pathOf } from '../../src/operator/objects.ts';
import type { FaultProxy } from '../../test/support/fault-proxy.ts';
import { rounded } from '../measures.ts';
import { type OperatorBench, quantileOf } from './context.ts';
import { createAll } from './objects.ts';
import { startOperatorProcess } from './operator-process.ts';
import { recordWrites } from './recorded-writes.ts';
import { applyObject, seededObjects, tenantOf, untilAllReady } from './small-world.ts';
import { NAMESPACE, startOperatorBenchWorld } from './world.ts';

const WITHIN_MS = 300_000;
const ROUNDS = 3;
/** Changes come one after the other, so that each waits for what is under way and not for its like. */
const BETWEEN_MS = 100;

type Trouble = 'none' | 'hangs' | 'fails';

interface Troubled {
  readonly tenant: string;
  /** Of everything in Airbyte that is the tenant's. */
  readonly ids: ReadonlySet<string>;
  /** Requests that met with the trouble. */
  requests: number;
}

export async function slow(bench: OperatorBench, tenants: number): Promise<object> {
  const world = await startOperatorBenchWorld(bench.program);
  const recorded = await recordWrites(world.variables);
  const operator = await startOperatorProcess(
    { ...world, variables: recorded.variables },
    { args: ['--no-leader-election'] },
  );
  try {
    const objects = await seededObjects(world.environment, { ...bench, tenants });
    await createAll(world.client, objects);
    await untilAllReady(world.client, objects.length, WITHIN_MS);
    const tenant = tenantOf(objects[0] as AnyObject);
    const troubled: Troubled = { tenant, ids: await idsOf(world.client, objects, tenant), requests: 0 };
    const report: Record<string, unknown> = { tenants, objects: objects.length };
    for (const trouble of ['none', 'hangs', 'fails', 'none'] as const) {
      setTrouble(recorded.airbyte, trouble, troubled);
      const measured = {
        oneByOne: await changeAll(world.client, objects, { troubled, betweenMs: BETWEEN_MS }),
        atOnce: await changeAll(world.client, objects, { troubled, betweenMs: 0 }),
        requestsInTrouble: troubled.requests,
      };
      const name = trouble in report ? `${trouble}Again` : trouble;
      report[name] = measured;
      bench.progress(`slow, ${name}: ${JSON.stringify(measured)}`);
    }
    setTrouble(recorded.airbyte, 'none', troubled);
    report['secondsUntilAllReadyAfterwards'] = rounded(
      (await untilAllReady(world.client, objects.length, WITHIN_MS)) / 1000,
      1,
    );
    return report;
  } finally {
    recorded.airbyte.fault = undefined;
    await operator.kill('SIGKILL');
    await recorded.close();
    await world.close();
  }
}

/** Everything in Airbyte that is the tenant's, as its status tells. */
async function idsOf(
  client: KubeClient,
  objects: readonly AnyObject[],
  tenant: string,
): Promise<Set<string>> {
  const own = objects.filter((object) => tenantOf(object) === tenant);
  const found = await Promise.all(
    own.map(({ kind, metadata }) => client.get<AnyObject>(pathOf(kind, NAMESPACE, metadata.name))),
  );
  return new Set(found.flatMap((object) => Object.values(object?.status?.ids ?? {})));
}

function setTrouble(airbyte: FaultProxy, trouble: Trouble, troubled: Troubled): void {
  troubled.requests = 0;
  airbyte.status = 500;
  airbyte.fault = async ({ path, body }) => {
    const concerns =
      trouble !== 'none' && [...troubled.ids].some((id) => path.includes(id) || body.includes(id));
    if (!concerns) return 'pass';
    troubled.requests += 1;
    if (trouble === 'fails') return 'before';
    // Longer than any limit of the operator's.
    await timer(120_000, undefined, { ref: false });
    return 'cut';
  };
}

/** Changes one integration of each tenant, the troubled one's first, and waits for the others. */
async function changeAll(
  client: KubeClient,
  objects: readonly AnyObject[],
  { troubled, betweenMs }: { readonly troubled: Troubled; readonly betweenMs: number },
): Promise<object> {
  const integrations = objects.filter(({ kind }) => kind === 'TenantIntegration');
  const oneOfEach = new Map(integrations.map((object) => [tenantOf(object), object]));
  const latencies: number[] = [];
  const changeOne = async (object: AnyObject): Promise<void> => {
    const began = performance.now();
    const { metadata } = await change(client, object);
    await untilReconciled(client, object, metadata.generation);
    latencies.push(performance.now() - began);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const waits: Promise<void>[] = [];
    await change(client, oneOfEach.get(troubled.tenant) as AnyObject);
    for (const [tenant, object] of oneOfEach) {
      if (tenant === troubled.tenant) continue;
      waits.push(changeOne(object));
      if (betweenMs > 0) await timer(betweenMs);
    }
    await Promise.all(waits);
  }
  const seconds = (value: number): number => rounded(value / 1000, 2);
  return {
    changes: latencies.length,
    p50Seconds: seconds(quantileOf(latencies, 0.5)),
    p99Seconds: seconds(quantileOf(latencies, 0.99)),
    maxSeconds: seconds(Math.max(...latencies)),
  };
}

let nextHour = 0;

/** Another schedule, so that Airbyte is written to. */
async function change(client: KubeClient, object: AnyObject): Promise<AnyObject> {
  nextHour += 1;
  const sync = { ...(object.spec['sync'] as object), schedule: `${nextHour % 60} ${nextHour % 24} * * *` };
  return await applyObject(client, { ...object, spec: { ...object.spec, sync } } as AnyObject);
}

async function untilReconciled(
  client: KubeClient,
  { kind, metadata }: AnyObject,
  generation: number,
): Promise<void> {
  const path = pathOf(kind, NAMESPACE, metadata.name);
  const until = performance.now() + WITHIN_MS;
  while (performance.now() < until) {
    const object = await client.get<AnyObject>(path);
    const ready = object && conditionOf(object, 'Ready');
    if (ready?.status === 'True' && ready.observedGeneration >= generation) return;
    await timer(25);
  }
  throw new Error(`${kind} ${metadata.name} was not reconciled in ${WITHIN_MS / 1000} s`);
}
