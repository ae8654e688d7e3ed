/** An operator on a real API server, with Vault, Postgres and Airbyte of their own, for one test file. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { parse } from 'yaml';
import { createAirbyteClient } from '../../src/clients/airbyte.ts';
import type { DevVault } from '../../src/dev/vault/server.ts';
import { type AnyObject, type Condition, FINALIZER, pathOf } from '../../src/operator/objects.ts';
import type { OperatorFlags } from '../../src/operator/settings.ts';
import { runOperator } from '../../src/operator/start.ts';
import { type KubeWorld, startKubeWorld } from './kube-world.ts';
import { sql } from './sql.ts';
import { startTcpFaults, type TcpFaults } from './tcp-faults.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  openWorld,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from './world.ts';
import { worldText } from './world-text.ts';

export const NAMESPACE = 'tenants';

type Kind = AnyObject['kind'];

export interface RunningOperator {
  /** Lines of the log, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Base of /readyz and /metrics, once it listens. */
  health(): string;
  /** Text of /metrics. */
  metrics(): Promise<string>;
  /** Sum of the samples of a metric whose labels hold this text. */
  metric(name: string, labels?: string): Promise<number>;
  /** Waits for a line of the log. */
  logged(msg: string, ms?: number): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Ends it at once, as when the Lease is lost; nothing is finished. */
  abort(): Promise<void>;
}

export interface StartMore {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the world's. */
  readonly stackDir?: string;
}

/** The objects of one namespace. */
export interface Objects {
  /** Applies as `kubectl apply --server-side` does. */
  tenant(name: string, spec?: object, metadata?: object): Promise<AnyObject>;
  /** Called `{tenant}-{integration}`. */
  integration(tenant: string, integration: string, spec?: object, metadata?: object): Promise<AnyObject>;
  get(kind: Kind, name: string): Promise<AnyObject | undefined>;
  remove(kind: Kind, name: string): Promise<void>;
  /** Has it reconciled at once: resolves when that was done, whatever came of it. */
  reconcile(kind: Kind, name: string, ms?: number): Promise<AnyObject>;
  annotate(kind: Kind, name: string, annotations: object): Promise<void>;
  /** Takes all finalizers off, as somebody in despair does. */
  forceFinalizers(kind: Kind, name: string): Promise<void>;
  /**
   * Waits until the Ready condition of the present generation has this status, or fits as `status reason`, and gives
   * the object.
   */
  until(kind: Kind, name: string, ready: string | RegExp, ms?: number): Promise<AnyObject>;
  /** Waits until the object is gone. */
  untilGone(kind: Kind, name: string, ms?: number): Promise<void>;
  /** Reasons and messages of the Events about an object. */
  events(name: string): Promise<readonly { readonly reason: string; readonly message: string }[]>;
}

