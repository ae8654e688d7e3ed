/** The configuration of a source that exists, as spec.config of its catalog entry; secrets go to custody instead. */
import { isDeepStrictEqual } from 'node:util';
import { checkValue } from '../catalog/check-config.ts';
import type { CatalogEntry } from '../catalog/entry.ts';
import { type Placeholder, parsePlaceholder } from '../catalog/placeholder.ts';
import { credentialFields } from '../catalog/source-configuration.ts';
import { isSecretField } from '../credentials/store.ts';
import { findLiteralSecrets, looksLikeSecret } from '../spec/literal-secrets.ts';
import { parseSecretRef } from '../spec/secret-ref.ts';
import type { FoundCredential } from './draft.ts';
import { isObject } from './json.ts';
import { childrenOf, isNotSet, type Path, type Scope } from './ledger.ts';

export interface Configured {
  readonly entry: CatalogEntry;
  readonly tenant: string;
  /** Document of the integration, for the account. */
  readonly document: string;
  readonly scope: Scope;
  /** Mount of KV v2. */
  readonly kvMount: string;
  /** Path of the configuration inside the scope. */
  readonly base: Path;
  isSensitive(path: Path): boolean;
}

export interface ConfigurationFound {
  readonly config: Record<string, unknown>;
  readonly credentials: readonly FoundCredential[];
}

/** Airbyte's mask of a secret that it reads back. */
const MASK = /^\*+$/;

const SECRET_NAME = /token|secret|password|passwd|passphrase|api_?key|private_?key|access_?key|credential$/i;

/** Names under which connectors keep the two parts of an OAuth app. */
const APP = /^client_(id|secret)$/;

export function mapConfiguration(found: unknown, context: Configured): ConfigurationFound {
  const mapping = new Mapping(context);
  mapping.template(context.entry.airbyte?.configuration, found, context.base);
  mapping.rest(found, context.base);
  return mapping;
}

class Mapping implements ConfigurationFound {
  readonly config: Record<string, unknown> = {};
  readonly credentials: FoundCredential[] = [];
  readonly #context: Configured;
  /** Paths that the template spoke for. */
  readonly #seen = new Set<string>();

  constructor(context: Configured) {
    this.#context = context;
  }

  /** Walks the entry's template beside what was found. */
  template(template: unknown, found: unknown, path: Path): void {
    if (typeof template === 'string') {
      this.#seen.add(JSON.stringify(path));
      const placeholder = parsePlaceholder(template);
      if (typeof placeholder === 'object') this.#placeholder(placeholder, found, path);
      else this.#fixed(template, found, path);
      return;
    }
    if (!isObject(template)) {
      if (template !== undefined) this.#fixed(template, found, path);
      return;
    }
    for (const [key, child] of Object.entries(template)) {
      const place = locate(found, key, path);
      if (place) this.template(child, place.value, place.path);
    }
  }

  /** Secrets that the template has no place for, wherever they stand. */
  rest(found: unknown, path: Path): void {
    if (isNotSet(found) || this.#seen.has(JSON.stringify(path))) return;
    const children = childrenOf(found);
    if (children.length > 0) {
      for (const [key, child] of children) this.rest(child, [...path, key]);
      return;
    }
    const name = String(path.findLast((part) => typeof part === 'string') ?? '');
    if (APP.test(name)) this.#app(path);
    else if (this.#isSecret(name, found, path)) this.#credential(this.#fieldOf(name), found, path);
  }

  #placeholder(placeholder: Placeholder, found: unknown, path: Path): void {
    if (isNotSet(found)) return;
    if (placeholder.from === 'app') this.#app(path);
    else if (placeholder.from === 'credential') {
      const value = typeof found === 'string' ? found : undefined;
      const bare = value?.startsWith(placeholder.prefix) ? value.slice(placeholder.prefix.length) : value;
      this.#credential(placeholder.field, bare, path);
    } else this.#setting(placeholder.field, found, path);
  }

  #fixed(template: unknown, found: unknown, path: Path): void {
    const { scope, entry } = this.#context;
    if (isDeepStrictEqual(template, found))
      scope.ignored(path, `the catalog entry ${entry.id} says the same`);
    else if (!isNotSet(found) && !this.#isSecret('', found, path)) {
      scope.left(path, `the catalog entry ${entry.id} fixes this, to another value`, PRIVATE_ENTRY);
    }
  }

