/** The objects of a small stack and what the benchmarks about faults do with them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import type { KubeClient } from '../../src/operator/kube/client.ts';
import { type AnyObject, pathOf } from '../../src/operator/objects.ts';
import { type BenchEnvironment, seedCredentials } from '../environment.ts';
import { generateStack } from '../generate.ts';
import { isReady, listAll, objectsOf } from './objects.ts';
import { NAMESPACE } from './world.ts';

/** Objects of so many tenants, tenants first, with the credentials of all of them in Vault. */
export async function seededObjects(
  environment: BenchEnvironment,
  { tenants, integrations }: { readonly tenants: number; readonly integrations: number },
): Promise<AnyObject[]> {
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  try {
    const accounts = await generateStack(dir, { tenants, integrationsPerTenant: integrations });
    await seedCredentials(environment, accounts);
    return await objectsOf(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export function tenantOf({ kind, metadata, spec }: AnyObject): string {
  return kind === 'Tenant' ? metadata.name : String(spec['tenant']);
}

/** As `kubectl apply --server-side` does. */
export function applyObject(client: KubeClient, object: AnyObject): Promise<AnyObject> {
  const path = pathOf(object.kind, NAMESPACE, object.metadata.name);
  return client.apply<AnyObject>(path, object, { fieldManager: 'kubectl' });
}

export async function allObjects(client: KubeClient): Promise<AnyObject[]> {
  const objects: AnyObject[] = [];
  for (const kind of ['Tenant', 'TenantIntegration'] as const) {
    for await (const object of listAll(client, kind)) objects.push(object);
  }
  return objects;
}

/** Waits until there are so many objects, all of them ready, and none is being deleted. @returns the milliseconds */
export async function untilAllReady(client: KubeClient, wanted: number, withinMs: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const objects = await allObjects(client);
    const open = objects.filter((object) => !isReady(object) || object.metadata.deletionTimestamp);
    if (open.length === 0 && objects.length === wanted) return performance.now() - began;
    if (performance.now() - began > withinMs) {
      const first = open[0];
      const why =
        first && `${first.kind} ${first.metadata.name}: ${JSON.stringify(first.status?.conditions)}`;
      throw new Error(
        `${open.length} of ${objects.length} objects are not ready (${wanted} are wanted); the first: ${why}`,
      );
    }
    await timer(250);
  }
}
