/** Looks settings up in the document, then in the environment, and gathers everything that is missing or wrong. */
import { parseSecretRef, type SecretRef } from '../spec/secret-ref.ts';

export interface Lookup {
  /** Environment variable that counts when the document says nothing. */
  readonly variable?: string;
  /** Missing is a mistake. Default false. */
  readonly required?: boolean;
}

/** Stands where a required secret is missing; never read, because the problem is told first. */
export const NONE: SecretRef = { from: 'env', name: '' };

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The same object without the fields that are undefined. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Messages name fields and variables, never values: an address may hold a password. */
export class SettingsReader {
  readonly #env: NodeJS.ProcessEnv;
  readonly #problems: string[] = [];

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** Everything that is missing or wrong so far; each begins with the field, e.g. `spec.vault.address`. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  text(field: string, value: string | undefined, lookup: Lookup = {}): string | undefined {
    return this.#found(field, value, lookup)?.text;
  }

  url(field: string, value: string | undefined, lookup: Lookup): string | undefined {
    const found = this.#found(field, value, lookup);
    if (found === undefined) return undefined;
    if (!/^https?:\/\/[^\s/]+/.test(found.text) || !URL.canParse(found.text)) {
      this.problem(`${field}: ${found.place} must be an http:// or https:// URL`);
    }
    return found.text.replace(/\/+$/, '');
  }

  port(field: string, value: string | number | undefined, lookup: Lookup): number | undefined {
    const found = this.#found(field, value === undefined ? undefined : String(value), lookup);
    if (found === undefined) return undefined;
    const port = Number(found.text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      this.problem(`${field}: ${found.place} must be a port, 1 to 65535`);
    }
    return port;
  }

  oneOf<T extends string>(
    field: string,
    value: T | undefined,
    lookup: Lookup & { readonly allowed: readonly T[] },
  ): T | undefined {
    const found = this.#found(field, value, lookup);
    const allowed = lookup.allowed.find((each) => each === found?.text);
    if (found !== undefined && allowed === undefined) {
      this.problem(`${field}: ${found.place} must be one of ${lookup.allowed.join(', ')}`);
    }
    return allowed;
  }

  /** A secret stays a reference; one to the environment is checked to be there. */
  secret(field: string, value: string | undefined, lookup: Lookup): SecretRef | undefined {
    if (value !== undefined) {
      const ref = parseSecretRef(value);
      if (ref?.from === 'env' && !this.#env[ref.name]) this.#missing(field, ref.name);
      return ref;
    }
    const name = lookup.variable ?? '';
    if (this.#env[name]) return { from: 'env', name };
    if (lookup.required) this.#missing(field, name);
    return undefined;
  }

  /** A secret that Vault's own login needs, so it cannot be kept in Vault. */
  ownSecret(field: string, value: string | undefined, variable: string): SecretRef {
    const ref = this.secret(field, value, { variable, required: true }) ?? NONE;
    if (ref.from === 'vault')
      this.problem(`${field}: the login to Vault cannot be kept in Vault: use \${ENV:${variable}}`);
    return ref;
  }

  #found(
    field: string,
    value: string | undefined,
    lookup: Lookup,
  ): { text: string; place: string } | undefined {
    const named = /^\$\{ENV:(\w+)\}$/.exec(value ?? '')?.[1];
    if (value !== undefined && named === undefined) return { text: value, place: 'the value' };
    const variable = named ?? lookup.variable;
    const text = variable === undefined ? undefined : this.#env[variable];
    if (text) return { text, place: variable ?? '' };
    if (named !== undefined || lookup.required) this.#missing(field, variable ?? '');
    return undefined;
  }

  #missing(field: string, variable: string): void {
    this.problem(`${field} is not set (${variable})`);
  }
}
