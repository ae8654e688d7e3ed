/** Looks at the whole world in a few bulk calls per kind, before anything is planned. */
import { asTenantryError, type TenantryError } from '../errors.ts';
import { type Graph, versionedSecrets } from '../plan/graph.ts';
import { kindOf, kinds } from '../resources/index.ts';
import type { BackendName, Kind, Observed, Scope, World } from '../resources/kind.ts';
import { formatSecretRef, type SecretRef } from '../spec/secret-ref.ts';

/** What was found, by kind and key. */
export interface Observation {
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, Observed>>;
  /** Versions of the secrets that inputs refer to, by reference. */
  readonly versions: ReadonlyMap<string, string>;
  /** References that lead to nothing, by reference. */
  readonly missing: ReadonlyMap<string, TenantryError>;
}

export interface ObserveOptions {
  /** Tenants that the documents name, also those that are left out by `only`. */
  readonly tenants: ReadonlySet<string>;
  /** Only these tenants are looked at. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Told when a kind was looked at. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Several systems failed; each is told once. */
export class ObservationError extends AggregateError {
  declare readonly errors: TenantryError[];
}

/**
 * @throws the one error, or an ObservationError with one error per system, when something cannot be read. A plan made
 *   of half an observation would delete or make again what is there.
 */
export async function observe(graph: Graph, world: World, options: ObserveOptions): Promise<Observation> {
  const wanted = new Map<string, unknown[]>();
  for (const resource of graph.resources()) {
    const list = wanted.get(resource.kind);
    if (list) list.push(resource.inputs);
    else wanted.set(resource.kind, [resource.inputs]);
  }
  const objects = new Map<string, Map<string, Observed>>();
  const failures = new Map<BackendName, TenantryError>();
  let done = 0;
  const scopeOf = (kind: Kind): Scope => ({
    tenants: options.tenants,
    only: options.only,
    wanted: wanted.get(kind.type) ?? [],
  });
  const claims = kindOf('vault:claim').observeAll(world, scopeOf(kindOf('vault:claim')));
  // Whoever needs the claims awaits them below; until then a failure of theirs is nobody's surprise.
  claims.catch(() => undefined);
  await Promise.all(
    [...kinds.values()].map(async (kind) => {
      const scope = { ...scopeOf(kind), claims: () => claims };
      try {
        const isClaim = kind.type === 'vault:claim';
        objects.set(kind.type, await (isClaim ? claims : kind.observeAll(world, scope)));
      } catch (error) {
        if (!failures.has(kind.backend)) failures.set(kind.backend, asTenantryError(error));
      }
      options.onProgress?.(++done, kinds.size);
    }),
  );
  throwFailures([...failures.values()]);
  // The key of the fingerprints stands in KV: before that is mounted, what comes from the environment has no version.
  const hasKv = objects.get('vault:mount')?.has(world.vault.kvMount) ?? false;
  const secrets = versionedSecrets(graph.resources()).filter((secret) => hasKv || secret.from === 'vault');
  return { objects, ...(await secretVersions(secrets, world)) };
}

/** A secret that is not there stops only what needs it. */
async function secretVersions(
  secrets: readonly SecretRef[],
  world: World,
): Promise<Pick<Observation, 'versions' | 'missing'>> {
  const versions = new Map<string, string>();
  const missing = new Map<string, TenantryError>();
  await Promise.all(
    secrets.map(async (secret) => {
      const text = formatSecretRef(secret);
      try {
        versions.set(text, await world.secrets.version(secret, world));
      } catch (error) {
        const failure = asTenantryError(error);
        if (failure.code !== 'SecretNotFound') throw error;
        missing.set(text, failure);
      }
    }),
  );
  return { versions, missing };
}

function throwFailures(failures: readonly TenantryError[]): void {
  const [first] = failures;
  if (!first) return;
  if (failures.length === 1) throw first;
  throw new ObservationError(failures, failures.map((failure) => failure.message).join('; '));
}
