/** The program that `pulumi up` runs: the documents of a stack become resources of Pulumi. */
import * as pulumi from '@pulumi/pulumi';
import { runStack, type StackOutputs } from './run.ts';

/** Pulumi runs a program in the folder that it stands in; the documents are below that of Pulumi.yaml. */
export default async (): Promise<StackOutputs> => runStack(pulumi.getRootDirectory());
