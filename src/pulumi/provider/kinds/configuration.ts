/** Configurations of sources and destinations as inputs: what drifted, and what an import can know of them. */
import { type Configuration, isSecretLeaf } from '../../../resources/airbyte/configuration.ts';
import { withReferenceTexts, withSecretLeaves } from '../reference-text.ts';

type Plain = Readonly<Record<string, unknown>>;

/**
 * The wanted configuration with the values that Airbyte has. A secret reads back masked, so its reference stays for as
 * long as something is there. What only Airbyte has (its own defaults) is left out, unless it must not be there.
 */
export function driftedConfiguration(
  wanted: Plain,
  found: unknown,
  absent: readonly (readonly string[])[] = [],
): Plain {
  let drifted = drift(withSecretLeaves(wanted), found) as Plain;
  for (const path of absent) drifted = withValueAt(drifted, path, valueAt(found, path));
  return drifted;
}

function drift(wanted: Configuration, found: unknown): unknown {
  if (isSecretLeaf(wanted)) return found === undefined ? undefined : withReferenceTexts(wanted);
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return found;
    return wanted.map((item, index) => drift(item, found[index]));
  }
  if (wanted === null || typeof wanted !== 'object') return found;
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return found;
  const entries = Object.entries(wanted as Record<string, Configuration>).map(([key, item]) => [
    key,
    drift(item, (found as Record<string, unknown>)[key]),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function valueAt(found: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], found);
}

function withValueAt(node: Plain, [key = '', ...rest]: readonly string[], value: unknown): Plain {
  if (value === undefined) return node;
  const inner = node[key];
  const nested = typeof inner === 'object' && inner !== null ? (inner as Plain) : {};
  return { ...node, [key]: rest.length === 0 ? value : withValueAt(nested, rest, value) };
}

/** What Airbyte says in the place of a secret. */
const MASK = /^\*{5,}$/;

/** The configuration without masked secrets: nobody can know them, and sending the mask as a value would be wrong. */
export function unmaskedConfiguration(found: unknown): unknown {
  if (typeof found === 'string') return MASK.test(found) ? undefined : found;
  if (Array.isArray(found)) return found.map((item) => unmaskedConfiguration(item) ?? null);
  if (typeof found !== 'object' || found === null) return found;
  const entries = Object.entries(found).map(([key, value]) => [key, unmaskedConfiguration(value)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
