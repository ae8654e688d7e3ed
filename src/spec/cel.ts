/** Rules of the API server (Common Expression Language) made from the same checks and words as our own messages. */
import type { core } from 'zod';
import type { CelRule } from './fields.ts';
import { TOKEN_NAME_PATTERN, TOKEN_PATTERN } from './literal-secrets.ts';
import { SECRET_HOW } from './secret-ref.ts';

/**
 * What stands in the meta of a field for the API server alone.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
export interface FieldMeta {
  /** Rules beyond the field's patterns. */
  readonly cel?: readonly CelRule[];
  /** Keywords that only a CustomResourceDefinition has, e.g. `x-kubernetes-list-type`. */
  readonly structural?: Readonly<Record<string, unknown>>;
  /** The field's pattern lets no token through, or what a look at each would cost is over the API server's limit. */
  readonly tokensUnchecked?: boolean;
  /** The field holds a reference to a secret, or by mistake the secret itself. */
  readonly secret?: boolean;
}

const NO_TOKEN: CelRule = {
  withheld: true,
  rule: `!self.matches(r'${TOKEN_PATTERN}')`,
  message: `this looks like a token or key; a literal secret is not allowed in a document; ${SECRET_HOW}`,
};

/** The same for the name, which a definition can look at from the top of the document only. */
export const NAME_IS_NO_TOKEN: CelRule = {
  rule: `!self.metadata.name.matches(r'${TOKEN_NAME_PATTERN}')`,
  message: 'metadata.name looks like a token or key; choose another name',
};

/**
 * All rules of a text field: one for each pattern that has words of its own, then the field's own, then that it is no
 * token.
 */
export function rulesOf(schema: core.$ZodTypes, meta: FieldMeta): CelRule[] {
  const own = meta.cel ?? [];
  const { def } = schema._zod;
  if (def.type !== 'string') return [...own];
  // A field may put a stricter rule in the place of its pattern, under the same words.
  const said = new Set(own.map(({ message }) => message));
  const patterns = patternRules(def.checks ?? [])
    .filter(({ message }) => !said.has(message))
    .map((rule) => (meta.secret === true ? { ...rule, withheld: true } : rule));
  const unchecked = meta.tokensUnchecked === true || meta.secret === true;
  return [...patterns, ...own, ...(unchecked ? [] : [NO_TOKEN])];
}

function patternRules(checks: readonly core.$ZodCheck<never>[]): CelRule[] {
  return checks.flatMap((check) => {
    const { format, pattern, error } = check._zod.def as Partial<core.$ZodCheckRegexDef>;
    if (format !== 'regex' || pattern === undefined) return [];
    const message = error?.({ code: 'invalid_format', path: [], input: undefined } as never);
    if (typeof message !== 'string') throw new Error(`the pattern ${pattern.source} has no words of its own`);
    return [{ rule: matches(pattern.source), message }];
  });
}

/** @throws Error for a pattern with a quote, which would end the raw string that holds it */
export function matches(source: string): string {
  if (source.includes("'")) throw new Error(`the pattern ${source} holds a quote`);
  // RE2 needs no escape for "/".
  return `self.matches(r'${source.replaceAll('\\/', '/')}')`;
}
