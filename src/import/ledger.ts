/** Keeps account of every attribute of an input: mapped, a secret, ignored by a rule, or left out. Nothing is lost. */
import { looksLikeSecret } from '../spec/literal-secrets.ts';

export type Path = readonly (string | number)[];

/**
 * - `mapped`: it stands in a document;
 * - `secret`: it belongs into custody or into a reference, never into a document;
 * - `ignored`: it means nothing to Tenantry, by the rule that `reason` gives;
 * - `left`: a person has to look at it.
 */
export type Outcome = 'mapped' | 'secret' | 'ignored' | 'left';

/** What became of an attribute, with everything below it. Holds no value. */
export interface Entry {
  /** Place in the input, e.g. `airbyte_connection.this["acme"].prefix`. */
  readonly path: string;
  readonly outcome: Outcome;
  /** Where it is now, e.g. `acme-notion spec.sync.prefix`. */
  readonly to?: string;
  readonly reason?: string;
  /** What a person does about it. */
  readonly next?: string;
}

interface Told {
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly next?: string | undefined;
}

/** What is not set is nothing that could be lost. */
const NOT_SET = 'it is not set';

/** One object of the input, e.g. a resource of a Terraform state. */
export class Scope {
  readonly name: string;
  readonly #value: unknown;
  readonly #told = new Map<string, Entry>();

  constructor(name: string, value: unknown) {
    this.name = name;
    this.#value = value;
  }

  mapped(path: Path, to: string): void {
    this.#tell(path, 'mapped', { to });
  }

  secret(path: Path, told: Told): void {
    this.#tell(path, 'secret', told);
  }

  ignored(path: Path, reason: string): void {
    this.#tell(path, 'ignored', { reason });
  }

  left(path: Path, reason: string, next?: string): void {
    this.#tell(path, 'left', { reason, next });
  }

  /** True when the whole object was left out. */
  get isLeft(): boolean {
    return this.#told.get('[]')?.outcome === 'left';
  }

  /** Tells of everything else that it is left out, and gives the whole account. */
  close(reason: string): readonly Entry[] {
    return this.#close([], this.#value, reason);
  }

  /** The first word on an attribute stands: what was mapped cannot be left out afterwards. */
  #tell(path: Path, outcome: Outcome, { to, reason, next }: Told): void {
    const key = JSON.stringify(path);
    if (this.#told.has(key)) return;
    this.#told.set(key, {
      path: this.#text(path),
      outcome,
      ...(to === undefined ? {} : { to }),
      ...(reason === undefined ? {} : { reason }),
      ...(next === undefined ? {} : { next }),
    });
  }

  #close(path: Path, value: unknown, reason: string): Entry[] {
    const told = this.#told.get(JSON.stringify(path));
    if (told && !(told.outcome === 'secret' && isNotSet(value))) return [told];
    const below = childrenOf(value).map(([key, child]) => ({ path: [...path, key], child }));
    if (below.some((item) => this.#toldWithin(item.path))) {
      return below.flatMap((item) => this.#close(item.path, item.child, reason));
    }
    const isEmpty = isNotSet(value);
    return [
      {
        path: this.#text(path),
        outcome: isEmpty ? 'ignored' : 'left',
        reason: isEmpty ? NOT_SET : reason,
      },
    ];
  }

  #toldWithin(path: Path): boolean {
    const key = JSON.stringify(path);
    const below = `${key.slice(0, -1)},`;
    for (const told of this.#told.keys()) if (told === key || told.startsWith(below)) return true;
    return false;
  }

  #text(path: Path): string {
    return pathText(this.name, path);
  }
}

/** All objects of an input, in the order in which they were opened. */
export class Ledger {
  readonly #scopes: { readonly scope: Scope; readonly rest: string }[] = [];

  /** @param rest why what nothing is said of is left out */
  open(name: string, value: unknown, rest = 'Tenantry has no place for it'): Scope {
    const scope = new Scope(name, value);
    this.#scopes.push({ scope, rest });
    return scope;
  }

  entries(): readonly Entry[] {
    return this.#scopes.flatMap(({ scope, rest }) => scope.close(rest));
  }
}

/** A path as a report has it, behind the name of its object. */
export function pathText(name: string, path: Path): string {
  return path.reduce<string>(joined, name);
}

/** Keys and values of an object or list; none of anything else. */
export function childrenOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return [...value.entries()];
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** True for null, an empty text, list or object, and for what holds nothing else. */
export function isNotSet(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && childrenOf(value).every(([, child]) => isNotSet(child));
}

function joined(before: string, key: string | number): string {
  if (typeof key === 'number') return `${before}[${key}]`;
  // Who writes a token as a key shall not read it in a report.
  const name = looksLikeSecret(key) ? '(a key that looks like a secret)' : key;
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return before === '' ? name : `${before}.${name}`;
  return `${before}[${JSON.stringify(name)}]`;
}
