/** One reading of all objects: which Tenant each belongs to, what is wrong with it, and what is left. */
import type { Problem } from '../../errors.ts';
import type { Precedence } from '../../spec/collisions.ts';
import type { Loaded } from '../../spec/documents.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import { byName } from '../../spec/load.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import {
  type AnyObject,
  type IntegrationObject,
  objectKeyOf,
  type TenantObject,
  tenantKeyOf,
  tenantOf,
} from '../objects.ts';
import type { StatusReason } from '../status/reasons.ts';
import { byAge } from './age.ts';
import { type Parsed, parseIntegration, parseTenant } from './parse.ts';
import { forbiddenReach } from './reach.ts';
import type { ReadInput, ReadResult, UnitDocuments } from './read.ts';
import { settle } from './settle.ts';

interface Unit {
  tenant?: Loaded<TenantDocument>;
  readonly integrations: Loaded<IntegrationDocument>[];
  readonly leaving: Loaded<IntegrationDocument>[];
  held: boolean;
  refused: boolean;
}

type State = { readonly reason: StatusReason; readonly message: string };

export class Reading {
  readonly #input: ReadInput;
  readonly #units = new Map<string, Unit>();
  readonly #problems = new Map<string, readonly Problem[]>();
  readonly #states = new Map<string, State>();
  readonly #held = new Map<string, AnyObject[]>();
  readonly #objects = new Map<object, AnyObject>();
  /** The Tenant of each name: of several the oldest, valid or not, also while it is being deleted. */
  readonly #keepers = new Map<string, TenantObject>();
  /** `namespace/name` of the others. */
  readonly #losers = new Set<string>();
  /** Valid by themselves, and the remnants of the others: the oldest first. */
  readonly #tenants: Loaded<TenantDocument>[] = [];
  readonly #integrations: Loaded<IntegrationDocument>[] = [];

  constructor(input: ReadInput) {
    this.#input = input;
  }