export interface OperatorWorld extends Objects {
  readonly kube: KubeWorld;
  readonly systems: Systems<DevVault>;
  /** Folder with the Platform document. */
  readonly stackDir: string;
  start(flags?: OperatorFlags, more?: StartMore): RunningOperator;
  /** The same with the objects of another namespace, which is made. */
  in(namespace: string): Promise<Objects>;
  /** Stores a token as the sidecar does. */
  connect(tenant: string, integration: string, fields?: Record<string, string>): Promise<void>;
  /** A call to Vault as its root, past all faults. */
  vault(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** SQL as the superuser, past all faults. */
  sql<R extends Record<string, unknown>>(text: string): Promise<R[]>;
  /** All items of a list of Airbyte, e.g. `/connections`, past all faults. */
  airbyte<T extends object = AirbyteItem>(path: string): Promise<readonly T[]>;
  airbytePatch(path: string, body: object): Promise<void>;
  /** Everything in Vault, Postgres and Airbyte without ids and times, to compare. */
  text(): Promise<string>;
  /** A way to the API server that can go away, and a kubeconfig that leads there. */
  apiFaults(): Promise<{ readonly faults: TcpFaults; readonly kubeconfig: string }>;
  close(): Promise<void>;
}

export interface AirbyteItem {
  readonly name: string;
  readonly status?: string;
  readonly connectionId?: string;
  readonly sourceId?: string;
}

export function conditionOf(object: AnyObject | undefined, type: Condition['type']): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** `platform` is merged over the spec of the Platform document. */
export async function startOperatorWorld(platform: Record<string, object> = {}): Promise<OperatorWorld> {
  const [kube, systems] = await Promise.all([startKubeWorld(), startSystems()]);
  const stackDir = await mkdtemp(join(tmpdir(), 'tenantry-operator-'));
  await writeFile(join(stackDir, 'platform.yaml'), platformYaml('test', platform));
  await kube.namespace(NAMESPACE);
  const running = new Set<RunningOperator>();
  const closing: (() => Promise<void>)[] = [];
  const { vault, airbyte } = systems;
  const client = createAirbyteClient({ ...airbyte, concurrency: 4 });
  const stack = await documentsOf(platformYaml('test', platform));
  return {
    ...objectsIn(kube, NAMESPACE),
    kube,
    systems,
    stackDir,
    start(flags, more) {
      const operator = startOne({ kube, systems, stackDir }, flags, more);
      running.add(operator);
      return operator;
    },
    in: async (namespace) => objectsIn(kube, await kube.namespace(namespace)),
    connect: async (tenant, integration, fields) => {
      await withWorld(systems, stack, {}, (world) => connectTenant(world, { tenant, integration }, fields));
    },
    async vault(method, path, body) {
      const response = await fetch(`${vault.address}/v1/${path}`, {
        method,
        headers: { 'X-Vault-Token': vault.rootToken, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    },
    sql: (text) => sql(systems, text),
    airbyte: (path) => client.listAll(path),
    airbytePatch: async (path, body) => void (await client.patch(path, body)),
    async text() {
      const open = await openWorld(systems, stack);
      try {
        const query = (text: string): Promise<Record<string, unknown>[]> => sql(systems, text);
        return await worldText({ vault: open.world.vault, airbyte, query });
      } finally {
        await open.close();
      }
    },
    async apiFaults() {
      const faults = await startTcpFaults({ host: '127.0.0.1', port: Number(new URL(kube.api.url).port) });
      closing.push(() => faults.close());
      const kubeconfig = join(dirname(kube.api.kubeconfigFile), `faults-${faults.port}.json`);
      const text = await readFile(kube.api.kubeconfigFile, 'utf8');
      await writeFile(kubeconfig, text.replaceAll(kube.api.url, `https://127.0.0.1:${faults.port}`));
      return { faults, kubeconfig };
    },
    close: async () => {
      await Promise.all([...running].map((operator) => operator.abort()));
      client.close();
      for (const end of closing) await end();
      await Promise.all([systems.close(), kube.close()]);
      await rm(stackDir, { recursive: true, force: true });
    },
  };
}

/** The same by itself, for a world that is made otherwise. */
export function objectsIn(kube: KubeWorld, namespace: string): Objects {
  const { client } = kube;
  const get: Objects['get'] = (kind, name) => client.get(pathOf(kind, namespace, name));
  const put = (yaml: string, metadata: object): Promise<AnyObject> => {
    const document = parse(yaml) as AnyObject;
    const path = pathOf(document.kind, namespace, document.metadata.name);
    const body = { ...document, metadata: { ...document.metadata, ...metadata } };
    return client.apply<AnyObject>(path, body, { fieldManager: 'kubectl' });
  };
  const mergeMetadata = async (kind: Kind, name: string, metadata: object): Promise<void> => {
    await client.mergePatch(pathOf(kind, namespace, name), { metadata });
  };
  let requests = 0;
  return {
    tenant: (name, spec = {}, metadata = {}) => put(tenantYaml(name, spec), metadata),
    integration: (tenant, integration, spec = {}, metadata = {}) =>
      put(integrationYaml(tenant, integration, spec), metadata),
    get,
    remove: (kind, name) => client.delete(pathOf(kind, namespace, name)),
    annotate: (kind, name, annotations) => mergeMetadata(kind, name, { annotations }),
    forceFinalizers: (kind, name) => mergeMetadata(kind, name, { finalizers: null }),
    async reconcile(kind, name, ms = 30_000) {
      requests += 1;
      const asked = `request ${requests} of ${Date.now()}`;
      await mergeMetadata(kind, name, { annotations: { 'tenantry.dev/reconcile-requested-at': asked } });
      return await vi.waitFor(
        async () => {
          const object = await get(kind, name);
          if (object?.status?.lastHandledReconcileAt === asked) return object;
          throw new Error(`${kind} ${name} was not reconciled: ${JSON.stringify(object?.status)}`);
        },
        { timeout: ms, interval: 50 },
      );
    },
    until: (kind, name, ready, ms = 30_000) =>
      vi.waitFor(
        async () => {
          const object = await get(kind, name);
          const condition = conditionOf(object, 'Ready');
          const isNew = condition?.observedGeneration === object?.metadata.generation;
          const text = `${condition?.status} ${condition?.reason}`;
          const fits = typeof ready === 'string' ? condition?.status === ready : ready.test(text);
          if (object !== undefined && isNew && fits) return object;
          throw new Error(`${kind} ${name}: ${JSON.stringify(object?.status?.conditions)}`);
        },
        { timeout: ms, interval: 50 },
      ),
    untilGone: (kind, name, ms = 30_000) =>
      vi.waitFor(
        async () => {
          const object = await get(kind, name);
          if (object)
            throw new Error(`${kind} ${name} is there: ${JSON.stringify(object.status?.conditions)}`);
        },
        { timeout: ms, interval: 50 },
      ),
    async events(name) {
      const path = `/api/v1/namespaces/${namespace}/events`;
      const query = { fieldSelector: `involvedObject.name=${name}` };
      return (await client.list<{ reason: string; message: string }>(path, query)).items;
    },
  };
}

export function hasFinalizer(object: AnyObject | undefined): boolean {
  return object?.metadata.finalizers?.includes(FINALIZER) ?? false;
}

/** The same by itself; the caller stops it. */
export function startOne(
  {
    kube,
    systems,
    stackDir,
  }: Pick<OperatorWorld, 'kube' | 'stackDir'> & {
    readonly systems: Pick<Systems, 'env'>;
  },
  flags: OperatorFlags = {},
  more: StartMore = {},
): RunningOperator {
  const [stop, abort] = [new AbortController(), new AbortController()];
  const log: Record<string, unknown>[] = [];
  const done = runOperator({
    stackDir: more.stackDir ?? stackDir,
    env: { ...systems.env, LOG_LEVEL: 'info', ...more.env },
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
    abort: abort.signal,
    writeLog: (lines) => {
      for (const line of lines.split('\n').filter(Boolean))
        log.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  // Whoever stops it hears of a failure.
  done.catch(() => undefined);
  const health = (): string => String(log.find((line) => line['msg'] === 'started')?.['health']);
  const metrics = async (): Promise<string> => await (await fetch(`${health()}/metrics`)).text();
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  return {
    log,
    health,
    metrics,
    async metric(name, labels = '') {
      const lines = (await metrics()).split('\n');
      const own = lines.filter((line) => /^[^{ ]+/.exec(line)?.[0] === name && line.includes(labels));
      return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    logged: (msg, ms = 20_000) =>
      vi.waitFor(
        () => {
          if (!log.some((line) => line['msg'] === msg)) throw new Error(`not logged: ${msg}`);
        },
        { timeout: ms, interval: 20 },
      ),
    stop: end,
    abort: async () => {
      abort.abort();
      await end();
    },
  };
}
