/**
 * Decides which rule counts for a path, as Vault's policy page says under "Priority matching"
 * (developer.hashicorp.com/vault/docs/concepts/policies).
 */
import type { Capability, PolicyRule } from './policy-document.ts';
import type { Operation } from './request.ts';

type Capabilities = ReadonlySet<Capability>;

interface WildcardRule {
  /** The path without its trailing glob. */
  readonly text: string;
  readonly segments: readonly string[];
  readonly isPrefix: boolean;
  /** Where the first `+` or the glob is. */
  readonly firstWildcard: number;
  /** How many segments are `+`. */
  readonly plusSegments: number;
  readonly capabilities: Capabilities;
}

/** The compiled policies of a token. */
export interface Acl {
  /** Capabilities on the path; undefined where no rule matches. */
  readonly capabilities: (path: string, isList: boolean) => Capabilities | undefined;
}

function hasSegmentWildcard(path: string): boolean {
  return path === '+' || path.includes('/+') || path.startsWith('+/');
}

/** The same path in two policies: the union, unless one of them denies. */
function merge(into: Map<string, Capabilities>, key: string, added: Capabilities): void {
  const before = into.get(key);
  if (before === undefined) into.set(key, added);
  else if (before.has('deny') || added.has('deny')) into.set(key, new Set<Capability>(['deny']));
  else into.set(key, before.union(added));
}

function wildcardRule(path: string, granted: Capabilities): WildcardRule {
  const isPrefix = path.endsWith('*');
  const text = isPrefix ? path.slice(0, -1) : path;
  const segments = text.split('/');
  const plus = hasSegmentWildcard(path) ? path.indexOf('+') : -1;
  return {
    text,
    segments,
    isPrefix,
    firstWildcard: plus >= 0 ? plus : text.length,
    plusSegments: segments.filter((segment) => segment === '+').length,
    capabilities: granted,
  };
}

function matches(rule: WildcardRule, path: string, segments: readonly string[]): boolean {
  if (rule.plusSegments === 0) return rule.isPrefix ? path.startsWith(rule.text) : path === rule.text;
  const count = rule.segments.length;
  if (rule.isPrefix ? segments.length < count : segments.length !== count) return false;
  return rule.segments.every((wanted, index) => {
    const found = segments[index] ?? '';
    if (wanted === '+' || wanted === found) return true;
    return rule.isPrefix && index === count - 1 && found.startsWith(wanted);
  });
}

/** Positive when `a` has priority over `b`. */
function compare(a: WildcardRule, b: WildcardRule): number {
  if (a.firstWildcard !== b.firstWildcard) return a.firstWildcard - b.firstWildcard;
  if (a.isPrefix !== b.isPrefix) return a.isPrefix ? -1 : 1;
  if (a.plusSegments !== b.plusSegments) return b.plusSegments - a.plusSegments;
  if (a.text.length !== b.text.length) return a.text.length - b.text.length;
  return a.text < b.text ? -1 : 1;
}

/** Compiles the rules of all policies of a token. */
export function compileAcl(rules: Iterable<PolicyRule>): Acl {
  const exact = new Map<string, Capabilities>();
  const wild = new Map<string, Capabilities>();
  for (const rule of rules) {
    const isWild = rule.path.endsWith('*') || hasSegmentWildcard(rule.path);
    merge(isWild ? wild : exact, rule.path, rule.capabilities);
  }
  // Highest priority first: the first that matches counts.
  const ordered = [...wild]
    .map(([path, granted]) => wildcardRule(path, granted))
    .sort((a, b) => compare(b, a));

  function byWildcard(path: string): Capabilities | undefined {
    const segments = path.split('/');
    return ordered.find((rule) => matches(rule, path, segments))?.capabilities;
  }

  return {
    capabilities(path, isList) {
      if (!isList) return exact.get(path) ?? byWildcard(path);
      // A rule on the folder without its trailing slash covers listing it.
      const bare = path.endsWith('/') ? path.slice(0, -1) : path;
      return (
        exact.get(path) ??
        exact.get(bare) ??
        (bare === path ? undefined : byWildcard(bare)) ??
        byWildcard(path)
      );
    },
  };
}

/** May the operation be done with these capabilities? */
export function allows(granted: Capabilities | undefined, operation: Operation): boolean {
  return granted !== undefined && !granted.has('deny') && granted.has(operation);
}
