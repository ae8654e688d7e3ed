/** People at work while everything fails: documents come, change and go, and each change is tried until it is taken. */
import { setTimeout as timer } from 'node:timers/promises';
import type { KubeClient } from '../../src/operator/kube/client.ts';
import { type AnyObject, pathOf } from '../../src/operator/objects.ts';
import type { Account } from '../generate.ts';
import { applyObject, tenantOf } from './small-world.ts';
import { NAMESPACE } from './world.ts';

const SCHEDULES = ['manual', 'H * * * *', 'H 6 * * *', '15 3 * * *'] as const;
const AGAIN_MS = 500;

export interface Churn {
  /** What people want by now, by kind and name. */
  readonly wanted: ReadonlyMap<string, AnyObject>;
  /** Changes by what they were. */
  readonly counts: Readonly<Record<string, number>>;
  /** Everything at first. */
  createAll(): Promise<void>;
  /** One change, drawn at random. */
  next(): Promise<void>;
}

export interface ChurnOptions {
  readonly client: KubeClient;
  /** Every object that may ever be wanted. */
  readonly objects: readonly AnyObject[];
  /** Brings the credential of a tenant's integration, as its people do when they connect it. */
  readonly connect: (account: Account) => Promise<void>;
  readonly random: () => number;
}

export function createChurn({ client, objects, connect, random }: ChurnOptions): Churn {
  const keyOf = ({ kind, metadata }: AnyObject): string => `${kind} ${metadata.name}`;
  const wanted = new Map<string, AnyObject>();
  const counts: Record<string, number> = {};
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };

  async function put(object: AnyObject): Promise<void> {
    wanted.set(keyOf(object), object);
    await untilTaken(() => applyObject(client, object));
  }

  async function remove(object: AnyObject): Promise<void> {
    wanted.delete(keyOf(object));
    await untilTaken(() => client.delete(pathOf(object.kind, NAMESPACE, object.metadata.name)));
  }

  /** An object that is still being deleted cannot be made again yet: whoever wants it waits until it is gone. */
  async function isGone({ kind, metadata }: AnyObject): Promise<boolean> {
    const found = await untilTaken(() => client.get<AnyObject>(pathOf(kind, NAMESPACE, metadata.name)));
    return found === undefined;
  }

  /** The credential went with the object that was there before. */
  async function putAnew(object: AnyObject): Promise<void> {
    await put(object);
    if (object.kind !== 'TenantIntegration') return;
    const account = { tenant: tenantOf(object), integration: String(object.spec['integration']) };
    await untilTaken(() => connect(account));
  }

  function withSpec(object: AnyObject, change: Readonly<Record<string, unknown>>): AnyObject {
    return { ...object, spec: { ...object.spec, ...change } } as AnyObject;
  }

  const ofTenant = (name: string): AnyObject[] => objects.filter((object) => tenantOf(object) === name);
  const present = (kind: AnyObject['kind']): AnyObject[] =>
    [...wanted.values()].filter((object) => object.kind === kind);

  const changes: readonly (readonly [string, number, () => Promise<void>])[] = [
    ['schedule', 8, changeSchedule],
    ['suspend', 2, toggleSuspend],
    ['remove integration', 2, removeIntegration],
    ['create integration', 3, createIntegration],
    ['remove tenant', 1, removeTenant],
    ['create tenant', 2, createTenant],
  ];
  const weight = changes.reduce((sum, [, each]) => sum + each, 0);

  async function changeSchedule(): Promise<void> {
    const object = pick(present('TenantIntegration'));
    if (object === undefined) return;
    const sync = { ...(object.spec['sync'] as object), schedule: pick(SCHEDULES) };
    await put(withSpec(object, { sync }));
  }

  async function toggleSuspend(): Promise<void> {
    const object = pick([...wanted.values()]);
    if (object) await put(withSpec(object, { suspend: object.spec['suspend'] !== true }));
  }

  async function removeIntegration(): Promise<void> {
    const object = pick(present('TenantIntegration'));
    if (object) await remove(object);
  }

  async function createIntegration(): Promise<void> {
    const missing = objects.filter(
      (object) =>
        object.kind === 'TenantIntegration' &&
        !wanted.has(keyOf(object)) &&
        wanted.has(`Tenant ${tenantOf(object)}`),
    );
    const object = pick(missing);
    if (object && (await isGone(object))) await putAnew(object);
  }

  /** All at once, as `kubectl delete -f folder` does. */
  async function removeTenant(): Promise<void> {
    const tenant = pick(present('Tenant'));
    if (tenant === undefined) return;
    await Promise.all(
      ofTenant(tenant.metadata.name)
        .filter((object) => wanted.has(keyOf(object)))
        .map(remove),
    );
  }

  async function createTenant(): Promise<void> {
    const missing = objects.filter((object) => object.kind === 'Tenant' && !wanted.has(keyOf(object)));
    const tenant = pick(missing);
    if (tenant === undefined) return;
    const own = ofTenant(tenant.metadata.name);
    const gone = await Promise.all(own.map(isGone));
    if (gone.every(Boolean)) await Promise.all(own.map(putAnew));
  }

  return {
    wanted,
    counts,
    createAll: async () => {
      await Promise.all(objects.map(put));
    },
    async next() {
      let drawn = random() * weight;
      const change = changes.find(([, each]) => {
        drawn -= each;
        return drawn < 0;
      });
      if (change === undefined) return;
      count(change[0]);
      await change[2]();
    },
  };
}

async function untilTaken<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await timer(AGAIN_MS);
    }
  }
}
