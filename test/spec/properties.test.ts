import { Ajv2020 } from 'ajv/dist/2020.js';
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { schemaFiles } from '../../src/spec/json-schema.ts';
import { KINDS, type Kind } from '../../src/spec/load.ts';
import { schedule } from '../../src/spec/schedule.ts';
import { parseDocuments, validate } from '../../src/spec/yaml.ts';
import { integrations, mutated, platforms, schedules, tenants } from './families.ts';

const FAMILIES = [
  ['Tenant', 'tenant', tenants],
  ['TenantIntegration', 'tenant-integration', integrations],
  ['Platform', 'platform', platforms],
] as const;

const ajv = new Ajv2020({ strict: true, allErrors: true });
for (const { text } of schemaFiles()) ajv.addSchema(JSON.parse(text));
const byJsonSchema = (name: string, document: unknown): boolean =>
  ajv.validate(`https://tenantry.dev/schema/v1alpha1/${name}.schema.json`, document);

/** What only `tenantry validate` and the API server's own rules know; JSON Schema has no words for it. */
const BEYOND_JSON_SCHEMA =
  /must be at least 1h|has a range that runs backwards|must be "manual" or a cron|name each stream once/;

function issuesOf(kind: Kind, document: unknown): string[] {
  const result = KINDS[kind].safeParse(document);
  return result.success ? [] : result.error.issues.map((issue) => issue.message);
}

describe.each(FAMILIES)('%s', (kind, name, family) => {
  it('is given back by loading what was printed', () => {
    fc.assert(
      fc.property(family, (document) => {
        const { documents, problems } = parseDocuments('t.yaml', stringify(document));
        expect(problems).toEqual([]);
        expect(documents[0]?.value).toEqual(document);
        const valid = validate(KINDS[kind], documents[0] as NonNullable<(typeof documents)[0]>);
        expect(valid).toMatchObject({ ok: true });
        // A second time nothing changes: what the schema gives is itself a document.
        const value = valid.ok ? valid.value : undefined;
        expect(KINDS[kind].parse(value)).toEqual(value);
      }),
    );
  });

  it('has the same verdict from the JSON Schema, alone and in the schema of all kinds', () => {
    let refused = 0;
    const check = fc.property(fc.oneof(family, mutated(family)), (document) => {
      const issues = issuesOf(kind, document);
      const own = byJsonSchema(name, document);
      if (issues.length > 0) refused += 1;
      if (issues.length === 0) expect(ajv.errors ?? []).toEqual([]);
      if (issues.length > 0 && own) expect(issues.join()).toMatch(BEYOND_JSON_SCHEMA);
      if ((document as { kind?: unknown }).kind === kind)
        expect(byJsonSchema('tenantry', document)).toBe(own);
    });
    fc.assert(check, { numRuns: 1500 });
    expect(refused).toBeGreaterThan(100);
  });

  it('puts every mistake inside the file, at a line that is there', () => {
    fc.assert(
      fc.property(mutated(family), (document) => {
        const text = stringify(document);
        const [parsed] = parseDocuments('t.yaml', text).documents;
        if (parsed === undefined) return;
        const valid = validate(KINDS[kind], parsed);
        const lines = text.split('\n');
        for (const { line = 0, column = 0, path = '' } of valid.ok ? [] : valid.problems) {
          expect(path).not.toBe('');
          expect(column).toBeGreaterThan(0);
          expect(lines[line - 1]?.length ?? -1).toBeGreaterThanOrEqual(column - 1);
        }
      }),
    );
  });
});

describe('schedules', () => {
  it('are accepted exactly when the cron parser and Quartz can run them', () => {
    fc.assert(
      fc.property(schedules, (text) => {
        expect(schedule.safeParse(text).success).toBe(true);
        expect(() => new Cron(text, { paused: true, timezone: 'UTC' })).not.toThrow();
      }),
    );
    const refused = [
      '@daily',
      '* * * *',
      '* * * * * *',
      '60 * * * *',
      '* 24 * * *',
      '* * 0 * *',
      '* * 32 * *',
      '* * * 13 *',
      '* * * * 8',
      '*/0 * * * *',
      '5/15 * * * *',
      '0 0 1 * MON',
      '0 0 * * FRI-MON',
      '0 20-8 * * *',
      '0 0 L * *',
      ' 0 0 * * *',
      'Manual',
    ];
    expect(refused.filter((text) => schedule.safeParse(text).success)).toEqual([]);
  });
});

describe('parsing', () => {
  it('never throws and never leaves the file, whatever the text is', () => {
    const pieces = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '"',
      "'",
      '{',
      '}',
      '[',
      ',',
      '&x ',
      '*x',
      '!',
      '|',
      '%',
      '\t',
      '---\n',
      '#',
      '<<: ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const { documents, problems } = parseDocuments('t.yaml', text);
        const places = [...problems, ...documents.map((document) => document.position(['a', 0, 'b']))];
        const lines = text.split('\n').length;
        for (const { line = 0 } of places) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
