/** The stored policies, and the compiled rules of each set of policies a token can have. */

import { type PolicyRule, parsePolicy } from './policy-document.ts';
import { type Acl, compileAcl } from './policy-match.ts';
import { badRequest } from './request.ts';
import type { Storage } from './storage.ts';

/** What every token may do unless it asks not to have the policy `default`. */
const defaultPolicy = `# A token may look at itself, renew and revoke itself.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }

# A token may ask what it is allowed to do.
path "sys/capabilities-self" { capabilities = ["update"] }
`;

/** Policies by name (lower case). `root` has no text and allows everything. */
export class PolicyStore {
  readonly #storage: Storage;
  readonly #rules = new Map<string, readonly PolicyRule[]>();
  readonly #compiled = new Map<string, Acl>();

  constructor(storage: Storage) {
    this.#storage = storage;
    const { policies } = storage.state;
    if (!policies.has('default')) policies.set('default', defaultPolicy);
    for (const [name, text] of policies) this.#rules.set(name, parsePolicy(text));
  }

  names(): string[] {
    return [...this.#storage.state.policies.keys(), 'root'].sort();
  }

  has(name: string): boolean {
    return name === 'root' || this.#rules.has(name);
  }

  /** Text as it was written. */
  get(name: string): string | undefined {
    return name === 'root' ? '' : this.#storage.state.policies.get(name);
  }

  /** Throws the 400 of a policy that is not valid. */
  set(name: string, text: string): void {
    if (name === 'root') throw badRequest('cannot update "root" policy');
    this.#rules.set(name, parsePolicy(text));
    this.#storage.state.policies.set(name, text);
    this.#changed();
  }

  delete(name: string): void {
    if (name === 'root') throw badRequest('cannot delete "root" policy');
    if (name === 'default') throw badRequest('cannot delete default policy');
    this.#rules.delete(name);
    this.#storage.state.policies.delete(name);
    this.#changed();
  }

  /** `root` where the policies allow everything. */
  acl(names: readonly string[]): Acl | 'root' {
    if (names.includes('root')) return 'root';
    const key = names.join(',');
    let acl = this.#compiled.get(key);
    if (acl === undefined) {
      acl = compileAcl(names.flatMap((name) => this.#rules.get(name) ?? []));
      this.#compiled.set(key, acl);
    }
    return acl;
  }

  /** Capabilities as sys/capabilities prints them: sorted, `deny` for none. */
  capabilities(names: readonly string[], path: string): string[] {
    const acl = this.acl(names);
    if (acl === 'root') return ['root'];
    const granted = [...(acl.capabilities(path, true) ?? [])].sort();
    return granted.length === 0 || granted.includes('deny') ? ['deny'] : granted;
  }

  #changed(): void {
    this.#compiled.clear();
    this.#storage.changed();
  }
}
