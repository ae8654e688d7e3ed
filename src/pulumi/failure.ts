/** Errors as `pulumi` shows them: message and next step, without a stack of calls. */
import * as pulumi from '@pulumi/pulumi';
import { formatError } from '../cli/format/error.ts';
import type { Hint } from '../cli/hints.ts';
import { TenantryError } from '../errors.ts';

/** An error of ours for people; any other, e.g. one of Pulumi's own, as it is. */
export function readable(error: unknown, hint?: Hint): unknown {
  return error instanceof TenantryError ? new pulumi.RunError(formatError(error, hint).trimEnd()) : error;
}

/** Runs work whose errors a person shall read. */
export function orReadable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw readable(error);
  }
}

/** Keeps the program alive until the work is done: Pulumi ends it when no call is under way. */
export async function aliveUntil<T>(work: Promise<T>): Promise<T> {
  const done = pulumi.runtime.rpcKeepAlive();
  try {
    return await work;
  } catch (error) {
    throw readable(error);
  } finally {
    done();
  }
}
