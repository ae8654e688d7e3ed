/** The objects of a benchmark: made all at once, and watched until they are ready. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { parse } from 'yaml';
import { createLimit } from '../../src/clients/limit.ts';
import type { KubeClient } from '../../src/operator/kube/client.ts';
import { type AnyObject, conditionOf, pathOf } from '../../src/operator/objects.ts';
import { NAMESPACE } from './world.ts';

const AT_ONCE = 16;
const PAGE = 500;

/** Documents of a generated stack, tenants first. */
export async function objectsOf(dir: string): Promise<AnyObject[]> {
  const files = (await readdir(join(dir, 'tenants'), { recursive: true })).filter((name) =>
    name.endsWith('.yaml'),
  );
  const objects = await Promise.all(
    files.map(async (file) => parse(await readFile(join(dir, 'tenants', file), 'utf8')) as AnyObject),
  );
  return objects.sort((a, b) => a.kind.localeCompare(b.kind));
}

export async function createAll(client: KubeClient, objects: readonly AnyObject[]): Promise<void> {
  const limit = createLimit(AT_ONCE);
  await Promise.all(
    objects.map((object) => limit(() => client.create(pathOf(object.kind, NAMESPACE), object))),
  );
}

export interface ReadyCount {
  readonly ready: number;
  readonly all: number;
  /** The first that is not, for a message. */
  readonly first?: AnyObject | undefined;
}

export async function countReady(client: KubeClient): Promise<ReadyCount> {
  let ready = 0;
  let all = 0;
  let first: AnyObject | undefined;
  for (const kind of ['Tenant', 'TenantIntegration'] as const) {
    for await (const object of listAll(client, kind)) {
      all += 1;
      if (isReady(object)) ready += 1;
      else first ??= object;
    }
  }
  return { ready, all, first };
}

export function isReady(object: AnyObject): boolean {
  const ready = conditionOf(object, 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === object.metadata.generation;
}

export async function* listAll(client: KubeClient, kind: AnyObject['kind']): AsyncGenerator<AnyObject> {
  let next: string | undefined;
  do {
    const page = await client.list<AnyObject>(pathOf(kind), { limit: PAGE, continue: next });
    yield* page.items;
    next = page.continue;
  } while (next);
}

/** Asks by the operator's own metric first, because a list of all objects costs the API server what we measure. */
export async function untilReady(
  count: () => Promise<number>,
  wanted: number,
  { everyMs, withinMs }: { readonly everyMs: number; readonly withinMs: number },
): Promise<number> {
  const began = performance.now();
  for (;;) {
    if ((await count()) >= wanted) return performance.now() - began;
    if (performance.now() - began > withinMs) throw new Error(`not ready within ${withinMs} ms`);
    await timer(everyMs);
  }
}
