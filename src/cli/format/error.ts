/** Errors for people and as JSON: what happened, where, and what to do next. */
import { asTenantryError, InvalidDocumentsError, type Problem, type TenantryError } from '../../errors.ts';

/** One line per mistake, `file:line:column: message`, as editors and CI annotations read it. */
export function formatProblem({ file, line, column, path, message, hint }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = path ? `${path}: ` : '';
  return `${place ? `${place}: ` : ''}${where}${message}${hint ? `\n    → ${hint}` : ''}`;
}

export function formatError(error: unknown): string {
  return eachError(error).map(formatOne).join('');
}

function formatOne(failure: TenantryError): string {
  if (failure instanceof InvalidDocumentsError) {
    const lines = failure.problems.map(formatProblem);
    return `${lines.join('\n')}\n\n${failure.code}: ${failure.message}; nothing was applied\n  → ${failure.hint}\n`;
  }
  const stack =
    failure.code === 'Internal' && failure.cause instanceof Error ? `\n${failure.cause.stack ?? ''}` : '';
  return `${failure.code}: ${failure.message}\n  → ${failure.hint}${stack}\n`;
}

export function errorJson(error: unknown): Record<string, unknown> {
  const errors = eachError(error).map((failure) => ({
    code: failure.code,
    message: failure.message,
    hint: failure.hint,
    retryable: failure.retryable,
    ...(failure instanceof InvalidDocumentsError ? { problems: failure.problems } : {}),
  }));
  return { error: errors[0], ...(errors.length > 1 ? { errors } : {}) };
}

function eachError(error: unknown): TenantryError[] {
  if (error instanceof AggregateError) return error.errors.map(asTenantryError);
  return [asTenantryError(error)];
}