  /** Reads each object by itself and finds out which Tenant it belongs to. */
  choose(): void {
    for (const object of byAge(this.#input.tenants)) this.#addTenant(object);
    for (const object of byAge(this.#input.integrations)) this.#addIntegration(object);
  }

  #addTenant(object: TenantObject): void {
    const { name, namespace } = object.metadata;
    const unit = this.#unit(`${namespace}/${name}`);
    const keeper = this.#keepers.get(name);
    if (keeper !== undefined) {
      if (isLeaving(object)) return;
      this.#losers.add(`${namespace}/${name}`);
      const message = `the Tenant "${name}" is given already in the namespace "${keeper.metadata.namespace}"`;
      this.#refuse(object, [{ message, path: 'metadata.name' }], unit);
      return;
    }
    this.#keepers.set(name, object);
    const parsed = parseTenant(object, this.#input.cache);
    this.#take(object, parsed, this.#tenants);
    const problems = this.#problemsOf(parsed);
    if (problems.length > 0) this.#refuse(object, problems, unit);
    // To take away what a document stands for, what is certain of it is enough.
    const readable = isLeaving(object) ? (parsed.document ?? parsed.remnant) : parsed.document;
    const isRefused = problems.length > 0 && !isLeaving(object);
    if (readable !== undefined && !isRefused) unit.tenant = readable;
  }

  /** Of the document by itself, and of what this Platform lets it reach. */
  #problemsOf(parsed: Parsed<TenantDocument | IntegrationDocument>): readonly Problem[] {
    const { document, problems, references } = parsed;
    if (document === undefined) return problems;
    const { kvMount, catalog, platform } = this.#input;
    return forbiddenReach(document, references, { kvMount, catalog, operator: platform.spec.operator });
  }

  #addIntegration(object: IntegrationObject): void {
    const { namespace } = object.metadata;
    const parsed = parseIntegration(object, this.#input.cache);
    const tenant = tenantOf(object);
    const unit = this.#unit(`${namespace}/${tenant}`);
    if (isLeaving(object)) {
      const known = this.#input.catalog.has(String(object.spec?.['integration']));
      const readable = known ? (parsed.document ?? parsed.remnant) : undefined;
      if (readable !== undefined) {
        unit.leaving.push(readable);
        this.#objects.set(readable, object);
      }
      return;
    }
    const problems = this.#problemsOf(parsed);
    if (problems.length > 0) this.#refuse(object, problems, unit);
    const keeper = this.#keepers.get(tenant);
    if (keeper?.metadata.namespace === namespace) this.#take(object, parsed, this.#integrations);
    else if (problems.length === 0) {
      const lost = this.#losers.has(`${namespace}/${tenant}`);
      this.#states.set(objectKeyOf(object), lost ? notReady(tenant) : notFound(object, tenant, keeper));
      this.#hold(object, unit);
    }
  }

  #take<D extends object>(object: AnyObject, parsed: Parsed<D>, into: Loaded<D>[]): void {
    const taken = parsed.document ?? parsed.remnant;
    if (taken === undefined) return;
    into.push(taken);
    this.#objects.set(taken, object);
  }

  /** Checks the documents together, and keeps what is valid. */
  settle(): void {
    const [tenants, integrations] = [this.#tenants, this.#integrations];
    const { catalog, platform, makesSources = true } = this.#input;
    const precedence = this.#precedence();
    const mistakes = settle({ tenants, integrations, catalog, platform, makesSources, precedence });
    for (const [document, problems] of mistakes) {
      const object = this.#objects.get(document);
      if (object === undefined) continue;
      const unit = this.#unit(tenantKeyOf(object));
      const own = this.#problems.get(objectKeyOf(object)) ?? [];
      // What is wrong with a field by itself says it better than what follows from it.
      const paths = new Set(own.map(({ path }) => path));
      this.#refuse(object, [...own, ...problems.filter(({ path }) => !paths.has(path))], unit);
      if (unit.tenant === document && !isLeaving(object)) delete unit.tenant;
    }
    for (const document of integrations) this.#settleIntegration(document);
  }

  #settleIntegration(document: Loaded<IntegrationDocument>): void {
    const object = this.#objects.get(document);
    if (object === undefined || this.#problems.has(objectKeyOf(object))) return;
    const unit = this.#unit(tenantKeyOf(object));
    if (unit.tenant !== undefined && !unit.refused) {
      unit.integrations.push(document);
      return;
    }
    this.#states.set(objectKeyOf(object), notReady(document.spec.tenant));
    this.#hold(object, unit);
  }

  /** Who was given a schema keeps it; of those that were not, the older one. */
  #precedence(): Precedence {
    let age: Map<AnyObject, number> | undefined;
    return (document, schema) => {
      const object = this.#objects.get(document);
      if (object === undefined) return Number.POSITIVE_INFINITY;
      // Nobody asks where no two want the same.
      age ??= new Map(byAge([...this.#objects.values()]).map((each, index) => [each, index]));
      const had = object.kind === 'Tenant' ? object.status?.schema : object.status?.namespace;
      return (age.get(object) ?? 0) + (had === schema ? 0 : age.size);
    };
  }

  /** One that is being deleted is nobody's to correct, but nothing is made of it either. */
  #refuse(object: AnyObject, problems: readonly Problem[], unit: Unit): void {
    if (isLeaving(object)) {
      unit.refused = true;
      return;
    }
    if (!this.#problems.has(objectKeyOf(object))) this.#hold(object, unit);
    this.#problems.set(objectKeyOf(object), problems);
  }

  /** A Tenant of the same name in another namespace is not held: its documents are valid. */
  #hold(object: AnyObject, unit: Unit): void {
    unit.held = true;
    const tenant = tenantOf(object);
    const keeper = this.#keepers.get(tenant);
    if (keeper !== undefined && keeper.metadata.namespace !== object.metadata.namespace) return;
    const known = this.#held.get(tenant);
    if (known) known.push(object);
    else this.#held.set(tenant, [object]);
  }

  #unit(key: string): Unit {
    const known = this.#units.get(key);
    if (known) return known;
    const unit: Unit = { integrations: [], leaving: [], held: false, refused: false };
    this.#units.set(key, unit);
    return unit;
  }

  result(): ReadResult {
    const { tenants, integrations, platform } = this.#input;
    const units = [...this.#units.values()];
    const staying = units.filter(({ tenant }) => tenant && !isLeaving(this.#objects.get(tenant)));
    return {
      documents: {
        platform,
        tenants: byName(staying.flatMap(({ tenant }) => tenant ?? [])),
        integrations: byName(staying.flatMap((unit) => unit.integrations)),
      },
      units: this.#units as ReadonlyMap<string, UnitDocuments & Unit>,
      problems: this.#problems,
      states: this.#states,
      held: this.#held,
      deleting: [...tenants, ...integrations].filter(isLeaving),
      objectOf: (document) => this.#objects.get(document),
    };
  }
}

function isLeaving(object: AnyObject | undefined): boolean {
  return object?.metadata.deletionTimestamp !== undefined;
}

function notReady(tenant: string): State {
  return { reason: 'TenantNotReady', message: `the Tenant "${tenant}" is not valid; see its status` };
}

function notFound({ metadata }: IntegrationObject, tenant: string, keeper: TenantObject | undefined): State {
  const here = `there is no Tenant "${tenant}" in the namespace "${metadata.namespace}"`;
  const there = keeper?.metadata.namespace;
  const more =
    there === undefined
      ? ''
      : `; the one in the namespace "${there}" is another's: both must be in one namespace`;
  return { reason: 'TenantNotFound', message: `${here}${more}` };
}
