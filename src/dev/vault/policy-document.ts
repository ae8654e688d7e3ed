/** Turns the text of a policy into rules, and refuses what Vault refuses. */
import { type HclItem, type HclValue, parseHcl, parseHclJson } from './hcl.ts';
import { HclError } from './hcl-tokens.ts';
import { badRequest, multiError } from './request.ts';

const capabilities = ['create', 'read', 'update', 'delete', 'list', 'sudo', 'patch', 'deny'] as const;

export type Capability = (typeof capabilities)[number];

/** One `path` block. `path` has no leading slash and keeps its `*`. */
export interface PolicyRule {
  readonly path: string;
  /** Only `deny` where deny is among them. */
  readonly capabilities: ReadonlySet<Capability>;
}

/** Known to Vault; accepted only without effect, or refused, because they are not enforced here. */
const ignoredKeys = new Set(['comment']);
const unsupportedKeys = new Set([
  'allowed_parameters',
  'denied_parameters',
  'required_parameters',
  'min_wrapping_ttl',
  'max_wrapping_ttl',
  'mfa_methods',
  'control_group',
  'subscribe_event_types',
]);

/** The `policy = "write"` shorthands of old policies. */
const shorthands: Readonly<Record<string, readonly Capability[]>> = {
  deny: ['deny'],
  read: ['read', 'list'],
  write: ['create', 'read', 'update', 'delete', 'list'],
  sudo: ['create', 'read', 'update', 'delete', 'list', 'sudo'],
};

function refuse(message: string): Error {
  return badRequest(`failed to parse policy: ${message}`);
}

function isCapability(name: string): name is Capability {
  return (capabilities as readonly string[]).includes(name);
}

function capabilityList(path: string, item: HclItem): readonly Capability[] {
  if (item.value.kind !== 'list') {
    throw refuse(`path "${path}": At ${item.line}:${item.column}: unknown slice type: *ast.LiteralType`);
  }
  return item.value.items.map((entry) => {
    const name = entry.kind === 'string' ? entry.value : '';
    if (name === 'subscribe' || name === 'recover') {
      throw refuse(`path "${path}": the development Vault does not support the capability "${name}"`);
    }
    if (!isCapability(name)) throw refuse(`path "${path}": invalid capability "${name}"`);
    return name;
  });
}

function shorthand(path: string, value: HclValue): readonly Capability[] {
  const name = value.kind === 'string' ? value.value : '';
  const known = Object.hasOwn(shorthands, name) ? shorthands[name] : undefined;
  if (known === undefined) throw refuse(`path "${path}": invalid policy "${name}"`);
  return known;
}

function checkKeys(path: string, items: readonly HclItem[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    const key = item.keys[0] ?? '';
    if (seen.has(key)) {
      throw refuse(
        `The argument "${key}" at ${item.line}:${item.column} was already set. Each argument can only be defined once`,
      );
    }
    seen.add(key);
    if (key === 'capabilities' || key === 'policy' || ignoredKeys.has(key)) continue;
    if (unsupportedKeys.has(key)) {
      throw refuse(`path "${path}": the development Vault does not support ${key}`);
    }
    throw refuse(multiError(`path "${path}": invalid key "${key}" on line ${item.line}`));
  }
}

function grantedBy(path: string, item: HclItem): readonly Capability[] {
  if (item.keys[0] === 'policy') return shorthand(path, item.value);
  return item.keys[0] === 'capabilities' ? capabilityList(path, item) : [];
}

function rule(item: HclItem): PolicyRule {
  // Vault takes a block without a label as the path "path".
  const written = item.keys[1] ?? 'path';
  if (item.value.kind !== 'object') throw refuse(`path "${written}": expected an object`);
  if (written.includes('{{')) {
    throw refuse(`path "${written}": the development Vault does not support templated paths`);
  }
  checkKeys(written, item.value.items);
  const path = written.startsWith('/') ? written.slice(1) : written;
  if (path.includes('+*')) throw refuse(`path "${path}": invalid use of wildcards ('+*' is forbidden)`);
  const granted = new Set(item.value.items.flatMap((inner) => grantedBy(written, inner)));
  return { path, capabilities: granted.has('deny') ? new Set<Capability>(['deny']) : granted };
}

function parse(text: string): readonly HclItem[] {
  try {
    return text.trimStart().startsWith('{') ? parseHclJson(text) : parseHcl(text);
  } catch (error) {
    if (error instanceof HclError) throw refuse(error.message);
    throw error;
  }
}

/** The rules of a policy in HCL or JSON. Throws the 400 that Vault answers. */
export function parsePolicy(text: string): readonly PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const item of parse(text)) {
    const key = item.keys[0] ?? '';
    if (key === 'path') rules.push(rule(item));
    else if (key !== 'name') throw refuse(multiError(`invalid key "${key}" on line ${item.line}`));
  }
  return rules;
}
