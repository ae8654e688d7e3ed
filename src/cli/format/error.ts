/** Errors for people and as JSON: what happened, where, and what to do next. */
import { asTenantryError, InvalidDocumentsError, type Problem, type TenantryError } from '../../errors.ts';
import type { Hint } from '../hints.ts';

/** One line per mistake, `file:line:column: message`, as editors and CI annotations read it. */
export function formatProblem({ file, line, column, path, message, hint }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = path ? `${path}: ` : '';
  return `${place ? `${place}: ` : ''}${where}${message}${hint ? `\n    → ${hint}` : ''}`;
}

export function formatError(error: unknown, hint: Hint = (text) => text): string {
  return eachError(error)
    .map((failure) => formatOne(failure, hint))
    .join('');
}

function formatOne(failure: TenantryError, hint: Hint): string {
  if (failure instanceof InvalidDocumentsError) {
    const lines = failure.problems.map(formatProblem);
    return `${lines.join('\n')}\n\n${failure.code}: ${failure.message}; nothing was applied\n  → ${hint(failure.hint)}\n`;
  }
  const stack =
    failure.code === 'Internal' && failure.cause instanceof Error ? `\n${failure.cause.stack ?? ''}` : '';
  return `${failure.code}: ${listed(failure)}\n  → ${hint(failure.hint)}${stack}\n`;
}

/** Several missing settings are a list and not one long line. */
function listed({ code, message }: TenantryError): string {
  const parts = code === 'MissingSetting' ? message.split(/; (?=spec\.)/) : [message];
  return parts.length === 1 ? message : `\n${parts.map((part) => `  ${part}`).join('\n')}`;
}

export function errorJson(error: unknown, hint: Hint = (text) => text): Record<string, unknown> {
  const errors = eachError(error).map((failure) => ({
    code: failure.code,
    message: failure.message,
    hint: hint(failure.hint),
    retryable: failure.retryable,
    ...(failure instanceof InvalidDocumentsError ? { problems: failure.problems } : {}),
  }));
  return { ok: false, error: errors[0], ...(errors.length > 1 ? { errors } : {}) };
}

/** Several systems that failed, each once. */
function eachError(error: unknown): TenantryError[] {
  if (!(error instanceof AggregateError)) return [asTenantryError(error)];
  const errors = error.errors.map(asTenantryError);
  const seen = new Set<string>();
  return errors.filter(({ code, message }) => {
    const text = `${code} ${message}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
