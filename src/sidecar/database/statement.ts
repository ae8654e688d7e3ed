/** Waits for the end of a statement, but not for a network that has swallowed it. */
import { TenantryError } from '../../errors.ts';

/** For the server to end a cancelled statement, in milliseconds. */
const CANCEL_MS = 1_000;

/** Whoever cancels hears of the statement's end, unless nothing comes back any more. @throws Cancelled then */
export async function statementEnd<T>(statement: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await statement;
  // Its end may come after we have stopped waiting; it must not end the process.
  statement.catch(() => undefined);
  const given = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    timer = setTimeout(
      () => given.reject(new TenantryError('Cancelled', 'stopped before the end of a statement')),
      CANCEL_MS,
    );
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([statement, given.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
