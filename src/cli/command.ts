/** What all commands share: the options for a stack, and how an error becomes text, JSON and an exit code. */
import { Command, Option } from 'commander';
import { withDocumentsOptions } from './documents-option.ts';
import { errorJson, formatError } from './format/error.ts';
import { completeHints } from './hints.ts';
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

export interface CommandTexts {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What it does, for `--help`: one line for each paragraph, which is wrapped to the terminal. */
  readonly description: string;
  /** Command lines. */
  readonly examples: readonly string[];
}

/** A command with its texts. */
export function newCommand(name: string, { summary, description, examples }: CommandTexts): Command {
  return new Command(name)
    .summary(summary)
    .description(description)
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/** A command on a stack. */
export function stackCommand(name: string, texts: CommandTexts): Command {
  return newCommand(name, texts)
    .option(
      '-s, --stack <name>',
      'name of a folder under stacks/, or any folder (default: TENANTRY_STACK, else dev)',
    )
    .option('-e, --env-file <file>', 'file of NAME=value lines; they win over the environment')
    .addOption(outputOption());
}

/** A command on a stack whose tenants may be custom resources. */
export function documentsCommand(name: string, texts: CommandTexts): Command {
  return withDocumentsOptions(stackCommand(name, texts));
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'text for people, json for programs (one document on stdout)')
    .choices(['text', 'json'])
    .default('text');
}

export function tenantOption(): Option {
  return new Option('-t, --tenant <name...>', 'only these tenants');
}

/** Runs a command's work; an error is reported in the asked form and gives exit code 1. */
export async function report(
  context: CommandContext,
  options: Pick<StackOptions, 'output'> & Partial<StackOptions>,
  work: () => Promise<ExitCode>,
): Promise<void> {
  const { io, exit } = context;
  try {
    exit(await work());
  } catch (error) {
    const hint = completeHints(options);
    if (options.output === 'json') writeJson(io, errorJson(error, hint));
    else io.err(formatError(error, hint));
    exit(1);
  }
}

/** One JSON document on stdout. */
export function writeJson(io: Pick<Io, 'out'>, document: unknown): void {
  io.out(`${JSON.stringify(document, null, 2)}\n`);
}
