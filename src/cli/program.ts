/** The `tenantry` program: all commands, and how wrong usage ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { applyCommand } from './apply.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { credentialsCommand } from './credentials.ts';
import { destroyCommand } from './destroy.ts';
import { devCommand } from './dev.ts';
import { doctorCommand } from './doctor.ts';
import type { Io } from './io.ts';
import { planCommand } from './plan.ts';
import { schemaCommand } from './schema.ts';
import { statusCommand } from './status.ts';
import { validateCommand } from './validate.ts';

/** Version of the package; src/cli and dist/cli both lie two levels below its root. */
export function packageVersion(): string {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Runs one command line. Never throws and never ends the process. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const context: CommandContext = {
    io,
    exit: (next) => {
      code = next;
    },
  };
  const program = new Command('tenantry')
    .description(
      'Connects your customers to third-party services: YAML in git becomes Vault, Postgres and Airbyte.',
    )
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(add --help for more)')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nStart here:\n  tenantry dev --stack dev      everything on this machine, nothing to install\n  tenantry validate             check your documents\n  tenantry plan                 see what would change',
    );
  const commands = [
    validateCommand,
    planCommand,
    applyCommand,
    statusCommand,
    destroyCommand,
    credentialsCommand,
    doctorCommand,
    schemaCommand,
    devCommand,
  ];
  for (const make of commands) program.addCommand(make(context));
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 1;
  }
  return code;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
