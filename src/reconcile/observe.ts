/** Looks at the whole world, or at some of its tenants, in a few bulk calls per kind, before anything is planned. */
import { asTenantryError, type TenantryError } from '../errors.ts';
import { type Graph, type Resource, versionedSecrets } from '../plan/graph.ts';
import { isGeneral, noteFailure } from '../resources/each-tenant.ts';
import { kinds } from '../resources/index.ts';
import type { BackendName, Hints, Kind, Observed, Scope, TenantFailures, World } from '../resources/kind.ts';
import { formatSecretRef, type SecretRef } from '../spec/secret-ref.ts';

/** Objects by kind and key. */
export type ObservedObjects = ReadonlyMap<string, ReadonlyMap<string, Observed>>;

/** What was found. */
export interface Observation {
  readonly objects: ObservedObjects;
  /** Versions of the secrets that inputs refer to, by reference. */
  readonly versions: ReadonlyMap<string, string>;
  /** References that lead to nothing, by reference. */
  readonly missing: ReadonlyMap<string, TenantryError>;
  /**
   * Tenants of which something could not be read, with the first reason; always empty without `perTenant`. What was
   * found of such a tenant is incomplete: nothing may be planned for it.
   */
  readonly failures: ReadonlyMap<string, TenantryError>;
  /** Those of them that were only cut short so that others need not wait (`lateMs`). */
  readonly late: ReadonlySet<string>;
}

/** What an earlier observation found, to be used in the place of a look. */
export interface Recalled {
  /** Types of the kinds that are not looked at, e.g. `vault:policy`. */
  readonly kinds: ReadonlySet<string>;
  /**
   * What was found then of the tenants in scope, and of what all tenants share. A kind or key that is not in here counts
   * as not there: recall only tenants of which everything was observed.
   */
  readonly objects: ObservedObjects;
}

/** How a look may be made cheaper, and what becomes of its failures. */
export interface LookOptions {
  /**
   * Ids that are known from earlier, so that lists need not be read as a whole. Only of use with `only`. A second object
   * of the same name that an accident left elsewhere goes unseen until a look without hints.
   */
  readonly hints?: Hints | undefined;
  readonly recalled?: Recalled | undefined;
  /**
   * Only what the documents name is looked at where looking for more costs a call per tenant: a credential of ours that
   * no document names any more goes unseen until the next full look. Default false.
   */
  readonly light?: boolean | undefined;
  /**
   * Set: what fails for one tenant alone, or takes longer than `timeoutMs` milliseconds for it, is told in
   * `Observation.failures`, and the others go on; so is what still runs `lateMs` after all others have ended. Absent: any
   * failure is thrown.
   */
  readonly perTenant?: { readonly timeoutMs: number; readonly lateMs?: number } | undefined;
}

export interface ObserveOptions extends LookOptions {
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
  const look = new Look(graph, world, options);
  const objects = new Map<string, ReadonlyMap<string, Observed>>();
  const failures = new Map<BackendName, TenantryError>();
  let done = 0;
  await Promise.all(
    [...kinds.values()].map(async (kind) => {
      try {
        objects.set(kind.type, await look.at(kind.type));
      } catch (error) {
        if (!failures.has(kind.backend)) failures.set(kind.backend, asTenantryError(error));
      }
      options.onProgress?.(++done, kinds.size);
    }),
  );
  throwFailures([...failures.values()]);
  const failed = look.failures?.found ?? new Map<string, TenantryError>();
  const resources = graph.resources().filter(({ tenant }) => tenant === undefined || !failed.has(tenant));
  // The key of the fingerprints stands in KV: before that is mounted, what comes from the environment has no version.
  const hasKv = objects.get('vault:mount')?.has(world.vault.kvMount) ?? false;
  const secrets = versionedSecrets(resources).filter((secret) => hasKv || secret.from === 'vault');
  const found = await secretVersions(secrets, world, (secret, failure) =>
    blameTenants(secret, failure, resources, look.failures),
  );
  return { objects, ...found, failures: failed, late: look.failures?.late ?? new Set() };
}

/** One look at every kind; kinds that need what another found share its look. */
class Look {
  readonly failures: TenantFailures | undefined;
  readonly #world: World;
  readonly #options: ObserveOptions;
  readonly #wanted: ReadonlyMap<string, unknown[]>;
  readonly #looks = new Map<string, Promise<ReadonlyMap<string, Observed>>>();

  constructor(graph: Graph, world: World, options: ObserveOptions) {
    this.#world = world;
    this.#options = options;
    this.#wanted = wantedInputs(graph);
    this.failures = options.perTenant && { ...options.perTenant, found: new Map(), late: new Set() };
  }

  at(type: string): Promise<ReadonlyMap<string, Observed>> {
    const known = this.#looks.get(type);
    if (known !== undefined) return known;
    const { recalled } = this.#options;
    const kind = kinds.get(type) as Kind;
    const look = recalled?.kinds.has(type)
      ? Promise.resolve(recalled.objects.get(type) ?? new Map<string, Observed>())
      : kind.observeAll(this.#world, this.#scopeOf(type));
    // Whoever needs it awaits it; until then a failure is nobody's surprise.
    look.catch(() => undefined);
    this.#looks.set(type, look);
    return look;
  }

  #scopeOf(type: string): Scope {
    const { tenants, only, light, hints } = this.#options;
    return {
      tenants,
      only,
      light,
      hints,
      wanted: this.#wanted.get(type) ?? [],
      failures: this.failures,
      claims: () => this.at('vault:claim'),
      workspaces: () => this.at('airbyte:workspace'),
    };
  }
}

function wantedInputs(graph: Graph): ReadonlyMap<string, unknown[]> {
  const wanted = new Map<string, unknown[]>();
  for (const resource of graph.resources()) {
    const list = wanted.get(resource.kind);
    if (list) list.push(resource.inputs);
    else wanted.set(resource.kind, [resource.inputs]);
  }
  return wanted;
}

/** A secret that is not there stops only what needs it. */
async function secretVersions(
  secrets: readonly SecretRef[],
  world: World,
  onFailure: (secret: SecretRef, failure: TenantryError) => void,
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
        if (failure.code === 'SecretNotFound') missing.set(text, failure);
        else onFailure(secret, failure);
      }
    }),
  );
  return { versions, missing };
}

/** Notes the failure for every tenant that needs the secret. @throws it where failures are not kept apart */
function blameTenants(
  secret: SecretRef,
  failure: TenantryError,
  resources: readonly Resource[],
  failures: TenantFailures | undefined,
): void {
  if (!failures || isGeneral(failure)) throw failure;
  const text = formatSecretRef(secret);
  for (const resource of resources) {
    if (!versionedSecrets([resource]).some((needed) => formatSecretRef(needed) === text)) continue;
    if (resource.tenant === undefined) throw failure;
    noteFailure(failures.found, resource.tenant, failure);
  }
}

function throwFailures(failures: readonly TenantryError[]): void {
  const [first] = failures;
  if (!first) return;
  if (failures.length === 1) throw first;
  throw new ObservationError(failures, failures.map((failure) => failure.message).join('; '));
}
