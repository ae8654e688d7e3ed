/** What went wrong on the way to a service, as an error with a code; no message of a library reaches the caller. */
import { TenantryError } from '../../errors.ts';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
const CLOSING = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** @param host as the caller knows it */
export function upstreamFailure(error: unknown, host: string): TenantryError {
  const own = ownError(error);
  if (own !== undefined) return own;
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) return new TenantryError('UpstreamTimeout', `${host} did not answer in time`);
  if (CLOSING.has(code)) return new TenantryError('ShuttingDown', 'this replica is shutting down');
  const why = code === '' ? '' : ` (${code})`;
  return new TenantryError('UpstreamUnreachable', `no answer from ${host}${why}`, { cause: error });
}

/** An error of ours that a library carries, by itself or as a cause. */
function ownError(error: unknown): TenantryError | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if (each instanceof TenantryError) return each;
  }
  return undefined;
}

function codeOf(error: unknown): string {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    const { code } = each as { code?: unknown };
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  }
  return '';
}
