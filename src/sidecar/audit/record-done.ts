/** The record of a change that is done already. */
import { asTenantryError } from '../../errors.ts';
import type { Access, AccessLog } from './access-log.ts';

interface Records {
  readonly accessLog: Pick<AccessLog, 'record'>;
  readonly log: { error(facts: object, message: string): void };
}

/**
 * It cannot be taken back: where it is not recorded, the log alone tells of it.
 * @param otherwise what the log says then
 */
export async function recordDone(
  { accessLog, log }: Records,
  done: Pick<Access, 'tenant' | 'integration' | 'action' | 'detail'>,
  { id: actor, requestId }: { readonly id: string; readonly requestId?: string },
  otherwise: string,
): Promise<void> {
  const { tenant, integration } = done;
  await accessLog
    .record({ ...done, actor, outcome: 'ok', ...(requestId !== undefined && { requestId }) })
    .catch((error: unknown) => {
      log.error({ tenant, integration, actor, err: asTenantryError(error) }, otherwise);
    });
}
