/** Fields that several kinds of documents share. */
import { z } from 'zod';
import { documentName } from './names.ts';

/** Version of the documents' format; also group and version of the custom resources. */
export const API_VERSION = 'tenantry.dev/v1alpha1';

export const apiVersion = z.literal(API_VERSION).describe('Version of the format.');

/** A rule that the API server checks (Common Expression Language), where a schema cannot say it. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /**
   * The value may be a secret. The API server repeats the value of a text that breaks its own rule, but not that of a
   * mapping: so this rule, a single `self.matches`, goes to the mapping around the field.
   */
  readonly withheld?: boolean;
}

/** For the meta of a field that keeps its first value. Only the API server sees the value before, so only it can refuse the change. */
export const immutable: { readonly cel: readonly CelRule[] } = {
  cel: [{ rule: 'self == oldSelf', message: 'cannot be changed; make a new document instead' }],
};

/** Key of a label or annotation (Kubernetes, "Labels and Selectors": an optional DNS prefix, then a name). */
const qualifiedName = z
  .string()
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
    {
      error:
        'must be a Kubernetes label key: letters, digits, "-", "_" and ".", with an optional DNS prefix and "/"',
    },
  );

const labelValue = z.string().regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/, {
  error: 'must be a Kubernetes label value: at most 63 letters, digits, "-", "_" and "."',
});

/** Text for people; characters are counted as JSON Schema and Kubernetes count them, by code point. */
export function text(most: number): z.ZodString {
  return z
    .string()
    .min(1)
    .refine((value) => [...value].length <= most, { error: `must have at most ${most} characters` })
    .meta({ maxLength: most });
}

/** metadata as Kubernetes has it; only the name means something to Tenantry. */
export const metadata = z
  .strictObject({
    name: documentName.describe('Name of the document, unique among its kind in a stack.'),
    namespace: documentName
      .optional()
      .describe('Kubernetes namespace of the custom resource; means nothing in a file.'),
    labels: z.record(qualifiedName, labelValue).optional().describe('Labels; Tenantry ignores them.'),
    annotations: z
      .record(qualifiedName, z.string())
      .optional()
      .describe('Annotations; Tenantry ignores them.'),
  })
  .describe('Name and labels of the document.');

/** An id that Airbyte gave. */
export const objectId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, {
    error: 'must be an id of Airbyte: a UUID in lower-case letters',
  })
  .meta({ maxLength: 36, tokensUnchecked: true });

export type DeletionPolicy = 'Retain' | 'Delete';

export function deletionPolicy(
  fallback: DeletionPolicy,
  what: string,
): z.ZodDefault<z.ZodEnum<{ Retain: 'Retain'; Delete: 'Delete' }>> {
  return z
    .enum(['Retain', 'Delete'])
    .default(fallback)
    .describe(`What happens to ${what} when the document goes. Default ${fallback}.`);
}

export type ManagementPolicy = 'Manage' | 'Observe';

export function managementPolicy(
  what: string,
): z.ZodDefault<z.ZodEnum<{ Manage: 'Manage'; Observe: 'Observe' }>> {
  return z
    .enum(['Manage', 'Observe'])
    .default('Manage')
    .describe(
      `Manage: ${what} is made as the document says. Observe: what would be changed is told, and nothing is changed. Default Manage.`,
    );
}

export function suspend(what: string): z.ZodDefault<z.ZodBoolean> {
  return z.boolean().default(false).describe(`Pauses ${what}; data stay. Default false.`);
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Nine digits keep every sum far inside 64 bits, so that the API server can add it up too. */
const DURATION_PATTERN = /^(?:[0-9]{1,9}[smhd])+$/;
const DURATION_CHARACTERS = 40;

/** Seconds as people write them, in the largest unit that holds them exactly: `90d`, `36h`, `45s`. */
export function formatDuration(seconds: number): string {
  const units = Object.entries(UNIT_SECONDS).toReversed();
  const [unit, size] = units.find(([, length]) => seconds % length === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}

/** Seconds of a duration such as `90d`, `1h30m` or `45s`; undefined when it is none. */
export function durationSeconds(value: string): number | undefined {
  if (!DURATION_PATTERN.test(value)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of value.matchAll(/(\d+)([smhd])/g)) {
    seconds += Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  }
  return seconds;
}

/** The least value of a duration for the API server, which has no days of its own. */
function durationCel(least: string): string {
  const count = (unit: string) => `x.endsWith('${unit}')`;
  const factor = `(${count('s')} ? 1 : ${count('m')} ? 60 : ${count('h')} ? 3600 : 86400)`;
  const found = "self.findAll('[0-9]{1,9}[smhd]')";
  const sum = `${found}.map(x, int(x.substring(0, x.size() - 1)) * ${factor}).sum()`;
  // What is no duration at all is told by the rule before this one.
  return `${found}.size() == 0 || ${sum} >= ${durationSeconds(least)}`;
}

/** A duration field in d, h, m and s with a least value. */
export function duration(least: string): z.ZodString {
  const floor = durationSeconds(least) ?? 0;
  return z
    .string()
    .max(DURATION_CHARACTERS, { error: `must have at most ${DURATION_CHARACTERS} characters` })
    .regex(DURATION_PATTERN, { error: 'must be a duration such as 90d, 12h or 30m' })
    .refine((value) => (durationSeconds(value) ?? floor) >= floor, { error: `must be at least ${least}` })
    .meta({
      cel: [{ rule: durationCel(least), message: `must be at least ${least}` }],
      tokensUnchecked: true,
    });
}
