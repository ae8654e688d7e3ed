/** Errors as `pulumi` shows them: message and next step, without a stack of calls. */
import * as pulumi from '@pulumi/pulumi';
import { formatError } from '../cli/format/error.ts';
import type { Hint } from '../cli/hints.ts';
import { TenantryError } from '../errors.ts';

/** How Pulumi tells that a function of our provider failed. */
const OF_PROVIDER = /^invocation of tenantry:index:\w+ returned an error: /;

/** An error of ours or of our provider for people; any other, e.g. one of Pulumi's own, as it is. */
export function readable(error: unknown, hint?: Hint): unknown {
  if (error instanceof TenantryError) return new pulumi.RunError(formatError(error, hint).trimEnd());
  const told = error instanceof Error && OF_PROVIDER.test(error.message);
  return told ? new pulumi.RunError(error.message.replace(OF_PROVIDER, '')) : error;
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
