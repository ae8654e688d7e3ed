/** What a kind of resource is: one flow (observe, diff, sync) that every driver uses. */
import type { AirbyteClient } from '../clients/airbyte.ts';
import type { PostgresClient } from '../clients/postgres.ts';
import type { Secrets } from '../clients/secrets.ts';
import type { VaultClient } from '../clients/vault.ts';
import type { TenantryError } from '../errors.ts';
import type { Mark, Owner } from './mark.ts';

export type BackendName = 'vault' | 'postgres' | 'airbyte';

/** The systems that a kind reads and writes, and in whose name it does. */
export interface World {
  readonly vault: VaultClient;
  readonly postgres: PostgresClient;
  readonly airbyte: AirbyteClient;
  readonly secrets: Secrets;
  /** Written into every mark; an object with another owner is not touched. */
  readonly owner: Owner;
  readonly signal?: AbortSignal | undefined;
}

/** One difference between what is wanted and what is there, as text for people. Never holds a secret. */
export interface Change {
  /** Field, e.g. `schedule`. */
  readonly path: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** What every observation tells, whatever the kind. */
export interface Observed {
  /** The ownership mark, or undefined when the object has none. */
  readonly mark?: Mark | undefined;
  /** True when `retire` was done and nothing is left to do while the documents do not name it. */
  readonly retired?: boolean;
}

/** What the caller believes to know from earlier. Every hint is checked; a wrong one costs a call and nothing else. */
export interface Hints {
  /** Airbyte's workspaces by tenant. */
  readonly workspaceIds: ReadonlyMap<string, string>;
}

/** Keeps apart what failed for one tenant alone. */
export interface TenantFailures {
  /** Milliseconds after which one kind's look at one tenant counts as failed. */
  readonly timeoutMs: number;
  /**
   * Milliseconds that a look at one tenant may still take when those at all others have ended, or as long again as they
   * took, if that is more. Undefined: until `timeoutMs`.
   */
  readonly lateMs?: number | undefined;
  /** Takes the tenants that were only cut short for that. */
  readonly late?: Set<string> | undefined;
  /** By tenant, the first failure. */
  readonly found: Map<string, TenantryError>;
}

/** What a bulk observation is asked for. */
export interface Scope {
  /** Tenants that the documents name. */
  readonly tenants: ReadonlySet<string>;
  /** Only these tenants are looked at; undefined means every tenant that can be found. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Resolved inputs of the graph's resources of this kind whose key is known. */
  readonly wanted: readonly unknown[];
  /** Look only at what the documents name where looking for more costs a call per tenant: orphans may go unseen. */
  readonly light?: boolean | undefined;
  readonly hints?: Hints | undefined;
  /** Where a failure goes that concerns one tenant alone. Absent: any failure ends the observation. */
  readonly failures?: TenantFailures | undefined;
  /** The claims on the scope's tenants, by tenant: what the objects of kinds without marks stand behind. */
  claims?(): Promise<ReadonlyMap<string, Observed>>;
  /** What the kind airbyte:workspace found in this scope: where the tenants' objects in Airbyte are. */
  workspaces?(): Promise<ReadonlyMap<string, Observed>>;
}

/**
 * How a kind proves that an object is ours:
 * - `mark`: the object itself carries a mark;
 * - `claim`: it cannot carry one, and the claim on its tenant speaks for it;
 * - `shared`: it belongs to the whole installation (a mount): used as it is, never changed by prune.
 */
export type Ownership = 'mark' | 'claim' | 'shared';

/** From one driver instance to another. */
export interface Move {
  readonly from: Owner;
  readonly to: Owner;
}

/** One kind of resource. `I` is what is wanted, `O` what is observed and what others may refer to. */
export interface Kind<I = unknown, O extends Observed = Observed> {
  readonly type: string;
  readonly backend: BackendName;
  readonly ownership: Ownership;
  /**
   * Set when removing it loses data of a tenant: then it goes only with the document named here, as that document's
   * deletion policy says.
   */
  readonly holdsData: false | 'tenant' | 'integration';
  /** True when an object without a mark may be taken over without being asked (a place meant to be filled by hand). */
  readonly takesUnmarked?: boolean;
  /** Names the object among its kind; the same for inputs and for what a bulk observation found. */
  key(inputs: I): string;
  /** What is there now, or undefined. */
  observe(inputs: I, world: World): Promise<O | undefined>;
  /** Everything of this kind in the scope, by key, in a few calls. */
  observeAll(world: World, scope: Scope): Promise<Map<string, O>>;
  /** Differences; empty means nothing to do. Pure. */
  diff(inputs: I, observed: O | undefined): readonly Change[];
  /** Why an object of ours can never become what is wanted, if it cannot; a person has to decide then. Pure. */
  unfit?(inputs: I, observed: O): TenantryError | undefined;
  /** Why nothing may be made where nothing was found, if so; `sync` then throws the same. Pure. */
  unmakeable?(inputs: I): TenantryError | undefined;
  /** Creates or updates; may be repeated after any failure. */
  sync(inputs: I, observed: O | undefined, world: World): Promise<O>;
  /** Removes; not found is success. `key` is that of the observation. */
  remove(key: string, observed: O, world: World): Promise<void>;
  /** Makes a retained object harmless (e.g. NOLOGIN) instead of removing it. */
  retire?(key: string, observed: O, world: World): Promise<void>;
  /**
   * Writes another owner into the object's mark and changes nothing else of it; may be repeated after any failure.
   * Kinds without it have no mark of their own.
   */
  handOver?(key: string, observed: O, move: Move, world: World): Promise<void>;
  /** The tenant that an observed object of a kind without marks belongs to. */
  tenantOf?(key: string): string | undefined;
}

/** Declares a kind with its types checked, and hands it on without them, as the registry keeps it. */
export function kind<I, O extends Observed>(definition: Kind<I, O>): Kind<I, O> {
  return definition;
}

/** A change from one text to another, or none. */
export function changed(path: string, before: unknown, after: unknown): readonly Change[] {
  const [from, to] = [asText(before), asText(after)];
  return from === to ? [] : [{ path, before: from, after: to }];
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
