/** Errors as `pulumi` shows them: message and next step, without a stack of calls. */
import * as pulumi from '@pulumi/pulumi';
import { formatError } from '../cli/format/error.ts';
import type { Hint } from '../cli/hints.ts';
import { type ErrorCode, TenantryError } from '../errors.ts';

/** How Pulumi tells that a function of our provider failed. */
const OF_PROVIDER = /^invocation of tenantry:index:\w+ returned an error: /;

/** Next steps that the registry words for the command line, which has options that Pulumi has not. */
const IN_PULUMI: Partial<Record<ErrorCode, string>> = {
  StackNotFound:
    'make that folder, with platform.yaml and tenants/, or name another: `pulumi config set tenantry:stack <name or folder>`',
  MissingSetting:
    'set it in the Platform document, the arguments or the environment (with `npm start` running: set -a; . .tenantry/dev.env; set +a)',
};

/** Where there are arguments and no documents. */
const IN_PROGRAM: typeof IN_PULUMI = {
  ...IN_PULUMI,
  InvalidDocument: 'correct the arguments that are named above; they are the spec of the documents',
};

function inWordsOf(hints: typeof IN_PULUMI): Hint {
  const byText = new Map(
    Object.entries(hints).map(([code, hint]) => [new TenantryError(code as ErrorCode, '').hint, hint]),
  );
  return (text) => byText.get(text) ?? text;
}

const inPulumi = inWordsOf(IN_PULUMI);
const inProgram = inWordsOf(IN_PROGRAM);

/**
 * An error of ours or of our provider for people; any other, e.g. one of Pulumi's own, as it is.
 * @param hint completes the commands of hints, where there are documents that these look at
 */
export function readable(error: unknown, hint?: Hint): unknown {
  if (error instanceof TenantryError) {
    const words: Hint = hint ? (text) => hint(inPulumi(text)) : inProgram;
    return runError(formatError(error, words).trimEnd());
  }
  const told = error instanceof Error && OF_PROVIDER.test(error.message);
  return told ? runError(error.message.replace(OF_PROVIDER, '')) : error;
}

/** Pulumi writes names of properties in front of the message, one for each resource that waits for it: ours stays. */
function runError(message: string): pulumi.RunError {
  // The stack is what Pulumi shows of an error that comes when the program itself has ended.
  return Object.defineProperties(new pulumi.RunError(message), {
    message: { get: () => message, set: () => undefined },
    stack: { value: message, writable: true },
  });
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

/**
 * In a stack the program waits for the work; in a program of one's own nobody does. A rejection that nobody hears of
 * ends well for Pulumi, which then removes what was not registered.
 */
export function failTheRun(work: Promise<unknown>): void {
  void work.then();
}
