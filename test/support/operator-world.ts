/** An operator on a real API server, with Vault, Postgres and Airbyte of their own, for one test file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { parse } from 'yaml';
import { type AnyObject, type Condition, pathOf } from '../../src/operator/objects.ts';
import type { OperatorFlags } from '../../src/operator/settings.ts';
import { runOperator } from '../../src/operator/start.ts';
import { type KubeWorld, startKubeWorld } from './kube-world.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from './world.ts';

export const NAMESPACE = 'tenants';

export interface RunningOperator {
  /** Lines of the log, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Base of /readyz and /metrics, once it listens. */
  health(): string;
  stop(): Promise<void>;
}

export interface OperatorWorld {
  readonly kube: KubeWorld;
  readonly systems: Systems;
  /** Folder with the Platform document. */
  readonly stackDir: string;
  start(flags?: OperatorFlags, env?: Readonly<Record<string, string>>): RunningOperator;
  /** Applies as `kubectl apply --server-side` does. */
  tenant(name: string, spec?: object, metadata?: object): Promise<AnyObject>;
  /** Called `{tenant}-{integration}`. */
  integration(tenant: string, integration: string, spec?: object, metadata?: object): Promise<AnyObject>;
  get(kind: AnyObject['kind'], name: string): Promise<AnyObject | undefined>;
  remove(kind: AnyObject['kind'], name: string): Promise<void>;
  /** Waits until the Ready condition of the present generation has this status, and gives the object. */
  until(kind: AnyObject['kind'], name: string, ready: string | RegExp, ms?: number): Promise<AnyObject>;
  /** Waits until the object is gone. */
  untilGone(kind: AnyObject['kind'], name: string, ms?: number): Promise<void>;
  /** Stores a token as the sidecar does. */
  connect(tenant: string, integration: string): Promise<void>;
  close(): Promise<void>;
}

export function conditionOf(object: AnyObject | undefined, type: Condition['type']): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

export async function startOperatorWorld(platform: Record<string, object> = {}): Promise<OperatorWorld> {
  const [kube, systems] = await Promise.all([startKubeWorld(), startSystems()]);
  const stackDir = await mkdtemp(join(tmpdir(), 'tenantry-operator-'));
  await writeFile(join(stackDir, 'platform.yaml'), platformYaml('test', platform));
  await kube.namespace(NAMESPACE);
  const running = new Set<RunningOperator>();
  const get: OperatorWorld['get'] = (kind, name) => kube.client.get(pathOf(kind, NAMESPACE, name));
  const put = (yaml: string, metadata: object): Promise<AnyObject> => {
    const document = parse(yaml) as AnyObject;
    const path = pathOf(document.kind, NAMESPACE, document.metadata.name);
    return kube.client.apply<AnyObject>(
      path,
      { ...document, metadata: { ...document.metadata, ...metadata } },
      { fieldManager: 'kubectl' },
    );
  };
  return {
    kube,
    systems,
    stackDir,
    start(flags, env) {
      const operator = startOne({ kube, systems, stackDir }, flags, env);
      running.add(operator);
      return operator;
    },
    tenant: (name, spec = {}, metadata = {}) => put(tenantYaml(name, spec), metadata),
    integration: (tenant, integration, spec = {}, metadata = {}) =>
      put(integrationYaml(tenant, integration, spec), metadata),
    get,
    remove: (kind, name) => kube.client.delete(pathOf(kind, NAMESPACE, name)),
    until: async (kind, name, ready, ms = 30_000) => {
      let object: AnyObject | undefined;
      await vi.waitFor(
        async () => {
          object = await get(kind, name);
          const condition = conditionOf(object, 'Ready');
          const isNew = condition?.observedGeneration === object?.metadata.generation;
          const text = `${condition?.status} ${condition?.reason}`;
          const fits = typeof ready === 'string' ? condition?.status === ready : ready.test(text);
          if (!isNew || !fits)
            throw new Error(`${kind} ${name}: ${JSON.stringify(object?.status?.conditions)}`);
        },
        { timeout: ms, interval: 50 },
      );
      return object as AnyObject;
    },
    untilGone: async (kind, name, ms = 30_000) => {
      await vi.waitFor(
        async () => {
          const object = await get(kind, name);
          if (object)
            throw new Error(`${kind} ${name} is there: ${JSON.stringify(object.status?.conditions)}`);
        },
        { timeout: ms, interval: 50 },
      );
    },
    connect: async (tenant, integration) => {
      const stack = await documentsOf(platformYaml('test', platform));
      await withWorld(systems, stack, {}, (world) => connectTenant(world, { tenant, integration }));
    },
    close: async () => {
      await Promise.all([...running].map((operator) => operator.stop()));
      await Promise.all([systems.close(), kube.close()]);
      await rm(stackDir, { recursive: true, force: true });
    },
  };
}

function startOne(
  { kube, systems, stackDir }: Pick<OperatorWorld, 'kube' | 'systems' | 'stackDir'>,
  flags: OperatorFlags = {},
  env: Readonly<Record<string, string>> = {},
): RunningOperator {
  const stop = new AbortController();
  const log: Record<string, unknown>[] = [];
  const done = runOperator({
    stackDir,
    env: { ...systems.env, LOG_LEVEL: 'info', ...env },
    flags: {
      cluster: 'test',
      kubeconfig: kube.api.kubeconfigFile,
      leaseNamespace: NAMESPACE,
      healthHost: '127.0.0.1',
      healthPort: 0,
      leaderElection: false,
      ...flags,
    },
    stop: stop.signal,
    abort: new AbortController().signal,
    writeLog: (lines) => {
      for (const line of lines.split('\n').filter(Boolean))
        log.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  // Whoever stops it hears of a failure.
  done.catch(() => undefined);
  return {
    log,
    health: () => String(log.find((line) => line['msg'] === 'started')?.['health']),
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}
