/** The program that `pulumi up` runs: the documents of a stack become resources of Pulumi. */
import * as pulumi from '@pulumi/pulumi';
import { runStack, type StackOutputs } from './run.ts';

/**
 * Pulumi maps the stack trace of every promise to sources that a program may have been compiled from. This one is run as it
 * is written, and the mapping was a third of what it did.
 */
function leaveTracesAsTheyAre(): void {
  delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
}

/** Pulumi runs a program in the folder that it stands in; the documents are below that of Pulumi.yaml. */
export default async (): Promise<StackOutputs> => {
  leaveTracesAsTheyAre();
  return runStack(pulumi.getRootDirectory());
};
