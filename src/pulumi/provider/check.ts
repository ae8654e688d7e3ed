/** Checks inputs before anything is planned: by the type's schema, property by property, as far as they are known. */
import type { z } from 'zod';
import { findLiteralSecrets } from '../../spec/literal-secrets.ts';
import { SECRET_HOW } from '../../spec/secret-ref.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { formatPath, issuesToProblems } from '../../spec/validate.ts';
import { hasUnknown, type Properties, UNKNOWN } from './wire.ts';

/** One mistake, at the path of the property. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  /** The given properties with the defaults of those that are absent. */
  readonly inputs: Properties;
  readonly failures: readonly Failure[];
}

type ObjectSchema = z.ZodObject<z.ZodRawShape, z.core.$strict>;

export function checkInputs(schema: ObjectSchema, given: Properties): Checked {
  const inputs: Record<string, unknown> = {};
  const failures = unknownProperties(schema, given);
  for (const [key, property] of Object.entries(schema.shape)) {
    const value = given[key] ?? undefined;
    if (value === UNKNOWN) {
      inputs[key] = value;
      continue;
    }
    const result = (property as z.ZodType).safeParse(value);
    if (result.success) inputs[key] = hasUnknown(value) ? value : result.data;
    else {
      failures.push(...failuresOf(schema, given, { key, value, issues: result.error.issues }));
      inputs[key] = value;
    }
  }
  failures.push(...literalSecrets(given));
  const known = Object.entries(inputs).filter(([, value]) => value !== undefined);
  return { inputs: Object.fromEntries(known), failures };
}

function unknownProperties(schema: ObjectSchema, given: Properties): Failure[] {
  const allowed = Object.keys(schema.shape);
  return Object.keys(given)
    .filter((key) => !allowed.includes(key) && !key.startsWith('__'))
    .map((key) => {
      const meant = didYouMean(key, allowed);
      return {
        property: formatPath([key]),
        reason: `unknown property${meant}${meant ? ' Allowed' : '; allowed'} here: ${allowed.join(', ')}`,
      };
    });
}

/** What is known only later cannot be wrong yet. */
function failuresOf(
  schema: ObjectSchema,
  given: Properties,
  { key, value, issues }: { key: string; value: unknown; issues: readonly z.core.$ZodIssue[] },
): Failure[] {
  const known = issues
    .filter(({ path }) => !isUnknownAt(value, path))
    .map((issue) => ({ ...issue, path: [key, ...issue.path] }));
  const document = { file: '', value: given, position: () => ({ line: 0, column: 0 }) };
  return issuesToProblems(known, document as unknown as Parameters<typeof issuesToProblems>[1], schema).map(
    ({ path, message }) => ({ property: path ?? key, reason: message }),
  );
}

function isUnknownAt(value: unknown, path: readonly PropertyKey[]): boolean {
  let node = value;
  for (const segment of path) {
    if (node === UNKNOWN) return true;
    node = (node as Record<PropertyKey, unknown> | undefined)?.[segment];
  }
  return node === UNKNOWN;
}

/** As in the documents: a live token in clear is refused wherever it stands. */
function literalSecrets(given: Properties): Failure[] {
  return findLiteralSecrets(given).map(({ path, kind }) => ({
    property: formatPath(path as (string | number)[]),
    reason: `this looks like ${kind}, in clear; ${SECRET_HOW}`,
  }));
}
