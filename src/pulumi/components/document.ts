/** Arguments of components as the documents that they are, checked by the rules that files are checked by. */
import type { z } from 'zod';
import { InvalidDocumentsError } from '../../errors.ts';
import type { Loaded } from '../../spec/documents.ts';
import { API_VERSION } from '../../spec/fields.ts';
import { validate } from '../../spec/validate.ts';

/**
 * The document of a component.
 * @throws InvalidDocumentsError with every mistake and its path
 */
export function documentOf<S extends z.ZodType<object>>(
  schema: S,
  kind: 'Platform' | 'Tenant' | 'TenantIntegration',
  { name, spec }: { readonly name: string; readonly spec: object },
): Loaded<z.output<S>> {
  const source = { file: `${kind} ${name}`, line: 0 };
  const value = { apiVersion: API_VERSION, kind, metadata: { name }, spec: given(spec) };
  const position = () => ({ line: 0, column: 0 });
  const result = validate(schema, { file: source.file, line: 0, value, position });
  if (!result.ok) throw new InvalidDocumentsError(result.problems.map((problem) => withoutLine(problem)));
  return { ...result.value, source };
}

/** What a program leaves undefined is not there. */
function given(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(given);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, given(item)]));
}

/** An argument has no line. */
export function withoutLine<P extends { readonly line?: number; readonly column?: number }>({
  line: _line,
  column: _column,
  ...problem
}: P): Omit<P, 'line' | 'column'> {
  return problem;
}
