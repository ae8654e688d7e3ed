/** Fields that several kinds of documents share. */
import { z } from 'zod';
import { documentName } from './names.ts';

/** metadata as Kubernetes has it; only the name means something to Tenantry. */
export const metadata = z
  .strictObject({
    name: documentName.describe('Name of the document, unique among its kind in a stack.'),
    labels: z.record(z.string(), z.string()).optional().describe('Labels; Tenantry ignores them.'),
    annotations: z.record(z.string(), z.string()).optional().describe('Annotations; Tenantry ignores them.'),
  })
  .describe('Name and labels of the document.');

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

export function suspend(what: string): z.ZodDefault<z.ZodBoolean> {
  return z.boolean().default(false).describe(`Pauses ${what}; data stay. Default false.`);
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of a duration such as `90d`, `1h30m` or `45s`; undefined when it is none. */
export function durationSeconds(text: string): number | undefined {
  if (!/^(\d+[smhd])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) {
    seconds += Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  }
  return seconds;
}

/** A duration field in d, h, m and s with a least value. */
export function duration(least: string): z.ZodString {
  const floor = durationSeconds(least) ?? 0;
  return z
    .string()
    .regex(/^(\d+[smhd])+$/, { error: 'must be a duration such as 90d, 12h or 30m' })
    .refine((text) => (durationSeconds(text) ?? floor) >= floor, { error: `must be at least ${least}` });
}