  #setting(field: string, found: unknown, path: Path): void {
    const { entry, scope, document } = this.#context;
    const setting = entry.airbyte?.config[field];
    if (!setting) return;
    if (setting.secret) {
      this.config[field] = this.#reference(field, found, path);
      return;
    }
    if (findLiteralSecrets(found).length > 0) {
      scope.secret(path, { reason: 'it looks like a live secret, and this setting is none', next: LOOK });
      return;
    }
    const [problem] = checkValue(setting, found, []);
    if (problem) {
      scope.left(
        path,
        `spec.config.${field} ${problem.message}`,
        `write spec.config.${field} of ${document} by hand`,
      );
      return;
    }
    this.config[field] = found;
    scope.mapped(path, `${document} spec.config.${field}`);
  }

  /** The reference of a secret setting: the one that stands there, else the place in custody. */
  #reference(field: string, found: unknown, path: Path): string {
    const { tenant, entry, kvMount, scope, document } = this.#context;
    if (typeof found === 'string' && parseSecretRef(found)) {
      scope.mapped(path, `${document} spec.config.${field}`);
      return found;
    }
    this.#credential(field, found, path);
    return `\${VAULT:${kvMount}/data/${tenant}/${entry.id}:${field}}`;
  }

  #credential(field: string, found: unknown, path: Path): void {
    const { tenant, entry, scope } = this.#context;
    const value = typeof found === 'string' && found !== '' && !MASK.test(found) ? found : undefined;
    scope.secret(path, {
      to: `custody ${tenant}/${entry.id} ${field}`,
      reason: 'what belongs to a credential never stands in a document',
      next: storeCommand(tenant, entry.id, field),
    });
    const where = `${scope.name} ${path.join('.')}`;
    this.credentials.push({ tenant, integration: entry.id, field, path: where, value });
  }

  /** The field of the credential that a secret of this name is, by the names that custody and the entry know. */
  #fieldOf(name: string): string {
    const { entry } = this.#context;
    const fields = credentialFields(entry);
    const isKnown = fields.includes(name) || entry.airbyte?.config[name]?.secret === true;
    if (isKnown || name === 'refresh_token') return name;
    return fields.includes('access_token') || !isSecretField(name) ? 'access_token' : name;
  }

  #app(path: Path): void {
    const { entry, scope } = this.#context;
    scope.secret(path, {
      reason: 'it belongs to the OAuth app',
      next: `set spec.apps.${entry.id} in platform.yaml (clientId, and clientSecret as a reference)`,
    });
  }

  #isSecret(name: string, found: unknown, path: Path): boolean {
    if (typeof found !== 'string') return false;
    if (parseSecretRef(found)) return false;
    return (
      looksLikeSecret(found) || MASK.test(found) || SECRET_NAME.test(name) || this.#context.isSensitive(path)
    );
  }
}

const PRIVATE_ENTRY = 'a private catalog entry of the stack can say otherwise; see docs/catalog.md';
const LOOK = 'look at the setting, and rotate the secret';

/** The command that takes a field into custody. */
export function storeCommand(tenant: string, integration: string, field: string): string {
  const command = `tenantry credentials set ${tenant} ${integration}`;
  if (field === 'access_token') return `\`${command}\``;
  return isSecretField(field)
    ? `\`${command} --secret ${field}\``
    : `\`${command} --field ${field}=<value>\``;
}

interface Place {
  readonly value: unknown;
  readonly path: Path;
}

/**
 * A member, or the same member one step deeper where the object has a single member that is set: Terraform's typed
 * resources wrap each variant of a choice in an object of its own (`credentials.access_token.token`).
 */
function locate(found: unknown, key: string, path: Path): Place | undefined {
  if (!isObject(found)) return undefined;
  if (Object.hasOwn(found, key) && !isObject(found[key])) return { value: found[key], path: [...path, key] };
  const [variant, ...others] = Object.entries(found).filter(([, value]) => !isNotSet(value));
  if (variant && others.length === 0) {
    const [name, inner] = variant;
    if (isObject(inner) && Object.hasOwn(inner, key))
      return { value: inner[key], path: [...path, name, key] };
  }
  return Object.hasOwn(found, key) ? { value: found[key], path: [...path, key] } : undefined;
}
