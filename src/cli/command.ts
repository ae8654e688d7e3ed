/** What all commands share: the options for a stack, and how an error becomes text, JSON and an exit code. */
import { Command, Option } from 'commander';
import { errorJson, formatError } from './format/error.ts';
import type { Io } from './io.ts';
import type { StackOptions } from './session.ts';

/** 0: as wanted; 2: there are changes (plan, status); 1: something failed. */
export type ExitCode = 0 | 1 | 2;

/** Takes the exit code of a command; the process ends with it. */
export type SetExit = (code: ExitCode) => void;

export interface CommandContext {
  readonly io: Io;
  readonly exit: SetExit;
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'text for people, json for programs (one document on stdout)')
    .choices(['text', 'json'])
    .default('text');
}

/** A command on a stack. */
export function stackCommand(name: string, summary: string, description: string): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .option(
      '-s, --stack <name>',
      'name of a folder under stacks/, or any folder (TENANTRY_STACK; default: dev)',
    )
    .option('-e, --env-file <file>', 'file of NAME=value lines, read before the environment is used')
    .addOption(outputOption());
}

export function tenantOption(): Option {
  return new Option('-t, --tenant <name...>', 'only these tenants');
}

/** Runs a command's work; an error is reported in the asked form and gives exit code 1. */
export async function report(
  context: CommandContext,
  output: StackOptions['output'],
  work: () => Promise<ExitCode>,
): Promise<void> {
  const { io, exit } = context;
  try {
    exit(await work());
  } catch (error) {
    if (output === 'json') io.out(`${JSON.stringify(errorJson(error), null, 2)}\n`);
    else io.err(formatError(error));
    exit(1);
  }
}

/** One JSON document on stdout. */
export function writeJson(io: Io, document: unknown): void {
  io.out(`${JSON.stringify(document, null, 2)}\n`);
}
