import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { matches } from '../../src/spec/cel.ts';
import { inputSchema } from '../../src/spec/json-schema.ts';
import { looksLikeSecret, TOKEN_NAME_PATTERN, TOKEN_PATTERN } from '../../src/spec/literal-secrets.ts';
import { secretRef } from '../../src/spec/secret-ref.ts';
import { structural } from '../../src/spec/structural-schema.ts';

const definition = (schema: z.ZodType) => structural(inputSchema(schema, { kubernetes: true }));

interface Made {
  readonly properties: Readonly<Record<string, Record<string, unknown>>>;
  readonly 'x-kubernetes-validations'?: readonly { rule: string; message: string; fieldPath?: string }[];
}

describe('a rule of the API server', () => {
  it('stands in place of each pattern, in the same words', () => {
    const made = definition(
      z.strictObject({
        a: z
          .string()
          .regex(/^a\/b$/, { error: 'must be a/b' })
          .meta({ tokensUnchecked: true }),
      }),
    ) as unknown as Made;
    expect(made.properties['a']).toEqual({
      type: 'string',
      'x-kubernetes-validations': [{ rule: "self.matches(r'^a/b$')", message: 'must be a/b' }],
    });
  });

  it('that must not show its value stands at the mapping around the field, also under a reserved name', () => {
    const made = definition(
      z.strictObject({ namespace: secretRef.optional(), list: z.array(z.string()).max(2).optional() }),
    ) as unknown as Made;
    expect(made.properties['namespace']).not.toHaveProperty('x-kubernetes-validations');
    expect(made.properties['namespace']).not.toHaveProperty('pattern');
    const rules = made['x-kubernetes-validations'] ?? [];
    expect(rules.map(({ fieldPath, rule }) => [fieldPath, rule.slice(0, 60)])).toEqual([
      ['.namespace', expect.stringContaining('!has(self.__namespace__) || self.__namespace__.matches(')],
      ['.list', expect.stringContaining('!has(self.list) || self.list.all(item, !item.matches(')],
    ]);
  });

  it('is not made of what would be lost or broken in it', () => {
    expect(() => definition(z.string().regex(/x/))).toThrow('has no words of its own');
    expect(() => matches("a'b")).toThrow('holds a quote');
    const meta = { cel: [{ rule: 'self.size() > 1', message: 'm', withheld: true }], tokensUnchecked: true };
    expect(() => definition(z.strictObject({ a: z.string().meta(meta) }))).toThrow(
      'must be one self.matches',
    );
    expect(TOKEN_PATTERN).not.toContain("'");
  });

  it('about names finds the same tokens as the rule about text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'xoxb-',
        'xapp-1-',
        'glpat-',
        'pat-na1-',
        'pat-eu1-',
        'sk-ant-',
        'sk-proj-',
        'ghp',
        'a-',
        '-',
      ),
      fc.stringMatching(/^[a-z0-9-]{0,20}$/),
    );
    let found = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const name = pieces.join('');
        const is = looksLikeSecret(name);
        if (is) found += 1;
        expect(new RegExp(TOKEN_NAME_PATTERN).test(name)).toBe(is);
      }),
      { numRuns: 2000 },
    );
    expect(found).toBeGreaterThan(100);
  });
});
